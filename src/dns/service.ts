import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { NameEntry, Network } from '../record.ts';
import type { Explanation } from './explanation.ts';
import type { ForwardStats } from './forward/stats.ts';
import type { DnsOptions, ListenAddress } from './options.ts';
import { holderOf, isTaken } from './port-holder.ts';
import type { DnsStats } from './stats.ts';
import { ThreadError, ThreadHandle } from './thread-handle.ts';
import { Totals } from './totals.ts';

/** How long a thread that died waits before its successor: so that one that cannot live does not take a whole core. */
const restartMs = 200;
/** A thread that should have ended by its own drain time is ended this much later. */
const patienceMs = 1000;

/** What the whole service counted. */
export interface ServiceStats extends DnsStats {
  readonly threads: number;
  readonly threadRestarts: number;
  /** Milliseconds that each thread was busy since it started, by its number. */
  readonly busyMs: readonly number[];
  /** Of all threads together; undefined until one was heard. */
  readonly forward: ForwardStats | undefined;
}

export interface ServiceParts {
  readonly options: DnsOptions;
  readonly threads: number;
  /** Whether another agent may answer at the same addresses for now: the one that this one takes over from. */
  readonly shares: boolean;
  /** All that is known of all names now: each thread that starts is told, and nothing is kept here. */
  readonly known: () => readonly NameEntry[];
  /** What services before this one counted. */
  readonly totals?: Totals;
  readonly clock: Clock;
  readonly log: Log;
}

/** The name server as the rest of the agent sees it: N threads that share the port, fed with changed names only. */
export class DnsService {
  private readonly options: DnsOptions;
  private readonly count: number;
  private readonly shares: boolean;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly totals: Totals;
  private readonly known: () => readonly NameEntry[];
  private readonly threads = new Map<number, ThreadHandle>();
  private networks: readonly Network[] = [];
  private bound: readonly ListenAddress[] = [];
  private running = false;

  constructor(parts: ServiceParts) {
    this.known = parts.known;
    this.options = parts.options;
    this.count = parts.threads;
    this.shares = parts.shares;
    this.clock = parts.clock;
    this.log = parts.log;
    this.totals = parts.totals ?? new Totals();
  }

  /** Has the threads begin and tells them all that is known, so that `start()` finds them ready; may be left out. */
  prepare(): void {
    for (let index = this.threads.size; index < this.count; index++) this.launch(index);
  }

  /** Answers from here on; rejects with one clear sentence (who holds the port, which right is missing). */
  async start(): Promise<void> {
    this.running = true;
    this.bound = this.options.listen;
    try {
      if (!this.shares) for (const each of this.bound) await mustBeFree(each);
      this.prepare();
      // The first one takes free ports where port 0 was asked for; the others share them.
      for (const thread of [...this.threads.values()]) this.bound = await this.bind(thread);
    } catch (error) {
      await this.stop();
      throw await explained(error);
    }
  }

  /** Every thread answers what it owes and ends. */
  async stop(): Promise<void> {
    this.running = false;
    const threads = [...this.threads.values()];
    this.threads.clear();
    const patience = Promise.withResolvers<void>();
    const cancel = this.clock.after(this.options.limits.drainMs + patienceMs, patience.resolve);
    await Promise.all(threads.map((thread) => thread.stop(patience.promise)));
    cancel();
    for (let index = 0; index < this.count; index++) this.totals.gone(index);
    this.bound = [];
  }

  /** Hands changed names to every thread. */
  update(entries: readonly NameEntry[]): void {
    for (const thread of this.threads.values()) thread.feed(entries);
  }

  /** Hands this host's networks to every thread; may be called before `start()`. */
  setNetworks(networks: readonly Network[]): void {
    this.networks = networks;
    for (const thread of this.threads.values()) this.tellNetworks(thread);
  }

  /** Asks a thread why `name` is answered to `from` (default: this host) the way it is; rejects while none runs. */
  async explain(name: string, from?: string): Promise<Explanation> {
    const [thread] = this.threads.values();
    if (thread === undefined) throw new Error('the name server is not running');
    await thread.fed();
    const result = await thread.ask({ type: 'explain', name, from });
    if (result.type !== 'explained') throw new Error(`a DNS thread answered ${result.type} to explain`);
    return result.explanation;
  }

