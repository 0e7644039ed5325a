import type { Clock } from '../clock.ts';
import type { ContainerRecord } from '../record.ts';
import { Crashes, type HoldOptions } from './crashes.ts';
import type { Inspection } from './inspection.ts';

/**
 * One container over all its runs. `inspection` is of the run that is going on, as far as known; `record` is what the
 * sink was told.
 */
export class Life {
  readonly id: string;
  readonly crashes: Crashes;
  inspection: Inspection | undefined;
  record: ContainerRecord | undefined;
  /** When its latest event arrived, on the count of all that arrives. */
  touched = 0;
  /** When the engine was last to be asked about it, and when the question of its latest answer was sent. */
  asked = 0;
  answered = 0;
  /** When the end of its latest run arrived, on the same count. */
  ended = 0;
  readonly #clock: Clock;
  /** The signals it was sent since its last end, with the instant of the latest of each. */
  readonly #signals = new Map<number | undefined, number>();
  #seenAt = 0;
  #cancelHold: () => void = () => {};

  constructor(id: string, clock: Clock, options: HoldOptions) {
    this.id = id;
    this.#clock = clock;
    this.crashes = new Crashes(clock, options);
  }

  /** Takes in what the engine says of the run that goes on. */
  goOn(inspection: Inspection): void {
    if (this.inspection?.startedAt !== inspection.startedAt) this.#seenAt = this.#clock.now();
    this.inspection = inspection;
  }

  /** Whether an answer is still to come. */
  get isAwaited(): boolean {
    return this.answered < this.asked;
  }

  signal(signal: number | undefined, at: number): void {
    this.#signals.set(signal, at);
  }

  /** Whether this run was asked to stop: by its own stop signal, after it began. */
  get draining(): boolean {
    if (this.inspection === undefined) return false;
    return (this.#signals.get(this.inspection.stopSignal) ?? 0) > this.inspection.startedAt;
  }

  /** The run is over. */
  end(): void {
    this.#cancelHold();
    this.#signals.clear();
    this.inspection = undefined;
  }

  /** Whether nobody sent it a signal, and the engine will start it again when it ends. */
  get inLoop(): boolean {
    return this.#signals.size === 0 && this.inspection?.restarts === true;
  }

  /** Whether this run has yet to prove itself; then `release` is called when it has. */
  holdBack(release: () => void): boolean {
    this.#cancelHold();
    const leftMs = this.#seenAt + this.crashes.holdMs() - this.#clock.now();
    if (leftMs <= 0) return false;
    this.#cancelHold = this.#clock.after(leftMs, release);
    return true;
  }

  /** Gives back its timer. */
  close(): void {
    this.#cancelHold();
  }
}
