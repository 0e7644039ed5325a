import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';

/** The last beat known of a host that was dropped; only a later one brings it back. */
export interface Forgotten {
  readonly host: HostId;
  readonly epoch: number;
  readonly beat: number;
}

/** What is remembered of hosts that were dropped, each for its time; beyond `max` the oldest make room. */
export class Graves<T extends Forgotten & { readonly until: number }> {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #graves = new Map<HostId, T>();

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  values(): Iterable<T> {
    return this.#graves.values();
  }

  get(host: HostId): T | undefined {
    return this.#graves.get(host);
  }

  /** Whether what a host said then is from before its grave. */
  holds(host: HostId, epoch: number, beat: number): boolean {
    const grave = this.#graves.get(host);
    return grave !== undefined && !(epoch > grave.epoch || (epoch === grave.epoch && beat > grave.beat));
  }

  dig(grave: T): void {
    this.#graves.delete(grave.host);
    const [oldest] = this.#graves.keys();
    if (this.#graves.size >= this.#max && oldest !== undefined) this.#graves.delete(oldest);
    this.#graves.set(grave.host, grave);
  }

  /** Tells more of a host that is in its grave. */
  amend(grave: T): void {
    this.#graves.set(grave.host, grave);
  }

  delete(host: HostId): void {
    this.#graves.delete(host);
  }

  expire(): void {
    for (const [host, { until }] of this.#graves) if (until < this.#clock.now()) this.#graves.delete(host);
  }
}
