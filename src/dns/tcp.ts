import { once } from 'node:events';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { ErrorLog } from './error-log.ts';
import type { DnsLimits, ListenAddress } from './options.ts';
import type { Answerer } from './responder.ts';
import { TcpConnection } from './tcp-connection.ts';

/** Answers on one TCP address. */
export class TcpListener {
  private readonly responder: Answerer;
  private readonly clock: Clock;
  private readonly errors: ErrorLog;
  private readonly listen: ListenAddress;
  private readonly limits: DnsLimits;
  private readonly connections = new Map<Socket, TcpConnection>();
  private readonly perClient = new Map<string, number>();
  private server: Server | undefined;

  constructor(parts: { listen: ListenAddress; limits: DnsLimits; responder: Answerer; clock: Clock; log: Log }) {
    this.listen = parts.listen;
    this.limits = parts.limits;
    this.responder = parts.responder;
    this.clock = parts.clock;
    this.errors = new ErrorLog(parts);
  }

  async start(): Promise<void> {
    const { address, port } = this.listen;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket));
    server.listen({ host: address, port, reusePort: true, ipv6Only: isIPv6(address) });
    await once(server, 'listening');
    server.on('error', (error) => this.survive(error));
    this.server = server;
  }

  /** Accepts nobody, answers what was asked, closes; cuts off who does not let go in time. */
  async stop(drainMs: number): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const connection of this.connections.values()) connection.finish();
    const cut = () => {
      for (const socket of this.connections.keys()) socket.destroy();
    };
    const cancel = this.clock.after(drainMs, cut);
    if (drainMs <= 0) cut();
    await closed;
    cancel();
  }

  private accept(socket: Socket): void {
    const { counts } = this.responder.counters;
    const address = socket.remoteAddress ?? '';
    const open = this.perClient.get(address) ?? 0;
    socket.on('error', () => socket.destroy());
    if (this.connections.size >= this.limits.tcpConnections || open >= this.limits.tcpConnectionsPerClient) {
      counts.tcpRefused++;
      socket.destroy();
      return;
    }
    counts.tcpConnections++;
    this.perClient.set(address, open + 1);
    socket.on('close', () => this.forget(socket, address));
    const { responder, clock, limits } = this;
    const onError = (error: unknown) => this.survive(error);
    this.connections.set(socket, new TcpConnection({ socket, responder, clock, limits, onError }));
  }

  private forget(socket: Socket, address: string): void {
    this.connections.delete(socket);
    const open = (this.perClient.get(address) ?? 1) - 1;
    if (open > 0) this.perClient.set(address, open);
    else this.perClient.delete(address);
  }

  private survive(error: unknown): void {
    this.responder.counters.counts.errors++;
    this.errors.write(error, { address: this.listen.address }, 'a question by TCP met an error');
  }
}
