import type { Draft } from './draft.ts';
import { type Layout, type Layouts, recordHeadOctets } from './layout.ts';
import type { NameWords } from './name-words.ts';
import { appendCookie, encodeOpt, optFlagsOffset } from './opt.ts';
import { assemble, recordEnds } from './packet.ts';
import { newPage, type Page, type Pages, wholeWords, wordOctets } from './pages.ts';
import type { Query } from './query.ts';
import type { ReplyBuffers } from './reply-buffers.ts';
import type { Shuffle } from './shuffle.ts';
import { flag, headerOctets } from './wire.ts';

/** What all answers of one server share. */
export interface Workshop {
  readonly pages: Pages;
  readonly layouts: Layouts;
  readonly buffers: ReplyBuffers;
  readonly shuffle: Shuffle;
  /** Largest UDP message that we take, for our OPT records. */
  readonly payloadOctets: number;
}

/** The question an answer was compiled for. */
export interface CompiledFor {
  readonly hash: number;
  /** A type of `wire.ts`, or 0 where one empty answer serves all others. */
  readonly type: number;
  readonly group: number;
  /** The question section, and its name in lower case. */
  readonly question: Uint8Array;
  readonly name: string;
}

/**
 * One answer, compiled: a whole reply that a question only has to be written into. Its octets lie in a page: the reply
 * without OPT, its OPT record, and the addresses that take turns.
 */
export class Answer {
  // What every question looks at comes first, so that it lies in one or two lines of the cache.
  readonly type: number;
  readonly group: number;
  private layout: Layout;
  private page: Page;
  private at = 0;
  /** Cleared when what it was made from has changed. */
  current = true;
  /** Local containers that get an answer of their own. */
  hidden: ReadonlySet<string> | undefined;
  /** The foreign name that the answer ends at. */
  elsewhere: string | undefined;
  private turn = 0;
  /** Undefined where all turns are equal. */
  private firsts: Uint16Array | undefined;
  private readonly workshop: Workshop;
  readonly hash: number;
  /** The state of the zone it was made from; only answers that depend on several names look at it. */
  generation = 0;
  private capacity = 0;

  constructor(workshop: Workshop, asked: CompiledFor, draft: Draft) {
    this.type = asked.type;
    this.group = asked.group;
    this.page = noPage;
    this.workshop = workshop;
    this.hash = asked.hash;
    this.layout = this.take(asked, draft);
    this.turn = workshop.shuffle.below(Math.max(1, this.firsts?.length ?? this.layout.near));
  }

  get rcode(): number {
    return this.layout.rcode;
  }

  /** There is such a name, but nothing of this type. */
  get empty(): boolean {
    return this.layout.empty;
  }

  /** Whether it answers this question; the comparison that follows a hit by hash. It then spells its name alike. */
  answers(name: NameWords, type: number, group: number): boolean {
    if (this.type !== type || this.group !== group) return false;
    const { words } = this.page;
    const first = (this.at + headerOctets) / wordOctets;
    if (name.isSpelledAs(words, first)) return true;
    if (!name.equals(words, first)) return false;
    // RFC 4343 section 4.1 and draft 0x20: the question comes back in the letters it was sent in.
    name.spell(words, first);
    return true;
  }

  /** Takes over a new draft for the same question; turns go on where they were. */
  refresh(asked: CompiledFor, draft: Draft): void {
    this.layout = this.take(asked, draft);
  }

  /** The reply to a question; its octets are good until the next one, or while a watched queue holds them. */
  reply(bytes: Uint8Array, query: Query, limit: number, cookie: Uint8Array | undefined): Buffer {
    const { plainOctets, optOctets, addresses } = this.layout;
    const octets = query.hasOpt ? plainOctets + optOctets : plainOctets;
    const reply = this.copy(octets);
    const { nameEnd } = query;
    reply[0] = bytes[0] ?? 0;
    reply[1] = bytes[1] ?? 0;
    reply[2] = (reply[2] ?? 0) | ((bytes[2] ?? 0) & flag.RD);
    reply[3] = (reply[3] ?? 0) | ((bytes[3] ?? 0) & flag.CD);
    // One empty answer serves several types.
    reply[nameEnd] = bytes[nameEnd] ?? 0;
    reply[nameEnd + 1] = bytes[nameEnd + 1] ?? 0;
    if (addresses > 1) this.rotate(reply);
    if (query.hasOpt) {
      reply[11] = (reply[11] ?? 0) + 1;
      if (query.dnssecOk) reply[plainOctets + optFlagsOffset] = 0x80;
    }
    if (cookie === undefined && octets <= limit) return reply;
    return cut(reply, plainOctets, limit, cookie);
  }

