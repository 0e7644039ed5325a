import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6, type Socket as TcpSocket } from 'node:net';
import { type QuestionTerms, question, type Reply, read } from './message.ts';

interface Server {
  readonly address: string;
  readonly port: number;
}

/** A client with one UDP socket that asks one thing at a time. */
export class UdpClient {
  readonly socket: Socket;
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
    this.socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
  }

  async ask(name: string, terms?: QuestionTerms): Promise<Reply> {
    return read(await this.exchange(question(name, terms)));
  }

  async exchange(packet: Uint8Array): Promise<Buffer> {
    const replied = once(this.socket, 'message');
    this.socket.send(packet, this.server.port, this.server.address);
    const [reply] = await replied;
    return reply;
  }

  close(): void {
    this.socket.close();
  }
}

/** A client with one TCP connection. */
export class TcpClient {
  readonly socket: TcpSocket;
  private readonly replies: Buffer[] = [];
  private pending = Buffer.alloc(0);
  private waiting: (() => void)[] = [];
  closed = false;

  constructor(server: Server) {
    this.socket = connect({ host: server.address, port: server.port, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.receive(chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  send(name: string, terms?: QuestionTerms): void {
    this.socket.write(framed(question(name, terms)));
  }

  async ask(name: string, terms?: QuestionTerms): Promise<Reply> {
    this.send(name, terms);
    return this.next();
  }

  /** The next reply in the order of arrival; throws when the server closed before it. */
  async next(): Promise<Reply> {
    while (this.replies.length === 0) {
      if (this.closed) throw new Error('the server closed the connection');
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return read(this.replies.shift());
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.pending = Buffer.concat([this.pending, chunk]);
    while (this.pending.length >= 2 && this.pending.length >= 2 + this.pending.readUInt16BE(0)) {
      const end = 2 + this.pending.readUInt16BE(0);
      this.replies.push(this.pending.subarray(2, end));
      this.pending = this.pending.subarray(end);
    }
    this.wake();
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

export function framed(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message]);
}
