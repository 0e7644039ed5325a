import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { NameEntry, Network } from '../record.ts';
import type { Explanation } from './explanation.ts';
import type { DnsOptions, ListenAddress } from './options.ts';
import type { DnsStats } from './stats.ts';

/** The name server as the rest of the agent sees it: N threads that share the port, fed with changed names only. */
export class DnsService {
  constructor(_parts: { options: DnsOptions; threads: number; clock: Clock; log: Log }) {}

  /** Starts the threads; rejects with one clear sentence (who holds the port, which right is missing). */
  async start(): Promise<void> {}

  /** Every thread answers what it owes and ends. */
  async stop(): Promise<void> {}

  /** Hands changed names to every thread; may be called before `start()`. */
  update(_entries: readonly NameEntry[]): void {}

  /** Hands this host's networks to every thread; may be called before `start()`. */
  setNetworks(_networks: readonly Network[]): void {}

  /** Asks a thread why `name` is answered to `from` (default: this host) the way it is. */
  async explain(_name: string, _from?: string): Promise<Explanation> {
    throw new Error('not yet');
  }

  /** The sum over all threads, and how many threads had to be restarted. */
  async stats(): Promise<DnsStats & { readonly threadRestarts: number }> {
    throw new Error('not yet');
  }

  boundAddresses(): ListenAddress[] {
    return [];
  }
}
