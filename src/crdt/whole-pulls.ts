import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';

export interface WholePullsParts {
  readonly clock: Clock;
  /** Pulls everything from a neighbour, telling `onNews` of each thing that was news; whether it came to its end. */
  pull(peer: HostId, onNews: () => void): Promise<boolean>;
}

/** A neighbour that brings nothing new for so long is not waited for, in milliseconds: longer than a lost packet takes. */
const idleMs = 1_000;
/**
 * Nor is one that takes longer than this in all, whatever it brings: one neighbour may not keep the others' word out. On
 * a host or link so busy that 30 MB take this long, a second transfer beside the first is the last thing that helps.
 */
const longestMs = 30_000;

/**
 * Pulls everything from many neighbours, from one first: what that one brings, the others need not send again. A host
 * that joins a large mesh is linked with a dozen of them within milliseconds, and each would send it the whole.
 */
export class WholePulls {
  readonly #parts: WholePullsParts;
  readonly #waiting = new Set<HostId>();
  /** The one that the others wait for, and when it began and brought something. */
  #first: { readonly peer: HostId; readonly beganAt: number; newsAt: number } | undefined;
  #cancel: (() => void) | undefined;

  constructor(parts: WholePullsParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#cancel?.();
    this.#waiting.clear();
  }

  /** Whether a neighbour is telling all it has, and brought something lately: what is missing here may come with that. */
  get flowing(): boolean {
    return this.#first !== undefined && this.#isWorthWaiting(this.#first);
  }

  want(peer: HostId): void {
    this.#waiting.add(peer);
    if (this.#first === undefined) this.#beginFirst();
  }

  #beginFirst(): void {
    const [peer] = this.#waiting;
    if (peer === undefined) return;
    const now = this.#parts.clock.now();
    const first = { peer, beganAt: now, newsAt: now };
    this.#first = first;
    this.#watch();
    this.#begin(peer, () => {
      first.newsAt = this.#parts.clock.now();
    }).then((done) => {
      if (this.#first !== first) return;
      this.#first = undefined;
      this.#cancel?.();
      if (done) for (const other of this.#waiting) void this.#begin(other);
      else this.#beginFirst();
    });
  }

  #begin(peer: HostId, onNews = () => {}): Promise<boolean> {
    this.#waiting.delete(peer);
    return this.#parts.pull(peer, onNews);
  }

  /** Goes on to the next where the first is not worth waiting for. */
  #watch(): void {
    const { clock } = this.#parts;
    this.#cancel?.();
    this.#cancel = clock.after(idleMs, () => {
      const now = clock.now();
      const worth = this.#first && now - this.#first.newsAt < idleMs && now - this.#first.beganAt < longestMs;
      if (worth || this.#waiting.size === 0) return this.#watch();
      this.#first = undefined;
      this.#beginFirst();
    });
  }

  #isWorthWaiting({ newsAt, beganAt }: { readonly newsAt: number; readonly beganAt: number }): boolean {
    const now = this.#parts.clock.now();
    return now - newsAt < idleMs && now - beganAt < longestMs;
  }
}
