import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { FailureLimits } from './options.ts';

/** How a question failed: what its asker was told. */
export interface Failure {
  readonly rcode: number;
  /** Extended errors (RFC 8914), whole options. */
  readonly errors: Uint8Array;
}

interface Entry extends Failure {
  readonly seconds: number;
  readonly until: number;
}

/**
 * Remembers which questions failed, so that upstreams which cannot answer are not asked all the time (RFC 9520 section
 * 3.2): for a second at first, and twice as long after each attempt that fails again.
 */
export class Failures {
  readonly #clock: Clock;
  readonly #limits: FailureLimits;
  readonly #entries: LRUCache<string, Entry>;

  constructor(clock: Clock, limits: FailureLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#entries = new LRUCache({ max: limits.entries });
  }

  /** The failure that stands for another attempt now. */
  find(key: string): Failure | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#clock.now() < entry.until ? entry : undefined;
  }

  note(key: string, { rcode, errors }: Failure): void {
    const now = this.#clock.now();
    const seconds = this.#nextSeconds(this.#entries.peek(key), now);
    this.#entries.set(key, { rcode, errors, seconds, until: now + seconds * 1000 });
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Whoever asks again only long after it was over begins anew. */
  #nextSeconds(last: Entry | undefined, now: number): number {
    const { firstSeconds, maxSeconds } = this.#limits;
    if (last === undefined || now >= last.until + maxSeconds * 1000) return firstSeconds;
    return Math.min(2 * last.seconds, maxSeconds);
  }
}
