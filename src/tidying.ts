import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.ts';
import { emptyPools } from './pool.ts';

/** Names that came close together from which on a load is large: collecting after it is worth a pause of some ten milliseconds. */
const massNames = 5_000;
/** How often it is looked whether a load goes on. */
const periodMs = 1_000;
/** Fewer names in a period are what a busy mesh changes all the time: no load, and nothing is collected for them. */
const usualNames = 500;
/**
 * Percent by which the heap may grow between two collections of a process that comes to know a large mesh. In the small
 * steps that V8 takes where it is told to save memory, collecting is a third of the whole work.
 */
const loadGrowthPercent = 55;
/** V8's word for "as you see fit". */
const ownGrowthPercent = 0;

/** What is done about memory when a large load begins, and when it is over. */
export interface Housekeeping {
  begin(): void;
  end(): void;
}

/** Gives back what a large load left behind: V8 by itself keeps it until as much again was made, which may be never. */
export class Tidying {
  readonly #clock: Clock;
  readonly #housekeeping: Housekeeping;
  /** Since names began to come closely. */
  #names = 0;
  /** In this period. */
  #lately = 0;
  #isMass = false;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, housekeeping: Housekeeping) {
    this.#clock = clock;
    this.#housekeeping = housekeeping;
  }

  /** Counts what `source` tells of, until the function that it returns is called. */
  follow(source: { onNames(listener: (changed: readonly unknown[]) => void): () => void }): () => void {
    const unfollow = source.onNames((changed) => this.took(changed.length));
    return () => {
      unfollow();
      this.stop();
    };
  }

  /** So many names were taken in. */
  took(names: number): void {
    this.#names += names;
    this.#lately += names;
    if (!this.#isMass && this.#names >= massNames) {
      this.#isMass = true;
      this.#housekeeping.begin();
    }
    this.#cancel ??= this.#clock.after(periodMs, () => this.#look());
  }

  stop(): void {
    this.#cancel?.();
  }

  #look(): void {
    const goesOn = this.#lately >= usualNames;
    this.#lately = 0;
    this.#cancel = goesOn ? this.#clock.after(periodMs, () => this.#look()) : undefined;
    if (goesOn) return;
    this.#names = 0;
    if (!this.#isMass) return;
    this.#isMass = false;
    this.#housekeeping.end();
  }
}

/** For the thread that the process began with, which sets how all of its heaps grow; `letGo` of what can be made again. */
export function ofProcess(letGo: () => void): Housekeeping {
  return {
    begin: () => growBy(loadGrowthPercent),
    end: () => {
      letGo();
      growBy(ownGrowthPercent);
      collect();
    },
  };
}

/** For any other thread. */
export const ofThread: Housekeeping = { begin: () => {}, end: collect };

function growBy(percent: number): void {
  if (garbageCollector() !== undefined) setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/** All free pages are given back at once, in a pause half as long again as without: 70 ms with 50,000 containers. */
function collect(): void {
  emptyPools();
  garbageCollector()?.({ type: 'major', flavor: 'last-resort' });
}

/** Only in a process that was told `--expose-gc`: in a program of others neither is ours to do. */
function garbageCollector(): ((...how: readonly unknown[]) => void) | undefined {
  const collector: unknown = runInNewContext('globalThis.gc');
  return typeof collector === 'function' ? (...how) => collector(...how) : undefined;
}
