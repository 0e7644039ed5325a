import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { GateReason } from './gate.ts';
import type { Tally } from './tally.ts';

/** Between lines of the log about refused hosts, in milliseconds. */
const logMs = 10_000;

/** Who was turned away at the gate: counted one by one, and logged so seldom that strangers cannot fill a disk. */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tally: Tally;
  #quietUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, log: Log, tally: Tally) {
    this.#clock = clock;
    this.#log = log;
    this.#tally = tally;
  }

  add(reason: GateReason, from: string): void {
    this.#tally.refused(reason);
    if (reason !== 'secrets differ' || this.#clock.now() < this.#quietUntilMs) return;
    this.#quietUntilMs = this.#clock.now() + logMs;
    this.#log.warn({ from }, 'refused a host: the secrets differ');
  }
}
