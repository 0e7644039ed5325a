import type { Clock } from '../clock.ts';

/** The pause before each new attempt: doubled after each failure, with some chance in it. */
export class Backoff {
  readonly #clock: Clock;
  readonly #minMs: number;
  readonly #maxMs: number;
  #failures = 0;
  #endWait: () => void = () => {};

  constructor(clock: Clock, { retryMinMs, retryMaxMs }: { readonly retryMinMs: number; readonly retryMaxMs: number }) {
    this.#clock = clock;
    this.#minMs = retryMinMs;
    this.#maxMs = retryMaxMs;
  }

  /** The next pause is the shortest again. */
  reset(): void {
    this.#failures = 0;
  }

  async wait(): Promise<void> {
    const longestMs = Math.min(this.#maxMs, this.#minMs * 2 ** this.#failures);
    this.#failures += 1;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(longestMs * (0.5 + this.#clock.random() / 2), resolve);
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Ends the pause that is going on. */
  stop(): void {
    this.#endWait();
  }
}
