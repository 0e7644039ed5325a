import { encodeOpt } from '../opt.ts';
import { flag, headerOctets, maxMessageOctets, plainUdpOctets, rrType } from '../wire.ts';
import { copyOf, readMessage, word } from './message.ts';

/** What an asker wants, and what it can take. */
export interface Question {
  readonly id: number;
  /** Name as spelt, type and class, as on the wire. */
  readonly bytes: Uint8Array;
  readonly type: number;
  /** The name in lower case as on the wire, one character an octet. */
  readonly name: string;
  /** RD of the third octet, AD and CD of the fourth: what is asked of a resolver, and comes back. */
  readonly recursion: number;
  readonly security: number;
  readonly edns: { readonly dnssecOk: boolean } | undefined;
  /** Largest reply, in octets. */
  readonly limit: number;
  readonly transport: 'udp' | 'tcp';
  /** What goes into the OPT record of its reply to prove that it is ours; none where the asker sent none (RFC 7873). */
  readonly cookie: Uint8Array | undefined;
  /** RD, AD, CD and DO in one number. */
  readonly wishes: number;
  /** Equal for questions that one answer serves. */
  readonly key: string;
}

/** Reads a question that passed the server's strict check; undefined if it did not after all. */
export function readQuestion(
  query: Uint8Array,
  transport: 'udp' | 'tcp',
  udpPayloadOctets: number,
  cookie?: Uint8Array,
): Question | undefined {
  const read = readMessage(query);
  if (!read.ok || ((query[2] ?? 0) & flag.QR) !== 0) return undefined;
  const { nameEnd, questionEnd, opt } = read.value;
  const edns = opt && { dnssecOk: ((query[opt.ttlAt + 2] ?? 0) & dnssecOkBit) !== 0 };
  const offered = opt
    ? Math.max(plainUdpOctets, Math.min(word(query, opt.start + 3), udpPayloadOctets))
    : plainUdpOctets;
  const recursion = (query[2] ?? 0) & flag.RD;
  const security = (query[3] ?? 0) & (flag.AD | flag.CD);
  const name = lowerName(query, headerOctets, nameEnd);
  const typeAndClass = String.fromCharCode(word(query, nameEnd), word(query, nameEnd + 2));
  const wishes = wishesOf(query, edns?.dnssecOk === true);
  return {
    id: word(query, 0),
    bytes: copyOf(query, headerOctets, questionEnd),
    type: word(query, nameEnd),
    name,
    recursion,
    security,
    edns,
    limit: transport === 'tcp' ? maxMessageOctets : offered,
    transport,
    cookie,
    wishes,
    key: String.fromCharCode(wishes) + typeAndClass + name,
  };
}

/** What a query asks of a resolver, in one number: RD, AD, CD and DO. */
export function wishesOf(query: Uint8Array, dnssecOk: boolean): number {
  return ((query[2] ?? 0) & flag.RD) | ((query[3] ?? 0) & (flag.AD | flag.CD)) | (dnssecOk ? dnssecOkBit << 1 : 0);
}

/**
 * Whether the question makes sense between two neighbours only: keys and signatures (TKEY, TSIG, RFC 8945), and zone
 * transfers, whose many messages no forwarder can pass on.
 */
export function isForNeighbours({ type }: Question): boolean {
  return (type >= 249 && type <= 252) || type === rrType.OPT;
}

/**
 * The question as it is sent upstream: a header and an OPT record of our own, since both belong to one hop only. The
 * record is left out where the asker sent none, or no size is given.
 */
export function writeQuery(question: Question, id: number, payloadOctets: number | undefined): Uint8Array {
  const { bytes, edns } = question;
  const opt = edns && payloadOctets ? encodeOpt({ payloadOctets, dnssecOk: edns.dnssecOk }) : noOctets;
  const query = new Uint8Array(headerOctets + bytes.length + opt.length);
  query.set([id >> 8, id & 0xff, question.recursion, question.security, 0, 1, 0, 0, 0, 0, 0, opt.length > 0 ? 1 : 0]);
  query.set(bytes, headerOctets);
  query.set(opt, headerOctets + bytes.length);
  return query;
}

/** Whether a reply has this id and this very question, in whatever case it spells the name. */
export function answers(reply: Uint8Array, id: number, question: Question): boolean {
  const { bytes, name } = question;
  if (reply.length < headerOctets + bytes.length) return false;
  const [flags = 0] = reply.subarray(2, 3);
  if (word(reply, 0) !== id || (flags & flag.QR) === 0 || (flags & opcodeBits) !== 0) return false;
  const nameEnd = headerOctets + name.length;
  for (let at = nameEnd; at < nameEnd + 4; at++) if (reply[at] !== bytes[at - headerOctets]) return false;
  return word(reply, 4) === 1 && lowerName(reply, headerOctets, nameEnd) === name;
}

/** RFC 6891 section 6.1.4: DO, in the third octet of the OPT record's time to live. */
const dnssecOkBit = 0x80;
const opcodeBits = 0x78;
const noOctets = new Uint8Array(0);

/** Length octets are at most 63 and so are no letters: every octet can be folded alike (RFC 4343). */
function lowerName(bytes: Uint8Array, start: number, end: number): string {
  let name = '';
  for (let at = start; at < end; at++) {
    const octet = bytes[at] ?? 0;
    name += String.fromCharCode(octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet);
  }
  return name;
}
