/** Longest reply that buffers are kept for; longer ones are rare and get one of their own. */
const maxKept = 1500;
/** Replies between two looks at the queues: asking a socket costs a twentieth of an answer. */
const round = 32;

/**
 * Buffers that replies are written into again and again. A socket mostly sends before `send` returns; what it could not
 * send it queues, and then the buffer is still in use. So no buffer is used twice in a round, and after each round the
 * queues are looked at: if they are empty all is sent, and if not the buffers are left to the sockets.
 */
export class ReplyBuffers {
  private readonly queues = new Set<() => number>();
  private stores = newStores();
  /** A view of its store for each place in the round and each length. */
  private views = noViews();
  private used = 0;

  /** `length` tells how many replies wait in a socket's queue; the returned function says that the socket is gone. */
  watch(length: () => number): () => void {
    this.queues.add(length);
    return () => void this.queues.delete(length);
  }

  /** A buffer of that length that nobody reads any more. */
  take(octets: number): Buffer {
    if (octets > maxKept) return Buffer.allocUnsafe(octets);
    if (this.used === round) this.startRound();
    const turn = this.used++;
    const place = octets * round + turn;
    const known = this.views[place];
    if (known !== undefined) return known;
    const fresh = (this.stores[turn] ?? Buffer.alloc(maxKept)).subarray(0, octets);
    this.views[place] = fresh;
    return fresh;
  }

  private startRound(): void {
    this.used = 0;
    for (const length of this.queues) {
      if (length() === 0) continue;
      this.stores = newStores();
      this.views = noViews();
      return;
    }
  }
}

function newStores(): Buffer[] {
  return Array.from({ length: round }, () => Buffer.allocUnsafeSlow(maxKept));
}

function noViews(): (Buffer | undefined)[] {
  return new Array((maxKept + 1) * round).fill(undefined);
}
