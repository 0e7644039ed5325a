import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Forwarder } from '../forwarder.ts';
import type { ForwardOptions, UpstreamSource } from './options.ts';
import type { ForwardStats } from './stats.ts';

/** What forwarding needs from outside. */
export interface ForwardParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Whether this address may ask, besides this host itself, the options' ranges and those of `setAllowed`. */
  readonly isAllowed?: (address: string) => boolean;
}

/** A forwarder that can be told more while it runs. */
export interface UpstreamForwarder extends Forwarder {
  /** Asks these from now on, or those of this file, and forgets what the former ones said. */
  setUpstreams(source: UpstreamSource): void;
  /** Lets these ranges ask, besides the host itself; replaces those of before, and those of the options. */
  setAllowed(ranges: readonly string[]): void;
  stats(): ForwardStats;
}

/** Passes questions on to upstream resolvers; opens nothing before `start`. */
export function createForwarder(_options: ForwardOptions, _parts: ForwardParts): UpstreamForwarder {
  throw new Error('not yet');
}