  private copy(octets: number): Buffer {
    const { buffers } = this.workshop;
    const reply = buffers.take(octets);
    const from = this.page.words;
    const to = buffers.words;
    const first = this.at / wordOctets;
    const words = wholeWords(octets);
    for (let word = 0; word < words; word++) to[word] = from[first + word] ?? 0;
    return reply;
  }

  private take({ question, name }: CompiledFor, draft: Draft): Layout {
    const { octets: plain, answers, rotationEnd } = assemble(question, name, draft);
    const opt = encodeOpt({ payloadOctets: this.workshop.payloadOctets, error: draft.error });
    const addresses = draft.rotation?.records.map(({ octets }) => octets.subarray(recordHeadOctets)) ?? [];
    this.store([plain, opt, ...addresses]);
    this.hidden = draft.hidden !== undefined && draft.hidden.size > 0 ? draft.hidden : undefined;
    this.elsewhere = draft.elsewhere;
    this.firsts = draft.rotation?.firsts;
    this.current = true;
    return this.workshop.layouts.of({
      questionOctets: question.length,
      plainOctets: plain.length,
      optOctets: opt.length,
      rcode: draft.rcode,
      answers,
      rotation: draft.rotation,
      rotationEnd,
      addressOctets: addresses[0]?.length ?? 0,
    });
  }

  private store(parts: readonly Uint8Array[]): void {
    const octets = parts.reduce((sum, part) => sum + part.length, 0);
    if (octets > this.capacity) {
      const { page, at } = this.workshop.pages.take(octets);
      this.page = page;
      this.at = at;
      this.capacity = octets;
    }
    let to = this.at;
    for (const part of parts) {
      this.page.octets.set(part, to);
      to += part.length;
    }
  }

  /** RFC 1794: whoever's turn it is comes first; all others are shuffled, so that a failed first choice spreads. */
  private rotate(reply: Buffer): void {
    const { layout, firsts } = this;
    const { near, addresses, addressOctets, shown, firstPlace, stride } = layout;
    const { octets } = this.page;
    if (this.turn >= (firsts === undefined ? near : firsts.length)) this.turn = 0;
    const first = firsts === undefined ? this.turn : (firsts[this.turn] ?? 0);
    this.turn++;
    const order = shown > 1 ? orderAfter(first, near, addresses, this.workshop.shuffle) : firstOnly(first);
    const table = this.at + layout.plainOctets + layout.optOctets;
    for (let place = 0; place < shown; place++) {
      const from = table + (order[place] ?? 0) * addressOctets;
      const to = firstPlace + place * stride;
      for (let octet = 0; octet < addressOctets; octet++) reply[to + octet] = octets[from + octet] ?? 0;
    }
  }
}

const noPage = newPage(0);

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

/** RFC 2181 section 9: as many records as fit, TC where one of the asked set is missing; extras may stay out. */
function cut(reply: Buffer, plainOctets: number, limit: number, cookie: Uint8Array | undefined): Buffer {
  const own = reply.subarray(plainOctets);
  const opt = cookie === undefined ? own : appendCookie(own, cookie);
  const hasOpt = opt.length > 0 ? 1 : 0;
  const { ends, questionEnd } = recordEnds(reply, hasOpt);
  const [answers, authority] = [reply.readUInt16BE(6), reply.readUInt16BE(8)];
  const kept = ends.findLastIndex((end) => end <= limit - opt.length) + 1;
  const packet = Buffer.concat([reply.subarray(0, ends[kept - 1] ?? questionEnd), opt]);
  if (kept < answers + authority) packet[2] = (packet[2] ?? 0) | flag.TC;
  packet.writeUInt16BE(Math.min(kept, answers), 6);
  packet.writeUInt16BE(Math.min(Math.max(kept - answers, 0), authority), 8);
  packet.writeUInt16BE(Math.max(kept - answers - authority, 0) + hasOpt, 10);
  return packet;
}
