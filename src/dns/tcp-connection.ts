import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Asker } from './forwarder.ts';
import type { DnsLimits } from './options.ts';
import type { Answerer } from './responder.ts';

/** Octets of the length before each message (RFC 1035 section 4.2.2). */
const lengthOctets = 2;
/** Replies that the asker does not read may pile up to this; then its questions are not read either. */
const maxUnsentOctets = 256 * 1024;

/**
 * The questions of one TCP connection (RFC 7766): any number, one after the other or at once, each answered when its
 * answer is there. Whoever begins a message and does not end it holds up nobody but himself, and not for long.
 */
export class TcpConnection {
  private readonly socket: Socket;
  private readonly responder: Answerer;
  private readonly clock: Clock;
  private readonly limits: DnsLimits;
  private readonly asker: Asker;
  private readonly onError: (error: unknown) => void;
  private pending: Buffer = Buffer.alloc(0);
  private inFlight = 0;
  private ended = false;
  private cancelTimer = () => {};
  private partial = false;

  constructor(parts: {
    socket: Socket;
    responder: Answerer;
    clock: Clock;
    limits: DnsLimits;
    onError: (error: unknown) => void;
  }) {
    this.socket = parts.socket;
    this.responder = parts.responder;
    this.clock = parts.clock;
    this.limits = parts.limits;
    this.onError = parts.onError;
    this.asker = {
      address: parts.socket.remoteAddress ?? '',
      port: parts.socket.remotePort ?? 0,
      transport: 'tcp',
    };
    parts.socket.on('data', (chunk: Buffer) => this.receive(chunk));
    parts.socket.on('drain', () => this.advance());
    parts.socket.on('end', () => this.finish());
    parts.socket.on('close', () => this.cancelTimer());
    this.watch();
  }

  /** Reads no further question; closes when those that were read are answered. */
  finish(): void {
    this.ended = true;
    this.advance();
  }

  private receive(chunk: Buffer): void {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    this.advance();
  }

  /** Takes as many whole messages as may be in flight. */
  private advance(): void {
    while (!this.isBusy()) {
      const message = this.next();
      if (message === undefined) break;
      this.take(message);
    }
    if (this.ended && this.inFlight === 0 && !this.isBusy()) this.socket.end();
    else if (this.isBusy()) this.socket.pause();
    else this.socket.resume();
    this.watch();
  }

  private isBusy(): boolean {
    return this.inFlight >= this.limits.tcpInFlightPerConnection || this.socket.writableLength > maxUnsentOctets;
  }

  private next(): Buffer | undefined {
    if (this.pending.length < lengthOctets) return undefined;
    const end = lengthOctets + this.pending.readUInt16BE(0);
    if (this.pending.length < end) return undefined;
    const message = this.pending.subarray(lengthOctets, end);
    this.pending = this.pending.subarray(end);
    // What lies behind it was begun only now.
    this.partial = false;
    return message;
  }

  private take(message: Buffer): void {
    try {
      this.responder.counters.counts.tcpQuestions++;
      const response = this.responder.respond(message, this.asker);
      if (response instanceof Promise) this.await(response);
      else if (response !== undefined) this.send(response);
      // What deserves no reply by UDP is no DNS by TCP.
      else this.socket.destroy();
    } catch (error) {
      this.onError(error);
      this.socket.destroy();
    }
  }

  private await(response: Promise<Buffer | undefined>): void {
    this.inFlight++;
    response
      .then((reply) => {
        if (reply !== undefined) this.send(reply);
      })
      .catch(this.onError)
      .finally(() => {
        this.inFlight--;
        this.advance();
      });
  }

  /** Length and message in one write (RFC 7766 section 8); a copy, because the reply holds only until the next question. */
  private send(reply: Buffer): void {
    if (this.socket.destroyed || this.socket.writableEnded) return;
    const framed = Buffer.allocUnsafe(lengthOctets + reply.length);
    framed.writeUInt16BE(reply.length, 0);
    reply.copy(framed, lengthOctets);
    this.socket.write(framed);
  }

  /** The time that is left: to end a message that was begun, counted from its beginning, or to ask something. */
  private watch(): void {
    const partial = this.pending.length > 0 && !this.isBusy();
    if (partial && this.partial) return;
    this.partial = partial;
    this.cancelTimer();
    const delay = partial ? this.limits.tcpMessageMs : this.limits.tcpIdleMs;
    this.cancelTimer = this.clock.after(delay, () => this.expire(partial));
  }

  private expire(partial: boolean): void {
    if (!partial && this.inFlight > 0) {
      this.watch();
      return;
    }
    if (partial) this.responder.counters.counts.tcpTimedOut++;
    this.socket.destroy();
  }
}
