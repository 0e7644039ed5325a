import type { Draft, ExtendedError } from './draft.ts';
import { encodeOpt, optFlagsOffset } from './opt.ts';
import { type Assembled, assemble } from './packet.ts';
import type { Query } from './query.ts';
import { flag, folded, headerOctets } from './wire.ts';

/** Whose turn comes; xorshift32, because a shuffle of three needs no better chance and may cost nothing. */
export class Shuffle {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 1;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % bound;
  }
}

/**
 * One answer, compiled: a whole reply that a question only has to be written into. Its octets are the reply that is
 * sent, so what `reply` returns holds until the next call; `release` says that it is still in use then.
 */
export class Answer {
  readonly hash: number;
  readonly type: number;
  readonly group: number;
  readonly nameOctets: number;
  /** Cleared when what it was made from has changed. */
  current = true;
  /** The state of the zone it was made from; only answers that depend on several names look at it. */
  generation = 0;
  rcode = 0;
  /** There is such a name, but nothing of this type. */
  empty = false;
  hidden: ReadonlySet<string> | undefined;
  elsewhere: string | undefined;
  private turn: number;
  private wire: Buffer;
  private plain: Buffer;
  private extended: Buffer;
  private flags = 0;
  private additional = 0;
  private assembled: Assembled;
  private error: ExtendedError | undefined;
  private readonly payloadOctets: number;
  private addresses = new Uint8Array(0);
  private addressOctets = 0;
  private places = new Uint16Array(0);
  private order = new Uint16Array(0);
  private firsts = new Uint16Array(0);
  private near = 0;

  constructor(parts: {
    hash: number;
    type: number;
    group: number;
    question: Uint8Array;
    name: string;
    draft: Draft;
    payloadOctets: number;
    turn: number;
  }) {
    this.hash = parts.hash;
    this.type = parts.type;
    this.group = parts.group;
    this.nameOctets = parts.question.length - 4;
    this.payloadOctets = parts.payloadOctets;
    this.turn = parts.turn;
    this.assembled = assemble(parts.question, parts.name, parts.draft);
    this.wire = this.assembled.octets;
    this.plain = this.wire;
    this.extended = this.wire;
    this.take(parts.draft);
    this.turn %= Math.max(1, this.firsts.length);
  }

  /** Whether it answers this question; the comparison that follows a hit by hash. */
  answers(bytes: Uint8Array, nameEnd: number, type: number, group: number): boolean {
    if (this.type !== type || this.group !== group || nameEnd !== headerOctets + this.nameOctets) return false;
    const { wire } = this;
    for (let at = headerOctets; at < nameEnd; at++) if (folded[bytes[at] ?? 0] !== folded[wire[at] ?? 0]) return false;
    return true;
  }

  /** Takes over a new draft for the same question; turns go on where they were. */
  refresh(question: Uint8Array, name: string, draft: Draft): void {
    this.assembled = assemble(question, name, draft);
    this.take(draft);
    this.current = true;
  }

  /** The reply to a question, good until the next call. */
  reply(bytes: Uint8Array, query: Query, limit: number, cookie: Uint8Array | undefined, shuffle: Shuffle): Buffer {
    const { wire } = this;
    wire[0] = bytes[0] ?? 0;
    wire[1] = bytes[1] ?? 0;
    wire[2] = this.flags | ((bytes[2] ?? 0) & flag.RD);
    wire[3] = flag.RA | ((bytes[3] ?? 0) & flag.CD) | this.rcode;
    // RFC 4343 section 4.1 and draft 0x20: the question comes back in the letters it was sent in.
    for (let at = headerOctets; at < query.questionEnd; at++) wire[at] = bytes[at] ?? 0;
    if (this.order.length > 1) this.rotate(shuffle);
    if (!query.hasOpt && this.plain.length <= limit) {
      wire[11] = this.additional;
      return this.plain;
    }
    if (query.hasOpt && cookie === undefined && this.extended.length <= limit) {
      wire[11] = this.additional + 1;
      wire[this.plain.length + optFlagsOffset] = query.dnssecOk ? 0x80 : 0;
      return this.extended;
    }
    return this.fit(query, limit, cookie);
  }

