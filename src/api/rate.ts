import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';

interface Bucket {
  tokens: number;
  at: number;
}

/** How many callers are told apart; the one that was silent longest is forgotten, and begins with a full bucket. */
const maxCallers = 4_096;

/** A token bucket for each caller. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  readonly #buckets = new LRUCache<string, Bucket>({ max: maxCallers });

  constructor(perSecond: number, burst: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
  }

  /** Takes one request of a caller into account; returns 0, or how many seconds it must wait for the next. */
  take(caller: string): number {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(caller) ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) * this.#perSecond) / 1_000);
    bucket.at = now;
    this.#buckets.set(caller, bucket);
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.#perSecond);
    bucket.tokens--;
    return 0;
  }
}
