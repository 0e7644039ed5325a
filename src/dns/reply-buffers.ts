import { newPage, type Page } from './pages.ts';

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
  /** For each length that was asked for, a view of each place in the round. */
  private views = noViews();
  private used = 0;
  /** The memory of the buffer that was taken last, which starts where the buffer does. */
  page = newPage(0);

  /** `length` tells how many replies wait in a socket's queue; the returned function says that the socket is gone. */
  watch(length: () => number): () => void {
    this.queues.add(length);
    return () => void this.queues.delete(length);
  }

  /** A buffer of that length that nobody reads any more. */
  take(octets: number): Buffer {
    if (octets > maxKept) return this.use(newPage(octets), octets);
    if (this.used === round) this.startRound();
    const turn = this.used++;
    const store = this.stores[turn] ?? newPage(maxKept);
    const views = this.viewsOf(octets);
    const known = views[turn];
    if (known === undefined) {
      const fresh = this.use(store, octets);
      views[turn] = fresh;
      return fresh;
    }
    this.page = store;
    return known;
  }

  private viewsOf(octets: number): (Buffer | undefined)[] {
    const known = this.views[octets];
    if (known !== undefined) return known;
    const fresh = new Array<Buffer | undefined>(round).fill(undefined);
    this.views[octets] = fresh;
    return fresh;
  }

  private use(page: Page, octets: number): Buffer {
    this.page = page;
    return page.octets.subarray(0, octets);
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

function newStores(): Page[] {
  return Array.from({ length: round }, () => newPage(maxKept));
}

function noViews(): ((Buffer | undefined)[] | undefined)[] {
  return new Array(maxKept + 1).fill(undefined);
}
