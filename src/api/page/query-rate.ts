/** Points that are kept: two minutes at one every two seconds. */
const kept = 60;

/** Queries per second, from a counter that is read now and then. */
export class QueryRate {
  #last: { readonly at: number; readonly total: number } | undefined;
  #points: number[] = [];

  /** Oldest first. */
  get points(): readonly number[] {
    return this.#points;
  }

  /** Takes in what the counter was at a moment, in milliseconds. A counter that fell is that of an agent started anew. */
  add(at: number, total: number): void {
    const last = this.#last;
    if (last !== undefined && at <= last.at) return;
    this.#last = { at, total };
    if (last === undefined || total < last.total) return;
    this.#points = [...this.#points, ((total - last.total) * 1_000) / (at - last.at)].slice(-kept);
  }
}

/** The points of an SVG polyline through these values, in a box of this size; empty below two values. */
export function sparkline(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return '';
  const top = Math.max(1, ...values);
  // The newest stands at the right; the line grows from there until it fills the box.
  const step = width / (kept - 1);
  return values
    .map((value, index) => {
      const x = width - (values.length - 1 - index) * step;
      // A line along an edge would be cut in half.
      const y = 1 + (1 - value / top) * (height - 2);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
