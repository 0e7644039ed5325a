/** Longest reply that a buffer is kept for; longer ones are rare and get one of their own. */
const maxKept = 4096;

/**
 * One buffer for each length of reply, written anew for every question: a socket sends it before `send` returns. When
 * it could not, the buffer is still in use, and `release` makes room for another.
 */
export class ReplyBuffers {
  private readonly byLength: (Buffer | undefined)[] = new Array(maxKept + 1).fill(undefined);
  private last = 0;

  take(octets: number): Buffer {
    if (octets > maxKept) return Buffer.allocUnsafe(octets);
    this.last = octets;
    const known = this.byLength[octets];
    if (known !== undefined) return known;
    const fresh = Buffer.allocUnsafeSlow(octets);
    this.byLength[octets] = fresh;
    return fresh;
  }

  /** The last reply is not sent yet: its octets are not written to again. */
  release(): void {
    this.byLength[this.last] = undefined;
  }
}
