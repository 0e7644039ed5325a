import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { nameIn, replyTo } from './packets.ts';

/** A question that reached the twin, and how to answer it. */
export interface Asked {
  readonly query: Uint8Array;
  readonly name: string;
  readonly transport: 'udp' | 'tcp';
  readonly from: { readonly address: string; readonly port: number };
  reply(message: Uint8Array): void;
}

/** What the twin does with a question; nothing for silence. */
export type Script = (asked: Asked) => void;

/** An upstream resolver on the loopback, UDP and TCP on one free port, that does what its script says. */
export class UpstreamTwin {
  script: Script;
  /** For the forwarder's own probes. */
  probes: Script = ({ query, reply }) => reply(replyTo(query, { rcode: 3 }));
  readonly asked: Asked[] = [];
  readonly address: string;
  readonly #udp: Socket;
  readonly #tcp: Server;
  readonly #connections = new Set<TcpSocket>();
  accepted = 0;
  #running = true;
  port = 0;

  constructor(script: Script, address = '127.0.0.1') {
    this.script = script;
    this.address = address;
    this.#udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    this.#tcp = createServer((connection) => this.#accept(connection));
  }

  get endpoint(): { readonly address: string; readonly port: number } {
    return { address: this.address, port: this.port };
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  /** Questions other than the forwarder's own probes. */
  get questions(): Asked[] {
    return this.asked.filter(({ name }) => !isProbe(name));
  }

  /** A port that is free by TCP may be taken by UDP: tries until both can be had. */
  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen(0, this.address, resolve);
    });
    const bound = this.#tcp.address();
    this.port = typeof bound === 'object' && bound ? bound.port : 0;
    await new Promise<void>((resolve, reject) => {
      this.#udp.once('error', reject);
      this.#udp.bind(this.port, this.address, resolve);
    });
    this.#udp.on('message', (query, from) => this.#hear(query, from));
    return this;
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    for (const connection of this.#connections) connection.destroy();
    await Promise.all([
      new Promise<void>((resolve) => void this.#udp.close(() => resolve())),
      new Promise<void>((resolve) => void this.#tcp.close(() => resolve())),
    ]);
  }

  closeConnections(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** Sends what is to be sent, then closes. */
  endConnections(): void {
    for (const connection of this.#connections) connection.end();
  }

  #hear(query: Uint8Array, from: RemoteInfo): void {
    // A late answer may come after the end.
    const reply = (message: Uint8Array) => this.#running && this.#udp.send(message, from.port, from.address);
    this.#take({ query, name: nameIn(query), transport: 'udp', from, reply });
  }

  #accept(connection: TcpSocket): void {
    this.accepted++;
    this.#connections.add(connection);
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('error', () => {});
    let held = Buffer.alloc(0);
    connection.on('data', (piece) => {
      held = Buffer.concat([held, piece]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE()) {
        const query = held.subarray(2, 2 + held.readUInt16BE());
        held = held.subarray(2 + query.length);
        this.#take({
          query,
          name: nameIn(query),
          transport: 'tcp',
          from: addressOf(connection),
          reply: framed(connection),
        });
      }
    });
  }

  #take(asked: Asked): void {
    this.asked.push(asked);
    if (isProbe(asked.name)) this.probes(asked);
    else this.script(asked);
  }
}

function isProbe(name: string): boolean {
  return /^[0-9a-f]{16}\.test-token$/.test(name);
}

function addressOf(connection: TcpSocket): { address: string; port: number } {
  return { address: connection.remoteAddress ?? '', port: connection.remotePort ?? 0 };
}

function framed(connection: TcpSocket): (message: Uint8Array) => void {
  return (message) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(message.length);
    connection.write(Buffer.concat([length, message]));
  };
}
