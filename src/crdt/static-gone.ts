import type { HostId } from '../record.ts';
import {
  type Decoder,
  type Encoder,
  malformed,
  readHostId,
  readList,
  readNumber,
  writeList,
  writeVarString,
  writeVarUint,
} from './codec.ts';

/** Whole numbers from the first to the last, both included. */
type Run = readonly [first: number, last: number];

/** Runs that one edit may tell: more than there are gaps between the records of a mesh, few enough to take in at once. */
export const maxRuns = 8_192;

/** Edits of which nothing is left, by writer, as runs of their numbers: a few octets for a life of edits. */
export class Gone {
  readonly #runs = new Map<HostId, readonly Run[]>();

  writers(): Iterable<HostId> {
    return this.#runs.keys();
  }

  /** The number of its runs, which is what it costs. */
  get size(): number {
    return this.#runs.values().reduce((sum, runs) => sum + runs.length, 0);
  }

  has(writer: HostId, number: number): boolean {
    const runs = this.#runs.get(writer) ?? [];
    let [from, to] = [0, runs.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((runs[middle]?.[1] ?? 0) < number) from = middle + 1;
      else to = middle;
    }
    return (runs[from]?.[0] ?? Number.POSITIVE_INFINITY) <= number;
  }

  /** The highest number of a writer in it; 0 for none. */
  last(writer: HostId): number {
    return this.#runs.get(writer)?.at(-1)?.[1] ?? 0;
  }

  /** Adds edits of one writer. */
  add(writer: HostId, numbers: readonly number[]): void {
    this.#addRuns(
      writer,
      numbers.map((number) => [number, number]),
    );
  }

  /** Adds all that is in the other. */
  join(other: Gone): void {
    for (const [writer, runs] of other.#runs) this.#addRuns(writer, runs);
  }

  /** Whether all that is in the other is in this. */
  includes(other: Gone): boolean {
    return [...other.#runs].every(([writer, runs]) => runs.every((run) => this.#covers(writer, run)));
  }

  write(to: Encoder): void {
    writeList(to, [...this.#runs], (_, [writer, runs]) => {
      writeVarString(to, writer);
      let next = 0;
      writeList(to, runs, (_to, [first, last]) => {
        writeVarUint(to, first - next);
        writeVarUint(to, last - first);
        next = last + 1;
      });
    });
  }

  static read(from: Decoder): Gone {
    const gone = new Gone();
    const writers = readList(from, () => [readHostId(from), readRuns(from)] as const);
    for (const [writer, runs] of writers) gone.#addRuns(writer, runs);
    return gone.size <= maxRuns ? gone : malformed('more runs than one edit may tell');
  }

  #covers(writer: HostId, [first, last]: Run): boolean {
    return (this.#runs.get(writer) ?? []).some((run) => run[0] <= first && last <= run[1]);
  }

  #addRuns(writer: HostId, more: readonly Run[]): void {
    const runs: Run[] = [];
    for (const run of [...(this.#runs.get(writer) ?? []), ...more].sort(([one], [other]) => one - other)) {
      const before = runs.at(-1);
      if (before === undefined || run[0] > before[1] + 1) runs.push(run);
      else runs[runs.length - 1] = [before[0], Math.max(before[1], run[1])];
    }
    if (runs.length > 0) this.#runs.set(writer, runs);
  }
}

function readRuns(from: Decoder): Run[] {
  let next = 0;
  return readList(from, () => {
    const first = next + readNumber(from);
    const last = first + readNumber(from);
    next = last + 1;
    return Number.isSafeInteger(next) ? [first, last] : malformed('number out of range');
  });
}
