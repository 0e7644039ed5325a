import { accepted, type Result, refused } from '../../result.ts';
import { headerOctets, maxMessageOctets, maxNameOctets, rrClass, rrType } from '../wire.ts';

/** A message that passed the strict walk, with the places in its octets that forwarding needs. */
export interface Message {
  readonly bytes: Uint8Array;
  /** With the upper bits of the OPT record, if there is one (RFC 6891 section 6.1.3). */
  readonly rcode: number;
  /** The question begins behind the header. */
  readonly nameEnd: number;
  readonly questionEnd: number;
  /** All but the OPT record, in their order. */
  readonly records: readonly WireRecord[];
  readonly opt: WireRecord | undefined;
}

/** Where one record lies. */
export interface WireRecord {
  /** 0 answer, 1 authority, 2 additional. */
  readonly section: number;
  readonly type: number;
  readonly start: number;
  /** Of the four octets of its time to live. */
  readonly ttlAt: number;
  readonly dataAt: number;
  readonly end: number;
}

/**
 * Walks a message once, in time linear in its length, and takes it only if every octet is accounted for: one question,
 * records inside the message and nothing behind them, one OPT at most, and every compression pointer to a label that a
 * name before it began. Such a message cannot lead any parser astray.
 */
export function readMessage(bytes: Uint8Array): Result<Message> {
  if (bytes.length < headerOctets) return refused('is shorter than a header');
  if (bytes.length > maxMessageOctets) return refused('is longer than 65,535 octets');
  if (word(bytes, 4) !== 1) return refused('has not exactly one question');
  return new Walk(bytes).run();
}

/** Octets of one's own. (`slice` would not do: that of a Buffer shares its memory.) */
export function copyOf(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.subarray(start, end));
}

export function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function long(bytes: Uint8Array, at: number): number {
  return word(bytes, at) * 0x1_0000 + word(bytes, at + 2);
}

/** Type, class, time to live and data length. */
const fixedOctets = 10;
const maxLabelOctets = 63;
/** RFC 1035 section 4.1.4: the two upper bits of a compression pointer. */
export const pointerBits = 0xc0;

/** Octets before the names in a record's data, and how many names there are: names in data may be compressed. */
export interface DataLayout {
  readonly before: number;
  readonly names: number;
}
const oneName: DataLayout = { before: 0, names: 1 };
const twoNames: DataLayout = { before: 0, names: 2 };
const numberAndName: DataLayout = { before: 2, names: 1 };
const signer: DataLayout = { before: 18, names: 1 };
const layouts: ReadonlyMap<number, DataLayout> = new Map([
  // NS, MD, MF, CNAME, MB, MG, MR, PTR, DNAME, NSEC
  ...[2, 3, 4, 5, 7, 8, 9, 12, 39, 47].map((type) => [type, oneName] as const),
  // SOA, MINFO, RP
  ...[6, 14, 17].map((type) => [type, twoNames] as const),
  // MX, AFSDB, RT, KX, SVCB, HTTPS
  ...[15, 18, 21, 36, 64, 65].map((type) => [type, numberAndName] as const),
  [26, { before: 2, names: 2 }], // PX
  [33, { before: 6, names: 1 }], // SRV
  ...[24, 46].map((type) => [type, signer] as const), // SIG, RRSIG
]);
const naptr = 35;
/** Lengths of data that is always as long. */
const lengths: ReadonlyMap<number, number> = new Map([
  [rrType.A, 4],
  [rrType.AAAA, 16],
]);
/** Serial, refresh, retry, expire and minimum. */
const soaNumberOctets = 20;

/** Where the names are in data of class IN that begins at `dataAt`; undefined where none can be compressed. */
export function dataLayout(bytes: Uint8Array, type: number, dataAt: number): DataLayout | undefined {
  return type === naptr ? naptrLayout(bytes, dataAt) : layouts.get(type);
}

/** RFC 3403 section 4.1: two numbers and three strings before the name. */
function naptrLayout(bytes: Uint8Array, dataAt: number): DataLayout {
  let before = 4;
  for (let string = 0; string < 3; string++) before += 1 + (bytes[dataAt + before] ?? 0);
  return { before, names: 1 };
}

