import type { Query } from './query.ts';
import type { ReplyBuffers } from './reply-buffers.ts';

/** Who asks: where the reply goes, and by which transport the question came. */
export interface Asker {
  readonly address: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
}

/** A remembered answer that only has to be addressed. */
export interface Recalled {
  /**
   * The reply to the question that `query` read from `packet`, with this OPT record behind it. Its octets are good until
   * the next one, or while a watched queue holds them.
   */
  reply(packet: Uint8Array, query: Query, opt: Uint8Array, buffers: ReplyBuffers): Buffer;
}

/** Answers questions about names that are not ours. */
export interface Forwarder {
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * `query` passed our strict check (QR=0, opcode QUERY, one question, class IN, well-formed OPT if any).
   * Resolves with the whole reply for the asker (its id, its size limit obeyed), or undefined when nothing should be
   * sent. Never rejects. `cookie` goes into the reply's OPT record, if the query has one.
   */
  resolve(query: Uint8Array, from: Asker, cookie?: Uint8Array): Promise<Uint8Array | undefined>;
  /**
   * What is remembered for the question that `query` read from `packet`, if it is fresh and takes no more than `room`
   * octets without OPT record; else `resolve` it. For askers that may ask, about names that can never be ours.
   */
  recall(packet: Uint8Array, query: Query, room: number): Recalled | undefined;
}
