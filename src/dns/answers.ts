import type { Draft } from './draft.ts';
import { type Layout, Layouts, noLayout, recordHeadOctets } from './layout.ts';
import type { NameWords } from './name-words.ts';
import { encodeOpt, optFlagsOffset } from './opt.ts';
import { assemble, cut } from './packet.ts';
import { firstWord, noPage, Pages, roomLines, wholeWords, wordOctets } from './pages.ts';
import type { Query } from './query.ts';
import { ReplyBuffers } from './reply-buffers.ts';
import type { Shuffle } from './shuffle.ts';
import { flag, headerOctets } from './wire.ts';

/** One answer, compiled, as the number of the room that holds it. */
export type Answer = number;

/** The question an answer is compiled for. */
export interface CompiledFor {
  readonly hash: number;
  /** A type of `wire.ts`, or 0 where one empty answer serves all others. */
  readonly type: number;
  readonly group: number;
  /** The question section, and its name in lower case. */
  readonly question: Uint8Array;
  readonly name: string;
}

/** What few answers have. */
interface Special {
  /** Local containers that get an answer of their own. */
  readonly hidden: ReadonlySet<string> | undefined;
  /** The foreign name that the answer ends at. */
  readonly elsewhere: string | undefined;
  /** Whose turn it is, turn by turn, where turns are not equal. */
  readonly firsts: Uint16Array | undefined;
}

// A room starts with these words; behind them lie the reply without OPT, its OPT record, and, where a reply does not show
// all of them, the addresses that take turns. So all that a question looks at lies side by side.
const hashWord = 0;
const groupWord = 1;
/** The type in the lower eight bits, the layout above them. */
const typeWord = 2;
const turnWord = 3;
const stateWord = 4;
const linesWord = 5;
const headWords = 6;
const layoutShift = 8;
const typeMask = (1 << layoutShift) - 1;

/** Compiled answers: whole replies that a question only has to be written into. */
export class Answers {
  /** What replies are written into. */
  readonly buffers = new ReplyBuffers();
  private readonly pages = new Pages();
  private readonly layouts = new Layouts();
  private readonly specials = new Map<Answer, Special>();
  private readonly shuffle: Shuffle;
  private readonly payloadOctets: number;
  private readonly plainOpt: Uint8Array;
  /** The answer that was looked at last: its page, its first word there, and its layout; one question looks several times. */
  private opened: Answer = -1;
  private page = noPage;
  private at = 0;
  private openLayout: Layout = noLayout;

  /** `payloadOctets`: the largest UDP message that we take, for our OPT records. */
  constructor({ shuffle, payloadOctets }: { shuffle: Shuffle; payloadOctets: number }) {
    this.shuffle = shuffle;
    this.payloadOctets = payloadOctets;
    this.plainOpt = encodeOpt({ payloadOctets });
  }

  make(asked: CompiledFor, draft: Draft): Answer {
    const answer = this.write(asked, draft);
    const { addresses, near } = this.layout(answer);
    const turns = this.specials.get(answer)?.firsts?.length ?? near;
    this.set(answer, turnWord, addresses > 1 ? this.shuffle.below(turns) : 0);
    return answer;
  }

  /** Takes over a new draft for the same question; turns go on where they were. The answer may move to another room. */
  remake(answer: Answer, asked: CompiledFor, draft: Draft): Answer {
    const turn = this.get(answer, turnWord);
    const moved = this.write(asked, draft, answer);
    this.set(moved, turnWord, turn);
    return moved;
  }

  /** Gives up the answer's room. */
  forget(answer: Answer): void {
    this.specials.delete(answer);
    this.pages.give(answer, this.get(answer, linesWord));
  }

  clear(): void {
    this.specials.clear();
    this.opened = -1;
    this.pages.clear();
  }

