import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.ts';

/** Names that came close together from which on collecting is worth a pause of some ten milliseconds. */
const massNames = 5_000;
/** Without any change for so long, a load is over; where names change all the time nothing is collected. */
const quietMs = 1_000;

/** Gives back what a large load left behind: V8 by itself keeps it until as much again was made, which may be never. */
export class Tidying {
  readonly #clock: Clock;
  readonly #collect: () => void;
  #names = 0;
  #cancel = () => {};

  constructor(clock: Clock, collect: () => void) {
    this.#clock = clock;
    this.#collect = collect;
  }

  /** So many names were taken in. */
  took(names: number): void {
    this.#names += names;
    this.#cancel();
    this.#cancel = this.#clock.after(quietMs, () => {
      const isMass = this.#names >= massNames;
      this.#names = 0;
      if (isMass) this.#collect();
    });
  }

  stop(): void {
    this.#cancel();
  }
}

/**
 * Collects the garbage of this thread; `thoroughly`, it gives all free pages back at once, in three times as long. Only in
 * a process that was told `--expose-gc`: in a program of others that is not ours to do.
 */
export function collectGarbage(how: 'once' | 'thoroughly'): void {
  const collect: unknown = runInNewContext('globalThis.gc');
  if (typeof collect !== 'function') return;
  if (how === 'once') collect();
  else collect({ type: 'major', flavor: 'last-resort' });
}
