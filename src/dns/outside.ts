import type { Clock } from '../clock.ts';
import type { Client } from './client.ts';
import type { Asker, Forwarder } from './forwarder.ts';
import type { Gate } from './gate.ts';
import { cookieOptionOctets, encodeOpt, optOctets } from './opt.ts';
import type { Query } from './query.ts';
import type { Refusals } from './refusals.ts';
import type { ReplyBuffers } from './reply-buffers.ts';
import { isReverse } from './reverse.ts';
import type { Counters } from './stats.ts';

const noOctets = new Uint8Array(0);

export interface OutsideParts {
  readonly forwarder: Forwarder;
  readonly clock: Clock;
  readonly query: Query;
  readonly counters: Counters;
  readonly gate: Gate;
  readonly refusals: Refusals;
  readonly buffers: ReplyBuffers;
  readonly payloadOctets: number;
}

/** Questions about names that are not ours: from memory, or through the forwarder. */
export class Outside {
  private readonly parts: OutsideParts;
  private readonly plainOpt: Uint8Array;
  private readonly secureOpt: Uint8Array;

  constructor(parts: OutsideParts) {
    this.parts = parts;
    const { payloadOctets } = parts;
    this.plainOpt = encodeOpt({ payloadOctets });
    this.secureOpt = encodeOpt({ payloadOctets, dnssecOk: true });
  }

  /** The remembered answer, straight into a reply. */
  recall(packet: Buffer, client: Client, asker: Asker): Buffer | undefined {
    const { query, counters, forwarder, gate, buffers } = this.parts;
    // Whose a single label or an address is can change; whatever else the forwarder remembers is never ours.
    if (!client.near || query.labels < 2 || isReverse(packet, query.nameEnd)) return undefined;
    const recalled = forwarder.recall(packet, query, gate.limit(query, asker) - octetsOfOpt(query));
    if (recalled === undefined) return undefined;
    const opt = query.hasOpt ? this.opt(gate.cookieFor(packet, query, client.address)) : noOctets;
    counters.counts.forwarded++;
    const reply = recalled.reply(packet, query, opt, buffers);
    counters.reply((reply[3] ?? 0) & 0x0f, false);
    return reply;
  }

  forward(packet: Buffer, client: Client, asker: Asker): Promise<Buffer | undefined> | Buffer | undefined {
    const { gate, query, refusals } = this.parts;
    const allowance = gate.allowance(packet, query, client, asker);
    if (allowance !== 'reply') return refusals.less(packet, allowance, client);
    return this.resolve(packet, client, asker);
  }

  private opt(cookie: Uint8Array | undefined): Uint8Array {
    const { payloadOctets, query } = this.parts;
    const { dnssecOk } = query;
    if (cookie === undefined) return dnssecOk ? this.secureOpt : this.plainOpt;
    return encodeOpt({ payloadOctets, dnssecOk, cookie });
  }

  private async resolve(packet: Buffer, client: Client, asker: Asker): Promise<Buffer | undefined> {
    const { clock, counters, forwarder, gate, query } = this.parts;
    const began = clock.now();
    counters.counts.forwarded++;
    const cookie = gate.cookieFor(packet, query, client.address);
    const reply = await forwarder.resolve(withoutExtras(packet, query), asker, cookie);
    counters.awaitedFor(clock.now() - began);
    if (reply === undefined) return undefined;
    counters.reply(reply[3] ?? 0, false);
    return Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength);
  }
}

/** How long the OPT record of a reply will be. */
function octetsOfOpt({ hasOpt, cookieLength }: Query): number {
  if (!hasOpt) return 0;
  return cookieLength === 0 ? optOctets : optOctets + cookieOptionOctets;
}

/** The question and its OPT record: what else came with it belongs to this hop, and may be anything. */
function withoutExtras(packet: Buffer, { hasExtras, hasOpt, questionEnd, optAt, optEnd }: Query): Buffer {
  if (!hasExtras) return packet;
  const opt = hasOpt ? packet.subarray(optAt, optEnd) : Buffer.alloc(0);
  const plain = Buffer.concat([packet.subarray(0, questionEnd), opt]);
  plain.writeUInt16BE(0, 8);
  plain.writeUInt16BE(hasOpt ? 1 : 0, 10);
  return plain;
}
