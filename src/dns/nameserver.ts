import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { NameEntry, Network } from '../record.ts';
import type { Explanation } from './explanation.ts';
import type { Forwarder } from './forwarder.ts';
import type { DnsOptions, ListenAddress } from './options.ts';
import { QueryLog } from './query-log.ts';
import { type Answerer, Responder } from './responder.ts';
import type { DnsStats } from './stats.ts';
import { TcpListener } from './tcp.ts';
import { UdpListener } from './udp.ts';

/** What asks when nobody is named: this host itself. */
const ownAddress = '127.0.0.1';
/** Free UDP ports whose TCP twin may be taken: tried this often where port 0 is asked for. */
const freePortAttempts = 10;

/** The name server of one thread: sockets, and answers compiled from what it was told. */
export class Nameserver {
  private readonly options: DnsOptions;
  private readonly forwarder: Forwarder;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly responder: Responder;
  /** What is asked: the responder, or the log before it. */
  private readonly answerer: Answerer;
  private bound: ListenAddress[] = [];
  private listeners: (UdpListener | TcpListener)[] = [];

  constructor({
    options,
    forwarder,
    clock,
    log,
  }: { options: DnsOptions; forwarder: Forwarder; clock: Clock; log: Log }) {
    this.options = options;
    this.forwarder = forwarder;
    this.clock = clock;
    this.log = log;
    this.responder = new Responder({ options, forwarder, clock });
    const { queryLogEvery: every, limits } = options;
    const linesPerSecond = limits.queryLogLinesPerSecond;
    this.answerer =
      every === 0 ? this.responder : new QueryLog({ answerer: this.responder, every, linesPerSecond, clock, log });
  }

  /** Binds every address by UDP and TCP; rejects with the system's error if one cannot be had, leaving none open. */
  async start(addresses = this.options.listen): Promise<void> {
    await this.forwarder.start();
    try {
      for (const listen of addresses) this.bound.push(await this.bind(listen));
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  /** Takes nothing new, sends what is owed, closes. */
  async stop(drainMs = this.options.limits.drainMs): Promise<void> {
    const { listeners } = this;
    this.listeners = [];
    this.bound = [];
    await Promise.all(listeners.map((listener) => listener.stop(drainMs)));
    await this.forwarder.stop();
  }

  /** Takes over what is now known of these names, all at once: no answer mixes two states. */
  update(entries: readonly NameEntry[]): void {
    this.responder.update(entries);
  }

  /** Takes over this host's networks: who asks from where, and which addresses would lead somewhere else. */
  setNetworks(networks: readonly Network[]): void {
    this.responder.setNetworks(networks);
  }

  /** Whether an address is this host's own or on one of its networks. */
  isNear(address: string): boolean {
    return this.responder.isNear(address);
  }

  /** Why a question for `name` from `from` (default: this host itself) is answered the way it is. */
  explain(name: string, from = ownAddress): Explanation {
    return this.responder.explain(name, from);
  }

  stats(): DnsStats {
    return this.responder.counters.stats();
  }

  /** Where it listens, with the ports that were taken. */
  boundAddresses(): ListenAddress[] {
    return this.bound;
  }

  private async bind(listen: ListenAddress): Promise<ListenAddress> {
    for (let attempt = 1; ; attempt++) {
      const udp = new UdpListener({ ...this.parts(), listen });
      await udp.start();
      const bound = { ...listen, port: udp.port };
      const tcp = new TcpListener({ ...this.parts(), listen: bound, limits: this.options.limits });
      try {
        await tcp.start();
        this.listeners.push(udp, tcp);
        return bound;
      } catch (error) {
        await udp.stop(0);
        if (listen.port !== 0 || attempt >= freePortAttempts) throw error;
      }
    }
  }

  private parts() {
    const { answerer: responder, clock, log } = this;
    return { responder, clock, log };
  }
}
