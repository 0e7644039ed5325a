import type { Clock } from '../clock.ts';

export interface RelayParts {
  readonly clock: Clock;
  /** Passes a broadcast, known by its id, on to all who did not have it from here or bring it here. */
  readonly pass: (id: string, from: string) => void;
  /** Sends all that `run` sends over each link as one piece. */
  readonly together: (run: () => void) => void;
}

/**
 * How long what can wait does so, in milliseconds. A mesh of a hundred hosts and more beats a hundred times a second:
 * ten of them go together, and who has heard one meanwhile need not be told. Over the four hops of a mesh of thousands
 * that is less than a round of doubt.
 */
const companyMs = 100;
/** So many go at once: what is waited for is company, and that is enough. */
const enough = 64;

/**
 * Passes broadcasts on: at once, or those that can wait with others like them. By itself each is a frame, a cipher text
 * and a system call for every neighbour, which cost far more than the few hundred octets in it.
 */
export class Relay {
  readonly #parts: RelayParts;
  /** Who brought it, by its id. */
  readonly #waiting = new Map<string, string>();
  #cancel: (() => void) | undefined;

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  now(id: string, from: string): void {
    this.#parts.pass(id, from);
  }

  later(id: string, from: string): void {
    this.#waiting.set(id, from);
    if (this.#waiting.size >= enough) this.flush();
    else this.#cancel ??= this.#parts.clock.after(companyMs, () => this.flush());
  }

  /** Passes on what waits. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    if (waiting.length === 0) return;
    this.#parts.together(() => {
      for (const [id, from] of waiting) this.#parts.pass(id, from);
    });
  }
}