  /** Whether it answers this question; the comparison that follows a hit by hash. It then spells its name alike. */
  isFor(answer: Answer, name: NameWords, type: number, group: number): boolean {
    this.open(answer);
    const { at } = this;
    const { words } = this.page;
    if (words[at + groupWord] !== group || ((words[at + typeWord] ?? 0) & typeMask) !== type) return false;
    const first = at + headWords + headerOctets / wordOctets;
    if (name.isSpelledAs(words, first)) return true;
    if (!name.equals(words, first)) return false;
    // RFC 4343 section 4.1 and draft 0x20: the question comes back in the letters it was sent in.
    name.spell(words, first);
    return true;
  }

  hash(answer: Answer): number {
    return this.get(answer, hashWord);
  }

  /** A number of whoever keeps the answer, 0 at first. */
  state(answer: Answer): number {
    return this.get(answer, stateWord);
  }

  setState(answer: Answer, state: number): void {
    this.set(answer, stateWord, state);
  }

  layout(answer: Answer): Layout {
    this.open(answer);
    return this.openLayout;
  }

  /** Whether a local container gets an answer of its own instead. */
  isHiddenFrom(answer: Answer, container: string | undefined): boolean {
    if (container === undefined || !this.layout(answer).special) return false;
    return this.specials.get(answer)?.hidden?.has(container) ?? false;
  }

  /** Whether it ends at a foreign name, so that the rest has to be asked for. */
  endsElsewhere(answer: Answer): boolean {
    return this.layout(answer).special && this.specials.get(answer)?.elsewhere !== undefined;
  }

  /** The reply to a question; its octets are good until the next one, or while a watched queue holds them. */
  reply(answer: Answer, bytes: Uint8Array, query: Query, limit: number, cookie: Uint8Array | undefined): Buffer {
    const layout = this.layout(answer);
    const { plainOctets } = layout;
    const octets = query.hasOpt ? plainOctets + layout.optOctets : plainOctets;
    const reply = this.copy(answer, octets);
    const { nameEnd } = query;
    reply[0] = bytes[0] ?? 0;
    reply[1] = bytes[1] ?? 0;
    reply[2] = (reply[2] ?? 0) | ((bytes[2] ?? 0) & flag.RD);
    reply[3] = (reply[3] ?? 0) | ((bytes[3] ?? 0) & flag.CD);
    // One empty answer serves several types.
    reply[nameEnd] = bytes[nameEnd] ?? 0;
    reply[nameEnd + 1] = bytes[nameEnd + 1] ?? 0;
    if (layout.addresses > 1) this.rotate(answer, layout);
    if (query.hasOpt) {
      // The count has two octets: a service of 255 replicas has as many addresses beside it.
      const additional = (reply[11] ?? 0) + 1;
      reply[11] = additional;
      if (additional > 0xff) reply[10] = (reply[10] ?? 0) + 1;
      if (query.dnssecOk) reply[plainOctets + optFlagsOffset] = 0x80;
    }
    if (cookie === undefined && octets <= limit) return reply;
    return cut(reply, plainOctets, limit, cookie);
  }

  private copy(answer: Answer, octets: number): Buffer {
    const { buffers } = this;
    const reply = buffers.take(octets);
    this.open(answer);
    const from = this.page.words;
    const to = buffers.page.words;
    const first = this.at + headWords;
    const words = wholeWords(octets);
    for (let word = 0; word < words; word++) to[word] = from[first + word] ?? 0;
    return reply;
  }

  /** RFC 1794: whoever's turn it is comes first; all others are shuffled, so that a failed first choice spreads. */
  private rotate(answer: Answer, layout: Layout): void {
    const { near, addresses, shown, addressOctets, firstPlace, stride, tableStride } = layout;
    const first = this.nextFirst(answer, layout);
    const order = shown > 1 ? orderAfter(first, near, addresses, this.shuffle) : firstOnly(first);
    const from = this.page.view;
    const to = this.buffers.page.view;
    const table = (this.at + headWords) * wordOctets + layout.tableAt;
    for (let place = 0; place < shown; place++) {
      const source = table + (order[place] ?? 0) * tableStride;
      const target = firstPlace + place * stride;
      for (let octet = 0; octet < addressOctets; octet += wordOctets)
        to.setInt32(target + octet, from.getInt32(source + octet));
    }
  }

