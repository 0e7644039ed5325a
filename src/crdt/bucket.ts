import type { Clock } from '../clock.ts';

/** How often something was done lately, as a bucket that fills with time; it is full at first. */
export class Bucket {
  readonly #clock: Clock;
  readonly #burst: number;
  #level: number;
  #at: number;

  /** `burst`: how often it may be done at once. */
  constructor(clock: Clock, burst: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#level = burst;
    this.#at = clock.now();
  }

  /** Whether it may be done once more now, at so many a second for long; what may not be costs nothing. */
  allows(perSecond: number): boolean {
    const now = this.#clock.now();
    const filled = Math.min(this.#burst, this.#level + ((now - this.#at) * perSecond) / 1000);
    if (filled < 1) return false;
    [this.#level, this.#at] = [filled - 1, now];
    return true;
  }
}
