import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';

export interface BucketOptions {
  /** How often a host may do it for long, and how often at once. */
  readonly perSecond: number;
  readonly burst: number;
  /** Hosts remembered; the longest idle are forgotten first. */
  readonly maxHosts: number;
}

/** How much each host did lately, as buckets that fill with time. */
export class Buckets {
  readonly #clock: Clock;
  readonly #options: BucketOptions;
  readonly #buckets = new Map<HostId, { readonly level: number; readonly at: number }>();

  constructor(clock: Clock, options: BucketOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Whether the host may do it once more now; what it may not costs it nothing. */
  allows(host: HostId): boolean {
    const { perSecond, burst, maxHosts } = this.#options;
    const now = this.#clock.now();
    const { level, at } = this.#buckets.get(host) ?? { level: burst, at: now };
    const filled = Math.min(burst, level + ((now - at) * perSecond) / 1000);
    if (filled < 1) return false;
    this.#buckets.delete(host);
    this.#buckets.set(host, { level: filled - 1, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > maxHosts && oldest !== undefined) this.#buckets.delete(oldest);
    return true;
  }
}
