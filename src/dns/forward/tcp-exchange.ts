import { connect, type Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import type { Exchange, ExchangeListener } from './exchange.ts';
import { Deframer, frame } from './frame.ts';
import type { Endpoint } from './options.ts';
import { endpointText } from './upstream.ts';

/** What the pool keeps, and how long. */
export interface TcpLimits {
  readonly idleConnections: number;
  readonly idleMs: number;
}

/** Asks by TCP, one question at a time on each connection; connections that ended well are kept for the next one. */
export class TcpExchange implements Exchange {
  readonly #clock: Clock;
  readonly #limits: TcpLimits;
  readonly #idle = new Map<string, Connection[]>();
  readonly #open = new Set<Connection>();

  constructor(clock: Clock, limits: TcpLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  get idleConnections(): number {
    return [...this.#idle.values()].flat().length;
  }

  ask(query: Uint8Array, to: Endpoint, listener: ExchangeListener): () => void {
    const kept = this.#idle.get(endpointText(to))?.pop();
    let connection = kept ?? this.#connect(to);
    let ended = false;
    const first: ExchangeListener = {
      heard: (reply) => {
        ended = true;
        this.#keep(connection);
        listener.heard(reply);
      },
      failed: (problem) => listener.failed(problem),
    };
    // RFC 7766 section 6.2.1: a kept connection may have been closed meanwhile; that says nothing of the upstream.
    const again = () => {
      connection = this.#connect(to);
      connection.ask(query, first);
    };
    connection.ask(query, kept ? { heard: first.heard, failed: again } : first);
    return () => {
      if (!ended) connection.destroy();
      ended = true;
    };
  }

  close(): void {
    for (const connection of this.#open) connection.destroy();
  }

  #connect(to: Endpoint): Connection {
    const connection = new Connection(to, () => this.#forget(connection));
    this.#open.add(connection);
    return connection;
  }

  #keep(connection: Connection): void {
    const idle = this.#idle.get(connection.peer) ?? [];
    if (idle.length >= this.#limits.idleConnections) {
      connection.destroy();
      return;
    }
    idle.push(connection);
    this.#idle.set(connection.peer, idle);
    connection.rest(this.#clock.after(this.#limits.idleMs, () => connection.destroy()));
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    const idle = this.#idle.get(connection.peer)?.filter((other) => other !== connection);
    if (idle?.length) this.#idle.set(connection.peer, idle);
    else this.#idle.delete(connection.peer);
  }
}

/** One connection to an upstream, with a question out or at rest. */
class Connection {
  readonly peer: string;
  readonly #socket: Socket;
  readonly #onClose: () => void;
  #deframer = new Deframer();
  #listener: ExchangeListener | undefined;
  #cancelRest = () => {};
  #destroyed = false;

  constructor(to: Endpoint, onClose: () => void) {
    this.peer = endpointText(to);
    this.#onClose = onClose;
    this.#socket = connect({ host: to.address, port: to.port, noDelay: true });
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
    this.#socket.on('data', (piece) => this.#take(piece));
  }

  ask(query: Uint8Array, listener: ExchangeListener): void {
    this.#cancelRest();
    this.#listener = listener;
    this.#deframer = new Deframer();
    this.#socket.write(frame(query));
  }

  rest(cancelRest: () => void): void {
    this.#cancelRest = cancelRest;
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#listener = undefined;
    this.#cancelRest();
    this.#socket.destroy();
    this.#onClose();
  }

  #take(piece: Uint8Array): void {
    const message = this.#listener ? this.#deframer.push(piece) : 'excess';
    if (message === 'excess') this.#fail('more came than one answer');
    else if (message !== undefined) this.#hand(message);
  }

  #hand(message: Uint8Array): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.heard(message);
  }

  #fail(problem: string): void {
    const listener = this.#listener;
    this.destroy();
    listener?.failed(problem);
  }
}
