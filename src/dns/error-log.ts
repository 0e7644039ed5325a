import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

/** Between two lines; whoever finds a way to cause errors shall not fill the disk with them. */
const quietMs = 1000;

/** Writes down errors that were survived: one line a second, which says how many before it were left out. */
export class ErrorLog {
  readonly #clock: Clock;
  readonly #log: Log;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #leftOut = 0;

  constructor({ clock, log }: { clock: Clock; log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** `about` says where it was met. */
  write(error: unknown, about: object, sentence: string): void {
    const now = this.#clock.now();
    if (now < this.#quietUntil) {
      this.#leftOut++;
      return;
    }
    const leftOut = this.#leftOut > 0 ? { leftOut: this.#leftOut } : {};
    this.#quietUntil = now + quietMs;
    this.#leftOut = 0;
    this.#log.warn({ err: error, ...about, ...leftOut }, sentence);
  }
}
