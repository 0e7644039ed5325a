import type { ExtendedError } from '../draft.ts';
import { encodeOpt } from '../opt.ts';
import { flag, headerOctets, optionCode } from '../wire.ts';
import { type Message, word } from './message.ts';
import type { Question } from './question.ts';

/** A reply for one asker, and whether it had to be cut. */
export interface Reply {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly cut: boolean;
}

/** What a reply's OPT record says besides what belongs to its asker. */
export interface OptWishes {
  /** What we take by UDP. */
  readonly udpPayloadOctets: number;
  /** The whole response code. */
  readonly rcode?: number;
  readonly error?: ExtendedError | undefined;
  /** Extended errors of an upstream, whole options. */
  readonly passed?: Uint8Array | undefined;
}

/**
 * An upstream's reply for the asker: its id, its spelling of the question and RA, for we offer recursion whether or not
 * that server does; every record and all other flags as they came. The OPT record is our own, since it belongs to one
 * hop (RFC 6891 section 6.1.1), with the upstream's extended errors (RFC 8914 section 3 lets a forwarder pass them on).
 */
export function passOn(message: Message, question: Question, udpPayloadOctets: number): Reply {
  const opt = ownOpt(question, { udpPayloadOctets, rcode: message.rcode, passed: extendedErrors(message) });
  const reply = assemble(message, opt, question.limit);
  address(reply.bytes, question);
  return reply;
}

/** A reply of our own without records. */
export function refuse(question: Question, rcode: number, wishes: OptWishes): Uint8Array {
  const opt = ownOpt(question, { ...wishes, rcode });
  const bytes = new Uint8Array(headerOctets + question.bytes.length + opt.length);
  const flags = flag.RA | (question.security & flag.CD) | (rcode & 0x0f);
  bytes.set([0, 0, flag.QR | question.recursion, flags, 0, 1, 0, 0, 0, 0, 0, opt.length > 0 ? 1 : 0]);
  bytes.set(opt, headerOctets + question.bytes.length);
  address(bytes, question);
  return bytes;
}

/** The OPT record for whoever sent one, with its cookie made whole; no octets for others. */
export function ownOpt({ edns, cookie }: Question, wishes: OptWishes): Uint8Array {
  if (edns === undefined) return noOctets;
  const { udpPayloadOctets, ...rest } = wishes;
  return encodeOpt({ ...rest, payloadOctets: udpPayloadOctets, dnssecOk: edns.dnssecOk, cookie });
}

/** The extended errors in a message's OPT record, whole options as they came; not more than a reply has room for. */
export function extendedErrors({ bytes, opt }: Message): Uint8Array {
  if (opt === undefined) return noOctets;
  const errors: Uint8Array[] = [];
  let room = maxErrorOctets;
  for (let at = opt.dataAt; at < opt.end; ) {
    const end = at + 4 + word(bytes, at + 2);
    const fits = word(bytes, at) === optionCode.EDE && end - at <= room;
    if (fits) errors.push(bytes.subarray(at, end));
    if (fits) room -= end - at;
    at = end;
  }
  return Buffer.concat(errors);
}

/** Of an asker without EDNS's 512, these leave more than half for the answer. */
const maxErrorOctets = 200;

/** For whoever has no OPT record. */
export const noOctets = new Uint8Array(0);

/** Writes what belongs to the asker into a reply. */
export function address(bytes: Uint8Array, question: Question): void {
  bytes[0] = question.id >> 8;
  bytes[1] = question.id & 0xff;
  bytes[3] = (bytes[3] ?? 0) | flag.RA;
  bytes.set(question.bytes, headerOctets);
}

/**
 * The records of a message that fit before `opt`, and how many they are. Pointers lead backwards only, so every prefix
 * of records stands alone. RFC 2181 section 9: TC says that something of the answer is missing, not something of the
 * additional section.
 */
export function assemble(message: Message, opt: Uint8Array, limit: number): Reply & { readonly kept: number } {
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
  counts[2] = (counts[2] ?? 0) + (opt.length > 0 ? 1 : 0);
  counts.forEach((count, section) => {
    bytes[6 + 2 * section] = count >> 8;
    bytes[7 + 2 * section] = count & 0xff;
  });
  return { bytes, cut, kept };
}
