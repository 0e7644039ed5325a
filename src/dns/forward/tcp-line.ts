import { connect, type Socket } from 'node:net';
import type { ExchangeListener } from './exchange.ts';
import { Deframer, frame } from './frame.ts';
import { word } from './message.ts';
import type { Endpoint } from './options.ts';

/** What becomes of a connection. */
export interface TcpLineEvents {
  /** Nothing is out on it any more. */
  idle(): void;
  /** Called once. */
  closed(): void;
}

/** One connection to an upstream, and the questions that are out on it by their ids. */
export class TcpLine {
  readonly #socket: Socket;
  readonly #capacity: number;
  readonly #events: TcpLineEvents;
  readonly #deframer = new Deframer();
  /** Undefined for whom nobody waits any more: their late answers are no lies. */
  readonly #out = new Map<number, ExchangeListener | undefined>();
  /** Somebody waited in vain: nobody else should. */
  #doubtful = false;
  #connected = false;
  #destroyed = false;
  #cancelRest = () => {};

  constructor(to: Endpoint, capacity: number, events: TcpLineEvents) {
    this.#capacity = capacity;
    this.#events = events;
    this.#socket = connect({ host: to.address, port: to.port, noDelay: true });
    this.#socket.on('connect', () => {
      this.#connected = true;
    });
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
    this.#socket.on('data', (piece) => this.#take(piece));
  }

  get inFlight(): number {
    return this.#out.size;
  }

  /** Whether it ever was more than an attempt. */
  get wasConnected(): boolean {
    return this.#connected;
  }

  get isIdle(): boolean {
    return this.#connected && this.#out.size === 0 && !this.#destroyed;
  }

  /** Whether it has room for one more question, of this id. */
  takes(id: number): boolean {
    return !this.#doubtful && !this.#destroyed && this.#out.size < this.#capacity && !this.#out.has(id);
  }

  /** Asks, and returns what ends it without a word. */
  ask(query: Uint8Array, listener: ExchangeListener): () => void {
    const id = word(query, 0);
    this.#cancelRest();
    this.#out.set(id, listener);
    this.#socket.write(frame(query));
    return () => {
      if (this.#out.get(id) === listener) this.#abandon(id);
    };
  }

  /** Takes what must be called when the next question comes, or the end. */
  rest(cancelRest: () => void): void {
    this.#cancelRest = cancelRest;
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#out.clear();
    this.#cancelRest();
    this.#socket.destroy();
    this.#events.closed();
  }

  #abandon(id: number): void {
    this.#doubtful = true;
    this.#out.set(id, undefined);
    this.#leaveIfDone();
  }

  #leaveIfDone(): void {
    if ([...this.#out.values()].every((listener) => listener === undefined)) this.destroy();
  }

  #take(piece: Uint8Array): void {
    for (const message of this.#deframer.push(piece)) {
      if (this.#destroyed) return;
      this.#hand(message);
    }
  }

  #hand(message: Uint8Array): void {
    const id = word(message, 0);
    const listener = this.#out.get(id);
    if (!this.#out.delete(id)) this.#fail('it answered what it was not asked');
    else if (this.#doubtful) this.#leaveIfDone();
    else if (this.#out.size === 0) this.#events.idle();
    listener?.heard(message);
  }

  /** Whoever waits hears of it once the connection is gone, and may ask elsewhere at once. */
  #fail(problem: string): void {
    const waiting = [...this.#out.values()];
    this.destroy();
    for (const listener of waiting) listener?.failed(problem);
  }
}
