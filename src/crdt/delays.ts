import type { Clock } from '../clock.ts';
import { type Distribution, Histogram } from '../histogram.ts';
import type { HostId } from '../record.ts';

/** Seconds: from a broadcast across a room to a repair by the comparison that comes every ten. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Beats in a row that may each tell of more that is missing; later ones are taken for the last of them. */
const maxMarks = 16;

/** A place in a host's log that somebody spoke of before it was here. */
interface Mark {
  readonly epoch: number;
  readonly sequence: number;
  readonly at: number;
}

/**
 * How late news of other hosts is here, by this host's clock alone: from the moment that anything (a heartbeat, a later
 * update, a neighbour) told of a change until the change was here, and 0 for one that came before any word of it. No
 * host's wall clock is trusted for it, so the way of a broadcast that overtakes all word of itself is not in it.
 */
export class Delays {
  readonly #clock: Clock;
  readonly #isHost: (host: HostId) => boolean;
  readonly #histogram = new Histogram(bounds);
  /** In the order they came, so that the first is the oldest. */
  readonly #marks = new Map<HostId, Mark[]>();

  /** `isHost` tells whom the mesh knows: of others, who may be invented, nothing is kept. */
  constructor(clock: Clock, isHost: (host: HostId) => boolean) {
    this.#clock = clock;
    this.#isHost = isHost;
  }

  /** A host's log is known to go up to here, and does not yet. */
  toldOf(host: HostId, epoch: number, sequence: number): void {
    if (!this.#isHost(host)) return;
    const marks = this.#marks.get(host) ?? [];
    const last = marks.at(-1);
    if (last !== undefined && !isBefore(last, { epoch, sequence })) return;
    if (last !== undefined && marks.length >= maxMarks) marks[marks.length - 1] = { epoch, sequence, at: last.at };
    else marks.push({ epoch, sequence, at: this.#clock.now() });
    this.#marks.set(host, marks);
  }

  /** A host's log goes up to here now; what came in an answer without having been told of is no news, but a catching up. */
  arrived(host: HostId, log: { readonly epoch: number; readonly sequence: number }, by: 'broadcast' | 'answer'): void {
    const marks = this.#marks.get(host);
    const [oldest] = marks ?? [];
    if (oldest !== undefined) this.#histogram.add((this.#clock.now() - oldest.at) / 1000);
    else if (by === 'broadcast') this.#histogram.add(0);
    const left = marks?.filter((mark) => isBefore(log, mark)) ?? [];
    if (left.length > 0) this.#marks.set(host, left);
    else this.#marks.delete(host);
  }

  /** The host was dropped: what it said before is not waited for any more. */
  forget(host: HostId): void {
    this.#marks.delete(host);
  }

  distribution(): Distribution {
    return this.#histogram.distribution();
  }
}

type Place = Omit<Mark, 'at'>;

function isBefore(one: Place, other: Place): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.sequence < other.sequence);
}
