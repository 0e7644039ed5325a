/** How a measure is distributed; plain data. */
export interface Distribution {
  /** Upper bounds of all buckets but the last, which has none. */
  readonly bounds: readonly number[];
  /** How many fell into each bucket: one more number than there are bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Counts a measure into buckets without making anything on the way. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** Counts a value, `times` over. */
  add(value: number, times = 1): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times;
    this.#sum += value * times;
  }

  distribution(): Distribution {
    return { bounds: this.#bounds, counts: Array.from(this.#counts), sum: this.#sum };
  }
}

/** Both together; their bounds are the same. */
export function addDistributions(one: Distribution, other: Distribution): Distribution {
  return {
    bounds: one.bounds,
    counts: one.counts.map((count, bucket) => count + (other.counts[bucket] ?? 0)),
    sum: one.sum + other.sum,
  };
}
