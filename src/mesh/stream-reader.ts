import type { MessageStream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface';

/** Bytes held unread before the sender is told to wait: one chunk of an answer, so that reading stays ahead of the wire. */
const highWaterBytes = 65_536;

/** Pulls whole pieces out of a stream, and holds the sender back while nobody pulls. */
export class StreamReader {
  readonly #stream: MessageStream;
  #parts: Uint8Array[] = [];
  #buffered = 0;
  #ended = false;
  #error: Error | undefined;
  #wake = () => {};

  readonly #onMessage = (event: StreamMessageEvent) => {
    const bytes = event.data instanceof Uint8Array ? event.data : event.data.subarray();
    this.#parts.push(bytes);
    this.#buffered += bytes.length;
    this.#wake();
    if (this.#buffered > highWaterBytes) this.#hold(true);
  };
  readonly #onClose = (event: StreamCloseEvent) => {
    this.#error = event.error;
    this.#ended = true;
    this.#wake();
  };
  readonly #onEnd = () => {
    this.#ended = true;
    this.#wake();
  };

  constructor(stream: MessageStream) {
    this.#stream = stream;
    stream.addEventListener('message', this.#onMessage);
    stream.addEventListener('close', this.#onClose);
    stream.addEventListener('end', this.#onEnd);
  }

  /** Exactly `length` bytes; `undefined` where the stream ends before them; throws when it is aborted or reset. */
  async read(length: number): Promise<Uint8Array | undefined> {
    while (this.#buffered < length) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended || this.#stream.readableEnded) return undefined;
      this.#hold(false);
      if (this.#buffered < length) await this.#more();
    }
    return this.#take(length);
  }

  /** Lets go of the stream; what came and was not read goes to whoever listens next. */
  release(): void {
    this.#stream.removeEventListener('message', this.#onMessage);
    this.#stream.removeEventListener('close', this.#onClose);
    this.#stream.removeEventListener('end', this.#onEnd);
    this.#hold(false);
    if (this.#buffered > 0 && this.#stream.status === 'open') this.#stream.unshift(this.#take(this.#buffered));
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #take(length: number): Uint8Array {
    const whole = this.#parts.length === 1 && this.#parts[0] ? this.#parts[0] : Buffer.concat(this.#parts);
    const rest = whole.subarray(length);
    this.#parts = rest.length > 0 ? [rest] : [];
    this.#buffered = rest.length;
    return whole.subarray(0, length);
  }

  #hold(held: boolean): void {
    // A stream that is closing can be neither paused nor resumed, and need not be.
    if (this.#stream.status !== 'open' || this.#stream.readableEnded) return;
    try {
      if (held) this.#stream.pause();
      else this.#stream.resume();
    } catch {}
  }
}

/** Sends, and waits until the stream takes more; throws when it closes before that. */
export async function sendAll(stream: MessageStream, bytes: Uint8Array): Promise<void> {
  if (stream.send(bytes)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (event: Event) => {
      stream.removeEventListener('drain', settle);
      stream.removeEventListener('close', settle);
      if (event.type === 'drain') resolve();
      else reject(new Error('the stream closed before all was sent'));
    };
    stream.addEventListener('drain', settle);
    stream.addEventListener('close', settle);
  });
}
