import type { Clock } from '../clock.ts';
import type { Life } from './life.ts';

/**
 * Ends that wait for starts. What a container is called is known only when the engine was asked; one that takes the
 * place of another may have begun before that one died and not be known yet. The name would be nobody's in between, so
 * a record whose container died stays, as draining, until all that had begun by then is known, or for `farewellMs`.
 */
export class Farewells {
  readonly #clock: Clock;
  readonly #farewellMs: number;
  readonly #release: (life: Life) => void;
  /** Started and not known yet, with the numbers of their starts, which grow. */
  readonly #unknown = new Map<Life, number>();
  /** Dead and still told of, with the number of the last start that each waits for. */
  readonly #held = new Map<Life, { readonly start: number; readonly cancel: () => void }>();
  #starts = 0;

  /** `release` withdraws the record; it is called once for each that was held and not forgotten. */
  constructor(clock: Clock, farewellMs: number, release: (life: Life) => void) {
    this.#clock = clock;
    this.#farewellMs = farewellMs;
    this.#release = release;
  }

  started(life: Life): void {
    this.settled(life);
    this.#starts += 1;
    this.#unknown.set(life, this.#starts);
  }

  /** All is known that its start began, or that run is over. */
  settled(life: Life): void {
    if (!this.#unknown.delete(life)) return;
    const [oldest = Number.POSITIVE_INFINITY] = this.#unknown.values();
    for (const [held, { start }] of this.#held) {
      if (start >= oldest) return;
      this.#end(held);
    }
  }

  /** Whether the record of a container that is dead has to stay for now. */
  hold(life: Life): boolean {
    if (this.#held.has(life)) return true;
    if (this.#unknown.size === 0) return false;
    const cancel = this.#clock.after(this.#farewellMs, () => this.#end(life));
    this.#held.set(life, { start: this.#starts, cancel });
    return true;
  }

  /** It has another record now, or none. */
  forget(life: Life): void {
    this.#held.get(life)?.cancel();
    this.#held.delete(life);
  }

  /** Those whose records are held. */
  lives(): Iterable<Life> {
    return this.#held.keys();
  }

  /** Gives back all timers. */
  close(): void {
    for (const life of [...this.#held.keys()]) this.forget(life);
  }

  #end(life: Life): void {
    this.forget(life);
    this.#release(life);
  }
}