  /** The last reply is still on its way: its octets are left alone from now on. */
  release(): void {
    this.wire = Buffer.from(this.extended);
    this.plain = this.wire.subarray(0, this.plain.length);
    this.extended = this.wire;
  }

  private take(draft: Draft): void {
    const { octets, counts } = this.assembled;
    this.error = draft.error;
    this.extended = Buffer.concat([octets, encodeOpt({ payloadOctets: this.payloadOctets, error: draft.error })]);
    this.wire = this.extended;
    this.plain = this.wire.subarray(0, octets.length);
    this.flags = octets[2] ?? 0;
    this.additional = counts[2];
    this.rcode = draft.rcode;
    this.empty = draft.rcode === 0 && counts[0] === 0;
    this.hidden = draft.hidden !== undefined && draft.hidden.size > 0 ? draft.hidden : undefined;
    this.elsewhere = draft.elsewhere;
    this.layOut(draft);
  }

  private layOut({ answers, rotation }: Draft): void {
    const records = rotation?.records ?? [];
    this.addressOctets = records[0] ? records[0].octets.length - recordHeadOctets : 0;
    this.addresses = Buffer.concat(records.map(({ octets }) => octets.subarray(recordHeadOctets)));
    this.places = Uint16Array.from(
      this.assembled.ends.slice(answers.length, answers.length + (rotation?.shown ?? 0)),
      (end) => end - this.addressOctets,
    );
    this.order = new Uint16Array(records.length);
    this.firsts = Uint16Array.from(rotation?.firsts ?? []);
    this.near = rotation?.near ?? 0;
  }

  /** RFC 1794: whoever's turn it is comes first; all others are shuffled, so that a failed first choice spreads. */
  private rotate(shuffle: Shuffle): void {
    const { order, near, firsts, places } = this;
    if (this.turn >= firsts.length) this.turn = 0;
    const first = firsts[this.turn] ?? 0;
    this.turn++;
    order[0] = first;
    if (places.length > 1) {
      for (let index = 0, place = 1; index < order.length; index++) if (index !== first) order[place++] = index;
      mix(order, 1, near, shuffle);
      mix(order, near, order.length, shuffle);
    }
    const { wire, addresses, addressOctets } = this;
    for (let place = 0; place < places.length; place++) {
      let from = (order[place] ?? 0) * addressOctets;
      let to = places[place] ?? 0;
      for (const end = to + addressOctets; to < end; to++, from++) wire[to] = addresses[from] ?? 0;
    }
  }

  /** RFC 2181 section 9: as many records as fit, TC where one of the asked set is missing; extras may stay out. */
  private fit(query: Query, limit: number, cookie: Uint8Array | undefined): Buffer {
    const { dnssecOk } = query;
    const opt = query.hasOpt
      ? encodeOpt({ payloadOctets: this.payloadOctets, dnssecOk, error: this.error, cookie })
      : Buffer.alloc(0);
    const { ends, counts } = this.assembled;
    const room = limit - opt.length;
    const kept = ends.findLastIndex((end) => end <= room) + 1;
    const answers = Math.min(kept, counts[0]);
    const authority = Math.min(kept - answers, counts[1]);
    const additional = kept - answers - authority;
    const packet = Buffer.concat([this.wire.subarray(0, ends[kept - 1] ?? query.questionEnd), opt]);
    if (answers < counts[0] || authority < counts[1]) packet[2] = (packet[2] ?? 0) | flag.TC;
    packet.writeUInt16BE(answers, 6);
    packet.writeUInt16BE(authority, 8);
    packet.writeUInt16BE(additional + (query.hasOpt ? 1 : 0), 10);
    return packet;
  }
}

/** A record's octets from its type to its length: type, class, time to live, length of data. */
const recordHeadOctets = 10;

/** Fisher-Yates, in place, on a part of the list. */
function mix(list: Uint16Array, from: number, to: number, shuffle: Shuffle): void {
  for (let last = to - 1; last > from; last--) {
    const other = from + shuffle.below(last - from + 1);
    const kept = list[last] ?? 0;
    list[last] = list[other] ?? 0;
    list[other] = kept;
  }
}
