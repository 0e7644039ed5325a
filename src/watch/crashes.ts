import type { Clock } from '../clock.ts';

/** How a container that dies by itself again and again is held back; the numbers are explained in `config.ts`. */
export interface HoldOptions {
  readonly crashesBeforeHold: number;
  readonly crashWindowMs: number;
  readonly holdMinMs: number;
  readonly holdMaxMs: number;
}

/** More of them change nothing: the hold has long been at its longest. */
const maxRemembered = 32;

/** The deaths of one container that nobody asked for, and how long they hold its next run back. */
export class Crashes {
  readonly #clock: Clock;
  readonly #options: HoldOptions;
  #times: number[] = [];

  constructor(clock: Clock, options: HoldOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  add(): void {
    this.#times = [...this.#times, this.#clock.now()].slice(-maxRemembered);
  }

  /** How long a run must live before it is answered, in milliseconds. */
  holdMs(): number {
    const { crashesBeforeHold, holdMinMs, holdMaxMs } = this.#options;
    const beyond = this.#recent() - crashesBeforeHold;
    return beyond <= 0 ? 0 : Math.min(holdMaxMs, holdMinMs * 2 ** (beyond - 1));
  }

  /** Nothing left that matters. */
  get forgotten(): boolean {
    return this.#recent() === 0;
  }

  #recent(): number {
    const oldest = this.#clock.now() - this.#options.crashWindowMs;
    this.#times = this.#times.filter((time) => time > oldest);
    return this.#times.length;
  }
}