  private nextFirst(answer: Answer, { special, near }: Layout): number {
    const firsts = special ? this.specials.get(answer)?.firsts : undefined;
    const turns = firsts === undefined ? near : firsts.length;
    const next = this.get(answer, turnWord);
    const turn = next < turns ? next : 0;
    this.set(answer, turnWord, turn + 1);
    return firsts === undefined ? turn : (firsts[turn] ?? 0);
  }

  /** Writes an answer into a room, `old` if it is large enough. */
  private write(asked: CompiledFor, draft: Draft, old?: Answer): Answer {
    const { octets: plain, answers, rotationEnd } = assemble(asked.question, asked.name, draft);
    const opt = draft.error ? encodeOpt({ payloadOctets: this.payloadOctets, error: draft.error }) : this.plainOpt;
    const { rotation, hidden, elsewhere } = draft;
    const turning = rotation?.records ?? [];
    const isHidden = hidden !== undefined && hidden.size > 0;
    const special = isHidden || elsewhere !== undefined || rotation?.firsts !== undefined;
    const layout = this.layouts.of({
      plainOctets: plain.length,
      optOctets: opt.length,
      rcode: draft.rcode,
      answers,
      rotation,
      rotationEnd,
      addressOctets: Math.max(0, (turning[0]?.octets.length ?? 0) - recordHeadOctets),
      special,
    });
    const unseen = rotation !== undefined && rotation.shown < turning.length ? turning : [];
    const table = unseen.map(({ octets }) => octets.subarray(recordHeadOctets));
    const answer = this.store([plain, opt, ...table], old);
    this.set(answer, hashWord, asked.hash);
    this.set(answer, groupWord, asked.group);
    this.set(answer, typeWord, asked.type | (layout << layoutShift));
    this.openLayout = this.layouts.at(layout);
    if (special) this.specials.set(answer, { hidden, elsewhere, firsts: rotation?.firsts });
    else this.specials.delete(answer);
    return answer;
  }

  private store(parts: readonly Uint8Array[], old: Answer | undefined): Answer {
    const lines = roomLines(parts.reduce((sum, part) => sum + part.length, headWords * wordOctets));
    const answer = this.room(lines, old);
    const { octets } = this.page;
    let to = (this.at + headWords) * wordOctets;
    for (const part of parts) {
      octets.set(part, to);
      to += part.length;
    }
    return answer;
  }

  private room(lines: number, old: Answer | undefined): Answer {
    if (old !== undefined && this.get(old, linesWord) >= lines) return old;
    if (old !== undefined) this.forget(old);
    const answer = this.pages.take(lines);
    this.set(answer, linesWord, lines);
    this.set(answer, stateWord, 0);
    return answer;
  }

  private get(answer: Answer, word: number): number {
    this.open(answer);
    return this.page.words[this.at + word] ?? 0;
  }

  private set(answer: Answer, word: number, value: number): void {
    this.open(answer);
    this.page.words[this.at + word] = value;
  }

  private open(answer: Answer): void {
    if (answer === this.opened) return;
    this.opened = answer;
    this.page = this.pages.page(answer);
    this.at = firstWord(answer);
    this.openLayout = this.layouts.at((this.page.words[this.at + typeWord] ?? 0) >>> layoutShift);
  }
}

/** Scratch for one order at a time, as large as the largest answer so far. */
let scratch = new Uint16Array(64);

/** The first, then the other near ones in any order, then the far ones in any order. */
function orderAfter(first: number, near: number, addresses: number, shuffle: Shuffle): Uint16Array {
  if (scratch.length < addresses) scratch = new Uint16Array(addresses * 2);
  scratch[0] = first;
  for (let index = 0, place = 1; index < addresses; index++) if (index !== first) scratch[place++] = index;
  shuffle.mix(scratch, 1, near);
  shuffle.mix(scratch, near, addresses);
  return scratch;
}

function firstOnly(first: number): Uint16Array {
  scratch[0] = first;
  return scratch;
}
