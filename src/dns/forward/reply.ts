import { flag, headerOctets, optionCode } from '../wire.ts';
import { copyOf, type Message } from './message.ts';
import { optOctets, type Question, writeOpt } from './question.ts';

/** An extended error (RFC 8914): its info code and a few words. */
export interface ExtendedError {
  readonly code: number;
  readonly text: string;
}

/** A reply for one asker, and whether it had to be cut. */
export interface Reply {
  readonly bytes: Uint8Array;
  readonly cut: boolean;
}

/**
 * An upstream's reply for the asker: its id, its spelling of the question and RA, for we offer recursion whether or not
 * that server does; everything else as it came. An OPT record goes only to askers that sent one.
 */
export function passOn(message: Message, question: Question): Reply {
  const { bytes, opt } = message;
  const tail = question.edns && opt ? bytes.subarray(opt.start, opt.end) : noOctets;
  const whole = bytes.length <= question.limit && (opt === undefined || tail.length > 0);
  const reply = whole ? { bytes: copyOf(bytes), cut: false } : assemble(message, tail, question.limit);
  address(reply.bytes, question);
  return reply;
}

/** A reply from memory: not authoritative, with each time to live as `ttl` gives it, and an OPT record of our own. */
export function fromMemory(
  message: Message,
  question: Question,
  ttl: (seconds: number) => number,
  error: ExtendedError | undefined,
  udpPayloadOctets: number,
): Reply {
  const reply = assemble(message, ownOpt(question, error, udpPayloadOctets), question.limit);
  address(reply.bytes, question);
  reply.bytes[2] = (reply.bytes[2] ?? 0) & ~flag.AA;
  const view = new DataView(reply.bytes.buffer, reply.bytes.byteOffset, reply.bytes.length);
  for (const { ttlAt } of message.records.slice(0, reply.kept)) view.setUint32(ttlAt, ttl(view.getUint32(ttlAt)));
  return reply;
}

/** A reply of our own without records. */
export function refuse(question: Question, rcode: number, error: ExtendedError, udpPayloadOctets: number): Uint8Array {
  const opt = ownOpt(question, error, udpPayloadOctets);
  const bytes = new Uint8Array(headerOctets + question.bytes.length + opt.length);
  const flags = flag.RA | (question.security & flag.CD) | rcode;
  bytes.set([0, 0, flag.QR | question.recursion, flags, 0, 1, 0, 0, 0, 0, 0, opt.length > 0 ? 1 : 0]);
  bytes.set(opt, headerOctets + question.bytes.length);
  address(bytes, question);
  return bytes;
}

const noOctets = new Uint8Array(0);
const encoder = new TextEncoder();

function ownOpt(question: Question, error: ExtendedError | undefined, udpPayloadOctets: number): Uint8Array {
  if (!question.edns) return noOctets;
  const option = error ? extendedErrorOption(error) : [];
  return Uint8Array.from(writeOpt(udpPayloadOctets, question.edns.dnssecOk, option));
}

function extendedErrorOption({ code, text }: ExtendedError): number[] {
  const words = encoder.encode(text);
  const length = 2 + words.length;
  return [0, optionCode.EDE, length >> 8, length & 0xff, code >> 8, code & 0xff, ...words];
}

/** Writes what belongs to the asker into a reply. */
function address(bytes: Uint8Array, question: Question): void {
  bytes[0] = question.id >> 8;
  bytes[1] = question.id & 0xff;
  bytes[3] = (bytes[3] ?? 0) | flag.RA;
  bytes.set(question.bytes, headerOctets);
}

/**
 * The records of a message that fit before `opt`. Pointers lead backwards only, so every prefix of records stands
 * alone. RFC 2181 section 9: TC says that something of the answer is missing, not something of the additional section.
 */
function assemble(message: Message, opt: Uint8Array, limit: number): Reply & { readonly kept: number } {
  const { records } = message;
  const skip = message.opt?.start ?? Number.POSITIVE_INFINITY;
  let end = message.questionEnd;
  let kept = 0;
  const counts = [0, 0, 0];
  for (const record of records) {
    // What an upstream put behind its OPT record is additional and would have to move: it stays behind.
    if (record.end + opt.length > limit || record.start > skip) break;
    end = record.end;
    kept++;
    counts[record.section] = (counts[record.section] ?? 0) + 1;
  }
  const next = records[kept];
  const cut = next !== undefined && next.section < 2;
  const bytes = new Uint8Array(end + opt.length);
  bytes.set(message.bytes.subarray(0, end));
  bytes.set(opt, end);
  if (cut) bytes[2] = (bytes[2] ?? 0) | flag.TC;
  counts[2] = (counts[2] ?? 0) + (opt.length >= optOctets ? 1 : 0);
  counts.forEach((count, section) => {
    bytes[6 + 2 * section] = count >> 8;
    bytes[7 + 2 * section] = count & 0xff;
  });
  return { bytes, cut, kept };
}
