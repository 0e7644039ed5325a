import type { Clock } from '../../src/clock.ts';
import { Dice } from './dice.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it; chance repeats from its seed. */
export class ManualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #dice: Dice;
  readonly #epoch: number;
  readonly #timers = new Set<Timer>();

  constructor({ seed = 1, epoch = Date.UTC(2026, 0, 1) }: { readonly seed?: number; readonly epoch?: number } = {}) {
    this.#dice = new Dice(seed);
    this.#epoch = epoch;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#epoch + this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { due: this.#now + Math.max(0, delayMs), order: this.#order++, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  random(): number {
    return this.#dice.fraction();
  }

  /** Timers that wait to run. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time on by `ms`, running what falls due in order, also what those runs set up within that time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = next.due;
      next.run();
    }
    this.#now = end;
  }

  /** As `advance`, and lets promises settle after each timer, for code that awaits between its timers. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#now = next.due;
      next.run();
      await settled();
    }
    this.#now = end;
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order)) first = timer;
    }
    return first;
  }
}

/** Resolves when the promises and microtasks of now have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
