import type { MeshStats } from './contract.ts';

type Counter = 'broadcastsIn' | 'broadcastsOut' | 'requestsIn' | 'requestsOut';

/** Counts what went over the mesh, and what was turned away; reasons come from this room, so there are few. */
export class Tally {
  #bytesIn = 0;
  #bytesOut = 0;
  readonly #counts: Record<Counter, number> = { broadcastsIn: 0, broadcastsOut: 0, requestsIn: 0, requestsOut: 0 };
  readonly #refused: Record<string, number> = {};
  readonly #dropped: Record<string, number> = {};

  bytes(direction: 'in' | 'out', count: number): void {
    if (direction === 'in') this.#bytesIn += count;
    else this.#bytesOut += count;
  }

  count(counter: Counter): void {
    this.#counts[counter] += 1;
  }

  refused(reason: string): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  dropped(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  stats(offences: MeshStats['offences']): MeshStats {
    return {
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      ...this.#counts,
      refused: { ...this.#refused },
      dropped: { ...this.#dropped },
      offences,
    };
  }
}
