import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import { Bucket } from './bucket.ts';

export interface BucketOptions {
  /** How often a host may do it for long, and how often at once. */
  readonly perSecond: number;
  readonly burst: number;
  /** Hosts remembered; the longest idle are forgotten first. */
  readonly maxHosts: number;
}

/** How much each host did lately. */
export class Buckets {
  readonly #clock: Clock;
  readonly #options: BucketOptions;
  readonly #buckets = new Map<HostId, Bucket>();

  constructor(clock: Clock, options: BucketOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Whether the host may do it once more now; what it may not costs it nothing. */
  allows(host: HostId): boolean {
    const { perSecond, burst, maxHosts } = this.#options;
    const bucket = this.#buckets.get(host) ?? new Bucket(this.#clock, burst);
    if (!bucket.allows(perSecond)) return false;
    this.#buckets.delete(host);
    this.#buckets.set(host, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > maxHosts && oldest !== undefined) this.#buckets.delete(oldest);
    return true;
  }
}
