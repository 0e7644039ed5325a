import { NameWords } from './name-words.ts';
import { headerOctets, maxNameOctets, optionCode, plainUdpOctets, rrType } from './wire.ts';

/** What the strict check of a packet found; everything but `fine` is answered from the header alone, or not at all. */
export const check = {
  fine: 0,
  /** Too short for a header, or a reply itself: answering would make loops. */
  drop: 1,
  malformed: 2,
  unknownOpcode: 3,
  unknownVersion: 4,
  /** No question but a cookie: RFC 7873 section 5.4 allows it, to fetch a cookie. */
  cookieOnly: 5,
} as const;
export type Check = (typeof check)[keyof typeof check];

/** A client needs OPT, and at most a signature or two; each further record would only cost time. */
const maxRecords = 4;
/** Assigned options number about twenty. */
const maxOptions = 32;
const optRecordOctets = 11;
/** RFC 7873 section 4: the client's part, and the whole with the server's. */
const clientCookieOctets = 8;
const minFullCookieOctets = 16;
const maxFullCookieOctets = 40;

/**
 * The strict, linear check of a packet, and what it found. One object serves all packets of a thread; its fields hold
 * until the next `read`.
 */
export class Query {
  readonly name = new NameWords();
  /** Of the name in lower case, never 0. */
  hash = 1;
  labels = 0;
  /** Offset behind the root label of the question's name, which starts at `headerOctets`. */
  nameEnd = headerOctets;
  questionEnd = headerOctets;
  type = 0;
  class = 0;
  hasOpt = false;
  /** Where its OPT record lies. */
  optAt = 0;
  optEnd = 0;
  /** There are records behind the question that are no OPT: signatures, or nonsense; nothing here reads them. */
  hasExtras = false;
  /** What the asker can take by UDP. */
  udpPayload = plainUdpOctets;
  dnssecOk = false;
  cookieAt = 0;
  /** 0 where there is none. */
  cookieLength = 0;
  private version = 0;

  read(bytes: Uint8Array): Check {
    this.hasOpt = false;
    this.hasExtras = false;
    this.udpPayload = plainUdpOctets;
    this.dnssecOk = false;
    this.cookieAt = 0;
    this.cookieLength = 0;
    this.questionEnd = headerOctets;
    if (bytes.length < headerOctets || at(bytes, 2) >= 0x80) return check.drop;
    if ((at(bytes, 2) & 0x78) !== 0) return check.unknownOpcode;
    const questions = word(bytes, 4);
    if (questions > 1 || word(bytes, 6) !== 0) return check.malformed;
    if (questions === 1 && !this.readQuestion(bytes)) return check.malformed;
    const authority = word(bytes, 8);
    // RFC 1995 section 3: who asks what changed in a zone sends the SOA record of its own version along.
    if (authority > 0 && (authority > 1 || questions === 0 || this.type !== rrType.IXFR)) return check.malformed;
    const records = authority + word(bytes, 10);
    if (records === 0 && questions === 1) return bytes.length === this.questionEnd ? check.fine : check.malformed;
    if (!this.readRecords(bytes, records)) return check.malformed;
    if (this.version > 0) return check.unknownVersion;
    if (questions === 1) return check.fine;
    return this.cookieLength > 0 ? check.cookieOnly : check.malformed;
  }

  /** A name in a question has nothing before it to point at, so no compression. */
  private readQuestion(bytes: Uint8Array): boolean {
    let offset = headerOctets;
    let labels = 0;
    for (let length = at(bytes, offset); length !== 0; length = at(bytes, offset)) {
      offset += 1 + length;
      if (length > 63 || offset - headerOctets >= maxNameOctets || offset >= bytes.length) return false;
      labels++;
    }
    offset++;
    if (offset + 4 > bytes.length) return false;
    this.hash = this.name.read(bytes, offset);
    this.labels = labels;
    this.nameEnd = offset;
    this.type = word(bytes, offset);
    this.class = word(bytes, offset + 2);
    this.questionEnd = offset + 4;
    return true;
  }

  private readRecords(bytes: Uint8Array, count: number): boolean {
    this.version = 0;
    if (count > maxRecords) return false;
    let offset = this.questionEnd;
    for (let record = 0; record < count; record++) {
      const fixed = skipName(bytes, offset);
      const end = fixed + 10 + word(bytes, fixed + 8);
      if (fixed < 0 || fixed + 10 > bytes.length || end > bytes.length) return false;
      if (word(bytes, fixed) !== rrType.OPT) this.hasExtras = true;
      else if (!this.readOpt(bytes, offset, end)) return false;
      offset = end;
    }
    return offset === bytes.length;
  }

  /** RFC 6891 section 6.1: at most one, owned by the root; unknown options and flags are ignored. */
  private readOpt(bytes: Uint8Array, offset: number, end: number): boolean {
    if (this.hasOpt || at(bytes, offset) !== 0) return false;
    this.hasOpt = true;
    this.optAt = offset;
    this.optEnd = end;
    this.udpPayload = Math.max(word(bytes, offset + 3), plainUdpOctets);
    this.version = at(bytes, offset + 6);
    this.dnssecOk = (at(bytes, offset + 7) & 0x80) !== 0;
    let options = 0;
    let option = offset + optRecordOctets;
    for (; option + 4 <= end && options < maxOptions; options++) {
      const length = word(bytes, option + 2);
      if (word(bytes, option) === optionCode.COOKIE && !this.readCookie(option + 4, length)) return false;
      option += 4 + length;
    }
    return option === end;
  }

  /** RFC 7873 section 5.2.2: any other length is malformed; of several cookies the first counts. */
  private readCookie(offset: number, length: number): boolean {
    const valid = length === clientCookieOctets || (length >= minFullCookieOctets && length <= maxFullCookieOctets);
    if (this.cookieLength === 0) {
      this.cookieAt = offset;
      this.cookieLength = length;
    }
    return valid;
  }
}

/** The offset behind a record's owner name, or -1; a pointer ends it and is not followed. */
function skipName(bytes: Uint8Array, offset: number): number {
  for (let next = offset; next < bytes.length && next - offset < maxNameOctets; ) {
    const length = at(bytes, next);
    if (length === 0) return next + 1;
    if (length >= 0xc0) return next + 2;
    if (length > 63) return -1;
    next += 1 + length;
  }
  return -1;
}

function at(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0;
}

function word(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}
