import type { Connection, Stream } from '@libp2p/interface';
import { type Clock, every } from '../clock.ts';
import { StreamReader } from './stream-reader.ts';

/** A stream on every connection, opened by the side that dialled, that lives as long as it; append only. */
export const pulseProtocol = '/weft/pulse/1';

/** A beat is a number of four bytes, which the other side sends back as it came. */
const beatBytes = 4;
/** Beats heard between two of our own: an honest neighbour's are one, and a few more when the way was blocked. */
const maxBeats = 64;

export interface PulseOptions {
  readonly pulseMs: number;
  /** Nothing heard for so long, and the connection is dead whatever TCP thinks. */
  readonly silenceMs: number;
}

/**
 * Beats on a connection and cuts it when the other side falls silent: a host that lost its power sends no FIN, and
 * TCP alone would believe in it for a quarter of an hour.
 */
export class Pulse {
  /** Round trip of the last beat in milliseconds; only the side that dialled measures it. */
  rttMs: number | undefined;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #options: PulseOptions;
  readonly #stopWatching: () => void;
  #stream: Stream | undefined;
  #heardAt: number;
  #watchedAt: number;
  #beat = 0;
  #beatAt = 0;
  /** Beats heard since silence was looked for. */
  #heard = 0;

  constructor(connection: Connection, clock: Clock, options: PulseOptions) {
    this.#connection = connection;
    this.#clock = clock;
    this.#options = options;
    this.#heardAt = clock.now();
    this.#watchedAt = clock.now();
    this.#stopWatching = every(clock, options.pulseMs, () => this.#watch());
    if (connection.direction === 'outbound') this.#open();
  }

  /** Takes the stream that the other side opened. */
  adopt(stream: Stream): void {
    this.#stream?.abort(new Error('another pulse was opened'));
    this.#stream = stream;
    this.#listen(stream);
  }

  stop(): void {
    this.#stopWatching();
    this.#stream?.abort(new Error('the link is over'));
  }

  #open(): void {
    this.#connection
      .newStream(pulseProtocol, { signal: AbortSignal.timeout(this.#options.silenceMs) })
      .then((stream) => {
        this.#stream = stream;
        this.#send();
        this.#listen(stream);
      })
      // A peer that takes no pulse falls silent by that; the watch sees to it.
      .catch(() => {});
  }

  async #listen(stream: Stream): Promise<void> {
    const reader = new StreamReader(stream);
    try {
      for (let beat = await reader.read(beatBytes); beat !== undefined; beat = await reader.read(beatBytes)) {
        this.#heardAt = this.#clock.now();
        this.#heard += 1;
        // Each answer that the other side does not read would be kept for it.
        if (this.#heard > maxBeats) return stream.abort(new Error('too many beats'));
        if (this.#connection.direction === 'inbound') stream.send(beat);
        else if (Buffer.from(beat).readUInt32BE() === this.#beat) this.rttMs = this.#heardAt - this.#beatAt;
      }
    } catch {
      // A broken stream is silence.
    }
  }

  #watch(): void {
    const now = this.#clock.now();
    // A process that stood still for a while must not blame the others for what it did not hear meanwhile.
    if (now - this.#watchedAt > 2 * this.#options.pulseMs) this.#heardAt = now;
    this.#watchedAt = now;
    this.#heard = 0;
    if (now - this.#heardAt >= this.#options.silenceMs) cutConnection(this.#connection, 'the neighbour fell silent');
    else if (this.#connection.direction === 'outbound') this.#send();
  }

  #send(): void {
    if (this.#stream?.status !== 'open' || this.#stream.writeBufferLength > 0) return;
    this.#beat = (this.#beat + 1) % 2 ** 32;
    this.#beatAt = this.#clock.now();
    const beat = Buffer.alloc(beatBytes);
    beat.writeUInt32BE(this.#beat);
    try {
      this.#stream.send(beat);
    } catch {}
  }
}

/** Cuts a connection at once, whatever state it is in. */
export function cutConnection(connection: Connection, reason: string): void {
  try {
    connection.abort(new Error(reason));
  } catch {
    // It tried to say goodbye on what is closed already.
  }
}
