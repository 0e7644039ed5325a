import type { Connection, Stream } from '@libp2p/interface';
import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import { encodeFrame, readFrame } from './frame.ts';
import { StreamReader, sendAll } from './stream-reader.ts';

/** One request and its answer, a stream for each; append only. */
export const exchangeProtocol = '/weft/sync/1';

export interface ExchangeOptions {
  readonly maxRequestBytes: number;
  readonly maxChunkBytes: number;
  /** How long either side waits for the other to move, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Requests of one peer answered at the same time; more are reset. */
  readonly maxRequestsPerPeer: number;
}

export interface ExchangeParts {
  readonly clock: Clock;
  readonly options: ExchangeOptions;
  readonly answer: (from: HostId, request: Uint8Array) => AsyncIterable<Uint8Array>;
  readonly onBytes: (direction: 'in' | 'out', count: number) => void;
  readonly onDropped: (reason: string) => void;
  /** A peer asks more at once than any host has to. */
  readonly onGreed: (peer: HostId) => void;
}

/**
 * Requests over links: the dialling side of a stream sends one frame, the other answers with frames and an empty one.
 * Whoever waits longer than the timeout for the other's next byte, in either direction, resets the stream.
 */
export class Exchange {
  readonly #parts: ExchangeParts;
  readonly #answering = new Map<HostId, number>();

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  /** Asks over a connection; throws when it breaks, stalls or is answered in the wrong form. */
  async *request(connection: Connection, bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    const { options, clock, onBytes } = this.#parts;
    const opening = new AbortController();
    const cancel = clock.after(options.requestTimeoutMs, () =>
      opening.abort(new Error('the neighbour opens no stream')),
    );
    const stream = await connection.newStream(exchangeProtocol, { signal: opening.signal }).finally(cancel);
    const reader = new StreamReader(stream);
    try {
      await this.#timed(stream, () => sendAll(stream, encodeFrame(bytes)));
      onBytes('out', bytes.length);
      while (true) {
        const chunk = await this.#timed(stream, () => readFrame(reader, options.maxChunkBytes));
        if (chunk.length === 0) break;
        onBytes('in', chunk.length);
        yield chunk;
      }
      await stream.close().catch(() => {});
    } finally {
      // Also where the asker wants no more of it: the other side then stops making the rest.
      if (stream.status !== 'closed') stream.abort(new Error('the request is over'));
      reader.release();
    }
  }

  /** Answers one stream that a peer opened; never throws. */
  async serve(from: HostId, stream: Stream): Promise<void> {
    const running = this.#answering.get(from) ?? 0;
    if (running >= this.#parts.options.maxRequestsPerPeer) {
      this.#parts.onDropped('too many requests at once');
      stream.abort(new Error('too many requests at once'));
      this.#parts.onGreed(from);
      return;
    }
    this.#answering.set(from, running + 1);
    const reader = new StreamReader(stream);
    try {
      await this.#answer(from, stream, reader);
    } catch (error) {
      this.#parts.onDropped('broken request');
      stream.abort(error instanceof Error ? error : new Error(String(error)));
    } finally {
      reader.release();
      const left = (this.#answering.get(from) ?? 1) - 1;
      if (left === 0) this.#answering.delete(from);
      else this.#answering.set(from, left);
    }
  }

  async #answer(from: HostId, stream: Stream, reader: StreamReader): Promise<void> {
    const { options, answer, onBytes } = this.#parts;
    const request = await this.#timed(stream, () => readFrame(reader, options.maxRequestBytes));
    onBytes('in', request.length);
    const chunks = answer(from, request)[Symbol.asyncIterator]();
    const step = () => this.#timed(stream, () => chunks.next());
    try {
      for (let next = await step(); !next.done; next = await step()) await this.#send(stream, next.value);
    } finally {
      // Not waited for: what made the chunks may be what does not move.
      chunks.return?.().catch(() => {});
    }
    await this.#timed(stream, () => sendAll(stream, encodeFrame(new Uint8Array())));
    await stream.close().catch(() => {});
  }

  async #send(stream: Stream, chunk: Uint8Array): Promise<void> {
    const { options, onBytes } = this.#parts;
    if (chunk.length > options.maxChunkBytes) throw new Error(`an answer has a chunk of ${chunk.length} bytes`);
    // An empty frame would say that the answer is whole.
    if (chunk.length === 0) return;
    await this.#timed(stream, () => sendAll(stream, encodeFrame(chunk)));
    onBytes('out', chunk.length);
  }

  /** Runs one step, and resets the stream and throws when it takes too long. */
  async #timed<T>(stream: Stream, step: () => Promise<T>): Promise<T> {
    const { clock, options } = this.#parts;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = clock.after(options.requestTimeoutMs, () => {
      const error = new Error(`the request did not move for ${options.requestTimeoutMs} ms`);
      stream.abort(error);
      reject(error);
    });
    return await Promise.race([step(), late]).finally(cancel);
  }
}