class Walk {
  readonly #bytes: Uint8Array;
  /** For each offset where a label began: how many octets the name from there takes written out; 0 elsewhere. */
  readonly #nameOctets: Uint8Array;
  readonly #records: WireRecord[] = [];
  #opt: WireRecord | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#nameOctets = new Uint8Array(bytes.length);
  }

  run(): Result<Message> {
    const bytes = this.#bytes;
    const nameEnd = this.#name(headerOctets, bytes.length);
    if (nameEnd < 0 || nameEnd + 4 > bytes.length) return refused('has a broken question');
    const questionEnd = nameEnd + 4;
    let at = questionEnd;
    for (let section = 0; section < 3; section++) {
      for (let left = word(bytes, 6 + 2 * section); left > 0; left--) {
        at = this.#record(section, at);
        if (at < 0) return refused('has a broken record');
      }
    }
    if (at !== bytes.length) return refused('has octets behind its last record');
    const opt = this.#opt;
    const rcode = ((bytes[3] ?? 0) & 0x0f) | (opt ? (bytes[opt.ttlAt] ?? 0) << 4 : 0);
    return accepted({ bytes, rcode, nameEnd, questionEnd, records: this.#records, opt });
  }

  /** Returns the offset behind the record, or -1. */
  #record(section: number, start: number): number {
    const bytes = this.#bytes;
    const fixed = this.#name(start, bytes.length);
    if (fixed < 0 || fixed + fixedOctets > bytes.length) return -1;
    const type = word(bytes, fixed);
    const dataAt = fixed + fixedOctets;
    const end = dataAt + word(bytes, fixed + 8);
    if (end > bytes.length) return -1;
    const record = { section, type, start, ttlAt: fixed + 4, dataAt, end };
    if (type === rrType.OPT) return this.#takeOpt(record) ? end : -1;
    if (word(bytes, fixed + 2) === rrClass.IN && !this.#data(type, dataAt, end)) return -1;
    this.#records.push(record);
    return end;
  }

  /** RFC 6891 section 6.1.1: one at most, in the additional section, owned by the root, its options well-formed. */
  #takeOpt(record: WireRecord): boolean {
    if (this.#opt || record.section !== 2 || this.#bytes[record.start] !== 0) return false;
    this.#opt = record;
    let at = record.dataAt;
    while (at + 4 <= record.end) at += 4 + word(this.#bytes, at + 2);
    return at === record.end;
  }

  #data(type: number, start: number, end: number): boolean {
    const length = lengths.get(type);
    if (length !== undefined) return end - start === length;
    const layout = dataLayout(this.#bytes, type, start);
    if (layout === undefined) return true;
    let at = start + layout.before;
    for (let name = 0; name < layout.names && at >= 0; name++) at = this.#name(at, end);
    if (at < 0) return false;
    return type !== rrType.SOA || at + soaNumberOctets === end;
  }

  /** Walks the name at `start`, which must end by `limit`; returns the offset behind it, or -1. */
  #name(start: number, limit: number): number {
    const bytes = this.#bytes;
    let at = start;
    while (at < limit) {
      const length = bytes[at] ?? 0;
      if (length === 0) return this.#remember(start, at, 1) ? at + 1 : -1;
      if (length >= pointerBits) return this.#pointer(start, at, limit);
      if (length > maxLabelOctets || at + length - start > maxNameOctets) return -1;
      at += 1 + length;
    }
    return -1;
  }

  #pointer(start: number, at: number, limit: number): number {
    if (at + 2 > limit) return -1;
    const target = word(this.#bytes, at) & 0x3fff;
    const octets = target < start ? (this.#nameOctets[target] ?? 0) : 0;
    return octets > 0 && this.#remember(start, at, octets) ? at + 2 : -1;
  }

  /** Notes the labels from `start` to `end`, which is followed by `tail` octets of name; false if that is too long. */
  #remember(start: number, end: number, tail: number): boolean {
    const whole = end - start + tail;
    if (whole > maxNameOctets) return false;
    if (this.#bytes[end] === 0) this.#nameOctets[end] = 1;
    for (let at = start; at < end; at += 1 + (this.#bytes[at] ?? 0)) this.#nameOctets[at] = end - at + tail;
    return true;
  }
}
