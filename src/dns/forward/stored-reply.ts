import type { Query } from '../query.ts';
import type { ReplyBuffers } from '../reply-buffers.ts';
import { flag, folded, headerOctets, maxMessageOctets } from '../wire.ts';
import { type Message, readMessage } from './message.ts';
import type { Question } from './question.ts';
import { address, assemble, noOctets, type Reply } from './reply.ts';

/**
 * An answer as it is remembered: the octets of a whole reply without OPT record, with the places of its times to live,
 * so that a question only has to be written into it. From memory nothing is authoritative (RFC 1035 section 4.1.1).
 */
export class StoredReply {
  readonly rcode: number;
  readonly #octets: Uint8Array<ArrayBuffer>;
  readonly #nameEnd: number;
  readonly #ttlPlaces: readonly number[];
  /** The count of additional records when an OPT record is one of them. */
  readonly #additional: number;
  #ageSeconds = 0;

  constructor(message: Message) {
    const { bytes, kept } = assemble(message, noOctets, maxMessageOctets);
    this.rcode = message.rcode;
    this.#octets = bytes;
    this.#nameEnd = message.nameEnd;
    this.#ttlPlaces = message.records.slice(0, kept).map(({ ttlAt }) => ttlAt);
    this.#additional = new DataView(bytes.buffer).getUint16(10) + 1;
    bytes[2] = (bytes[2] ?? 0) & ~flag.AA;
    bytes[3] = (bytes[3] ?? 0) | flag.RA;
  }

  /** Without OPT record. */
  get octets(): number {
    return this.#octets.length;
  }

  /** About what the octets and the places take. */
  get heldOctets(): number {
    return this.#octets.length + this.#ttlPlaces.length * placeOctets;
  }

  get ageSeconds(): number {
    return this.#ageSeconds;
  }

  /** Lowers every time to live, once for all askers of the same second. None gets below zero while the answer is fresh. */
  ageTo(seconds: number): void {
    const view = new DataView(this.#octets.buffer);
    for (const place of this.#ttlPlaces)
      view.setUint32(place, Math.max(0, view.getUint32(place) - (seconds - this.#ageSeconds)));
    this.#ageSeconds = seconds;
  }

  /** Whether this is the answer for the name and type in a packet; the comparison that follows a hit by hash. */
  answers(packet: Uint8Array, { nameEnd, questionEnd }: Query): boolean {
    const octets = this.#octets;
    if (nameEnd !== this.#nameEnd) return false;
    for (let at = headerOctets; at < nameEnd; at++)
      if (folded[packet[at] ?? 0] !== folded[octets[at] ?? 0]) return false;
    for (let at = nameEnd; at < questionEnd; at++) if (packet[at] !== octets[at]) return false;
    return true;
  }

  /** The reply to a question it answers; its octets are good until the next one, or while a watched queue holds them. */
  reply(packet: Uint8Array, { questionEnd }: Query, opt: Uint8Array, buffers: ReplyBuffers): Buffer {
    const reply = buffers.take(this.#octets.length + opt.length);
    this.#lay(reply, opt);
    reply[0] = packet[0] ?? 0;
    reply[1] = packet[1] ?? 0;
    for (let at = headerOctets; at < questionEnd; at++) reply[at] = packet[at] ?? 0;
    return reply;
  }

  /** The same for a question that left its packet behind, cut to what its asker takes; with this time to live where one is given. */
  replyTo(question: Question, opt: Uint8Array, ttlSeconds?: number): Reply {
    const reply = this.#fitted(opt, question.limit, ttlSeconds);
    address(reply.bytes, question);
    return reply;
  }

  #fitted(opt: Uint8Array, limit: number, ttlSeconds: number | undefined): Reply {
    const whole = new Uint8Array(this.#octets.length + opt.length);
    this.#lay(whole, opt);
    const view = new DataView(whole.buffer);
    if (ttlSeconds !== undefined) for (const place of this.#ttlPlaces) view.setUint32(place, ttlSeconds);
    if (whole.length <= limit) return { bytes: whole, cut: false };
    const read = readMessage(whole);
    if (!read.ok) throw new Error(`a remembered answer ${read.problem}`);
    return assemble(read.value, opt, limit);
  }

  #lay(reply: Uint8Array, opt: Uint8Array): void {
    reply.set(this.#octets);
    if (opt.length === 0) return;
    reply.set(opt, this.#octets.length);
    reply[10] = this.#additional >> 8;
    reply[11] = this.#additional & 0xff;
  }
}

/** Of one number in an array. */
const placeOctets = 8;
