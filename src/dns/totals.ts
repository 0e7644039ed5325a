import type { ForwardStats } from './forward/stats.ts';
import { addForwardStats, finalForwardStats } from './forward/totals.ts';
import { addStats, type DnsStats, noStats } from './stats.ts';

/** What one answering thread counted since it started. */
export interface ThreadStats {
  readonly stats: DnsStats;
  readonly forward: ForwardStats;
}

/**
 * Adds up what threads counted, those included that are gone as far as they were last heard: the sum of their counters
 * never falls, which Prometheus would take for a restart of everything.
 */
export class Totals {
  /** Threads that died and were started again. */
  restarts = 0;
  readonly #last = new Map<number, ThreadStats>();
  #stats = noStats();
  #forward: ForwardStats | undefined;

  heard(thread: number, counted: ThreadStats): void {
    this.#last.set(thread, counted);
  }

  gone(thread: number): void {
    const last = this.#last.get(thread);
    this.#last.delete(thread);
    if (last === undefined) return;
    this.#stats = addStats(this.#stats, last.stats);
    const left = finalForwardStats(last.forward);
    this.#forward = this.#forward === undefined ? left : addForwardStats(this.#forward, left);
  }

  stats(): DnsStats {
    return [...this.#last.values()].reduce((sum, { stats }) => addStats(sum, stats), this.#stats);
  }

  /** Undefined until a thread was heard. */
  forward(): ForwardStats | undefined {
    const all = [this.#forward, ...Array.from(this.#last.values(), ({ forward }) => forward)];
    return all
      .filter((each) => each !== undefined)
      .reduce<ForwardStats | undefined>(
        (sum, each) => (sum === undefined ? each : addForwardStats(sum, each)),
        undefined,
      );
  }
}
