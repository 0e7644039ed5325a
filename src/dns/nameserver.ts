import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { NameEntry, Network } from '../record.ts';
import type { Explanation } from './explanation.ts';
import type { Forwarder } from './forwarder.ts';
import type { DnsOptions, ListenAddress } from './options.ts';
import type { DnsStats } from './stats.ts';

/** The name server of one thread: sockets, and answers compiled from what it was told. */
export class Nameserver {
  constructor(_parts: { options: DnsOptions; forwarder: Forwarder; clock: Clock; log: Log }) {}

  /** Binds every listen address by UDP and TCP; rejects with one sentence if one cannot be had, leaving none open. */
  async start(): Promise<void> {}

  /** Takes nothing new, sends what is owed, closes. */
  async stop(): Promise<void> {}

  /** Takes over what is now known of these names, all at once: no answer mixes two states. */
  update(_entries: readonly NameEntry[]): void {}

  /** Takes over this host's networks: who asks from where, and which addresses would lead somewhere else. */
  setNetworks(_networks: readonly Network[]): void {}

  /** Why a question for `name` from `from` (default: this host itself) is answered the way it is. */
  explain(_name: string, _from?: string): Explanation {
    throw new Error('not yet');
  }

  stats(): DnsStats {
    throw new Error('not yet');
  }

  /** Where it listens, with the ports that were taken. */
  boundAddresses(): ListenAddress[] {
    return [];
  }
}
