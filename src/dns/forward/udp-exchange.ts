import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Exchange, ExchangeListener } from './exchange.ts';
import type { Endpoint } from './options.ts';

/**
 * Asks by UDP, each question from a socket of its own: the system gives each a random port, and a connected socket
 * hears its upstream's address and port only, and at once when nobody listens there.
 */
export class UdpExchange implements Exchange {
  readonly #open = new Set<Socket>();

  get openSockets(): number {
    return this.#open.size;
  }

  ask(query: Uint8Array, to: Endpoint, listener: ExchangeListener): () => void {
    const socket = createSocket({ type: isIPv6(to.address) ? 'udp6' : 'udp4', lookup: literal });
    this.#open.add(socket);
    const end = () => this.#end(socket);
    const fail = (error: Error) => {
      if (end()) listener.failed(error.message);
    };
    socket.on('error', fail);
    socket.on('message', (reply) => listener.heard(reply));
    socket.on('connect', () => socket.send(query, (error) => error && fail(error)));
    try {
      socket.connect(to.port, to.address);
    } catch (error) {
      queueMicrotask(() => fail(error instanceof Error ? error : new Error(String(error))));
    }
    return end;
  }

  close(): void {
    for (const socket of this.#open) this.#end(socket);
  }

  /** True if the socket was still open. */
  #end(socket: Socket): boolean {
    if (!this.#open.delete(socket)) return false;
    socket.removeAllListeners();
    // What a socket says while it closes must not end the process.
    socket.on('error', () => {});
    socket.close();
    return true;
  }
}

type Found = (error: Error | null, address: string, family: number) => void;

/** Upstreams are addresses: there is nothing to look up, and nothing to wait for. */
function literal(address: string, _options: unknown, found: Found): void {
  found(null, address, isIPv6(address) ? 6 : 4);
}