  /** The sum over all threads, also those that are gone. */
  async stats(): Promise<ServiceStats> {
    const heard = await Promise.all(Array.from(this.threads, ([index, thread]) => this.hear(index, thread)));
    return {
      ...this.totals.stats(),
      threads: heard.filter((isHeard) => isHeard).length,
      threadRestarts: this.totals.restarts,
      busyMs: Array.from(this.threads.values(), (thread) => thread.busyMs()),
      forward: this.totals.forward(),
    };
  }

  /** Where questions are answered, with the ports that were taken; empty while it does not run. */
  boundAddresses(): readonly ListenAddress[] {
    return this.bound;
  }

  /** Ends one thread as a crash would; its successor takes over. For tests and operators who suspect it. */
  killThread(index: number): void {
    this.threads.get(index)?.kill();
  }

  private launch(index: number): ThreadHandle {
    const { log, options, clock } = this;
    const onDeath = (reason: string) => this.revive(index, thread, reason);
    const thread = new ThreadHandle({ options, log, clock, onDeath });
    this.threads.set(index, thread);
    this.tellNetworks(thread);
    thread.feed(this.known());
    return thread;
  }

  private async bind(thread: ThreadHandle): Promise<readonly ListenAddress[]> {
    await thread.created;
    await thread.fed();
    const result = await thread.ask({ type: 'bind', listen: this.bound });
    return result.type === 'bound' ? result.addresses : this.bound;
  }

  private async hear(index: number, thread: ThreadHandle): Promise<boolean> {
    const result = await thread.ask({ type: 'stats' }).catch(() => undefined);
    // Meanwhile another may have taken its place, and what it counted is added up already.
    if (result?.type !== 'counted' || this.threads.get(index) !== thread) return false;
    this.totals.heard(index, result);
    return true;
  }

  private tellNetworks(thread: ThreadHandle): void {
    thread.ask({ type: 'networks', networks: this.networks }).catch((error: unknown) => {
      this.log.error({ err: error }, 'a DNS thread could not take over the networks of this host');
    });
  }

  private revive(index: number, dead: ThreadHandle, reason: string): void {
    if (!this.running || this.threads.get(index) !== dead) return;
    this.totals.restarts++;
    this.totals.gone(index);
    this.log.error({ reason }, 'a DNS thread died and is started again');
    this.clock.after(restartMs, () => {
      if (!this.running) return;
      this.bind(this.launch(index)).catch((error: unknown) => {
        this.log.error({ err: error }, 'a DNS thread could not be started again');
        this.threads.get(index)?.kill();
      });
    });
  }
}

async function mustBeFree(listen: ListenAddress): Promise<void> {
  if (!(await isTaken(listen))) return;
  throw new ThreadError({ message: 'the port is taken', code: 'EADDRINUSE', ...listen });
}

/** The system's error as a sentence that says what is wrong and what to do. */
async function explained(error: unknown): Promise<Error> {
  if (!(error instanceof ThreadError) || error.failure.code === undefined)
    return error instanceof Error ? error : new Error(String(error));
  const { code, address = '', port = 0, message } = error.failure;
  const where = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  return new Error(`cannot answer DNS on ${where}: ${await reasonOf(code, port, message)}`, { cause: error });
}

async function reasonOf(code: string, port: number, message: string): Promise<string> {
  switch (code) {
    case 'EADDRINUSE': {
      const holder = await holderOf(port);
      return `the port is taken${holder ? ` by ${holder}` : ''}; stop that, or choose another address with --dns-listen`;
    }
    case 'EACCES':
      return `port ${port} needs root or the capability CAP_NET_BIND_SERVICE; or choose another with --dns-listen IP:PORT`;
    case 'EADDRNOTAVAIL':
      return 'no interface of this host has that address; choose another with --dns-listen';
    default:
      return message;
  }
}
