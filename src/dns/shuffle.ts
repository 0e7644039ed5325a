/** Chance for the order of addresses: xorshift32, because a shuffle of three needs no better one and may cost nothing. */
export class Shuffle {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 1;
  }

  /** A whole number from 0 to `bound` - 1, which is at most 65,536: scaled, because a division costs more than all the rest. */
  below(bound: number): number {
    let { state } = this;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return ((state >>> 16) * bound) >>> 16;
  }

  /** Fisher-Yates, in place, on a part of the list. */
  mix(list: Uint16Array, from: number, to: number): void {
    for (let last = to - 1; last > from; last--) {
      const other = from + this.below(last - from + 1);
      const kept = list[last] ?? 0;
      list[last] = list[other] ?? 0;
      list[other] = kept;
    }
  }
}
