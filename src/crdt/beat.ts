/** Where a beat stands among those of its host: `(epoch, beat)` only ever grows. */
export interface BeatNumber {
  readonly epoch: number;
  readonly beat: number;
}

/** A beat of a host, and what it said of the next. */
export interface Beat extends BeatNumber {
  readonly restarting: boolean;
  readonly intervalMs: number;
}

export function isLater(one: BeatNumber, other: BeatNumber): boolean {
  return one.epoch > other.epoch || (one.epoch === other.epoch && one.beat > other.beat);
}
