import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { ErrorLog } from './error-log.ts';
import type { ListenAddress } from './options.ts';
import type { Answerer } from './responder.ts';

/** The discard port: where a draining socket is connected to, because nobody sends from there. */
const nowherePort = 9;
/** Queued datagrams are read within one turn of the loop; this many turns without any mean that there are none left. */
const quietTurns = 3;
/** A queue that fills for this long while it is read is somebody's flood. */
const maxDrainRounds = 50;
/** Bursts wait here while an answer is compiled or the collector runs. */
const receiveBufferOctets = 4 * 1024 * 1024;

/** Answers on one UDP address; one socket for each, so that a reply leaves from the address that was asked. */
export class UdpListener {
  private readonly responder: Answerer;
  private readonly clock: Clock;
  private readonly errors: ErrorLog;
  private readonly listen: ListenAddress;
  private socket: Socket | undefined;
  private forgetQueue = () => {};
  private stopping = false;
  private owed = 0;
  private held: { packet: Buffer; address: string; port: number }[] | undefined;

  constructor(parts: { listen: ListenAddress; responder: Answerer; clock: Clock; log: Log }) {
    this.listen = parts.listen;
    this.responder = parts.responder;
    this.clock = parts.clock;
    this.errors = new ErrorLog(parts);
  }

  get port(): number {
    return this.socket?.address().port ?? this.listen.port;
  }

  async start(): Promise<void> {
    const { address, port } = this.listen;
    const ipv6 = isIPv6(address);
    const socket = createSocket({
      type: ipv6 ? 'udp6' : 'udp4',
      ipv6Only: ipv6,
      reusePort: true,
      // Replies go to addresses, never to names: there is nothing to look up, and no turn of the loop to wait for.
      lookup: (host, _options, callback) => callback(null, host, ipv6 ? 6 : 4),
    });
    try {
      // Without a look-up to wait for, the socket may be bound before `bind` returns.
      const listening = once(socket, 'listening');
      socket.bind(port, address);
      await listening;
    } catch (error) {
      socket.close();
      throw error;
    }
    enlargeReceiveBuffer(socket);
    socket.on('error', (error) => this.survive(error));
    socket.on('message', (packet, { address: from, port: fromPort }) => this.receive(packet, from, fromPort));
    this.forgetQueue = this.responder.watchQueue(() => socket.getSendQueueCount());
    this.socket = socket;
  }

  /** Takes nothing new, answers what has arrived and what is awaited, closes. */
  async stop(drainMs: number): Promise<void> {
    const { socket } = this;
    if (socket === undefined || this.stopping) return;
    this.stopping = true;
    const end = this.clock.now() + drainMs;
    try {
      if (drainMs > 0) await this.drain(socket, end);
    } catch (error) {
      this.survive(error);
    }
    this.socket = undefined;
    this.forgetQueue();
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  private receive(packet: Buffer, address: string, port: number): void {
    if (this.held) {
      this.held.push({ packet, address, port });
      return;
    }
    const { socket } = this;
    if (socket === undefined) return;
    // RFC 768: no source port means that no reply is wanted; a forged one would only make `send` throw.
    if (port === 0) return;
    this.answer(socket, packet, address, port);
  }

  private answer(socket: Socket, packet: Buffer, address: string, port: number): void {
    const { responder } = this;
    try {
      responder.counters.counts.udpQuestions++;
      const response = responder.respond(packet, { address, port, transport: 'udp' });
      if (response === undefined) return;
      if (response instanceof Promise) {
        this.await(socket, response, address, port);
        return;
      }
      socket.send(response, port, address);
    } catch (error) {
      this.survive(error);
    }
  }

  private await(socket: Socket, response: Promise<Buffer | undefined>, address: string, port: number): void {
    this.owed++;
    response
      .then((reply) => {
        if (reply !== undefined) socket.send(Buffer.from(reply), port, address);
      })
      .catch((error: unknown) => this.survive(error))
      .finally(() => this.owed--);
  }

  /**
   * A socket that shares its port cannot be told to stop receiving, but a connected one gets nothing from strangers.
   * So: connect it to nowhere, read its queue, disconnect to send the replies, and again until the queue was empty.
   */
  private async drain(socket: Socket, end: number): Promise<void> {
    for (let round = 0; round < maxDrainRounds && this.clock.now() < end; round++) {
      this.held = [];
      socket.connect(nowherePort, socket.address().address);
      for (let quiet = 0, seen = 0; quiet < quietTurns; quiet = seen === this.held.length ? quiet + 1 : 0) {
        seen = this.held.length;
        await turn();
      }
      const held = this.held;
      this.held = undefined;
      if (held.length === 0 && this.owed === 0) return;
      socket.disconnect();
      for (const { packet, address, port } of held) this.answer(socket, packet, address, port);
      while (this.owed > 0 && this.clock.now() < end) await turn();
    }
  }

  private survive(error: unknown): void {
    this.responder.counters.counts.errors++;
    this.errors.write(error, { address: this.listen.address }, 'a question by UDP met an error');
  }
}

/** The kernel may allow less, and gives what it allows. */
function enlargeReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(receiveBufferOctets);
  } catch {
    // A socket with the kernel's own size answers as well.
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
