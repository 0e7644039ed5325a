import type { Client } from './client.ts';
import type { Asker } from './forwarder.ts';
import type { Gate } from './gate.ts';
import { encodeOpt } from './opt.ts';
import type { DnsOptions } from './options.ts';
import { writeHeader } from './packet.ts';
import { type Check, check, type Query } from './query.ts';
import type { Allowance } from './rate-limit.ts';
import type { Counters } from './stats.ts';
import { extendedError, flag, headerOctets, rcode } from './wire.ts';

/** Replies without records: to what is no question that can be answered, and to strangers who ask too much. */
export class Refusals {
  private readonly options: DnsOptions;
  private readonly query: Query;
  private readonly counters: Counters;
  private readonly gate: Gate;

  constructor(parts: { options: DnsOptions; query: Query; counters: Counters; gate: Gate }) {
    this.options = parts.options;
    this.query = parts.query;
    this.counters = parts.counters;
    this.gate = parts.gate;
  }

  /** What goes back for a packet that did not pass the check. */
  decline(
    packet: Buffer,
    found: Exclude<Check, typeof check.fine | typeof check.drop>,
    client: Client,
    asker: Asker,
  ): Buffer | undefined {
    const { counts } = this.counters;
    switch (found) {
      case check.unknownOpcode:
        return this.declined(packet, client, asker, () => this.bare(packet, rcode.NOTIMP, false));
      case check.unknownVersion:
        return this.declined(packet, client, asker, () => this.refuse(packet, rcode.BADVERS, client));
      case check.cookieOnly:
        return this.declined(packet, client, asker, () => this.refuse(packet, rcode.NOERROR, client));
      case check.malformed:
        counts.malformed++;
        return this.declined(packet, client, asker, () => this.bare(packet, rcode.FORMERR, false));
    }
  }

  /** We have no records of other classes than IN. */
  otherClass(packet: Buffer, client: Client, asker: Asker): Buffer | undefined {
    return this.declined(packet, client, asker, () => this.refuse(packet, rcode.REFUSED, client));
  }

  /** What a stranger above the limit gets. */
  less(packet: Buffer, allowance: Exclude<Allowance, 'reply'>, client: Client): Buffer | undefined {
    const { counts } = this.counters;
    if (allowance === 'truncated') counts.rateTruncated++;
    else counts.rateDropped++;
    // With a cookie, where one was sent: by the next question its asker can prove its address.
    return allowance === 'truncated' ? this.refuse(packet, rcode.NOERROR, client, flag.TC) : undefined;
  }

  /** Strangers get only so many of these, too; cut, they would say nothing. */
  private declined(packet: Buffer, client: Client, asker: Asker, reply: () => Buffer): Buffer | undefined {
    const allowance = this.gate.allowance(packet, this.query, client, asker);
    return allowance === 'reply' ? reply() : this.less(packet, 'nothing', client);
  }

  /** With the question and, where the asker has EDNS, with OPT (RFC 6891 section 6.1.1). */
  private refuse(packet: Buffer, code: number, { address }: Client, flags = 0): Buffer {
    const { query, options } = this;
    const reply = this.bare(packet, code, query.questionEnd > headerOctets, flags);
    if (!query.hasOpt) return reply;
    reply.writeUInt16BE(1, 10);
    const error = code === rcode.REFUSED ? { code: extendedError.NOT_SUPPORTED, text: 'class' } : undefined;
    const cookie = this.gate.cookieFor(packet, query, address);
    const { dnssecOk } = query;
    const payloadOctets = options.limits.udpPayloadOctets;
    return Buffer.concat([reply, encodeOpt({ payloadOctets, rcode: code, dnssecOk, error, cookie })]);
  }

  /** The header alone, or with the question. */
  private bare(packet: Buffer, code: number, withQuestion: boolean, flags = 0): Buffer {
    this.counters.reply(code, false);
    const reply = Buffer.alloc(withQuestion ? this.query.questionEnd : headerOctets);
    packet.copy(reply, 0, 0, 2);
    packet.copy(reply, headerOctets, headerOctets, reply.length);
    writeHeader(reply, code, [0, 0, 0], false);
    // RFC 1035 section 4.1.1: opcode and RD come back as they were.
    reply[2] = (reply[2] ?? 0) | ((packet[2] ?? 0) & (0x78 | flag.RD)) | flags;
    return reply;
  }
}
