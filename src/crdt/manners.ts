import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import { Buckets } from './buckets.ts';

/**
 * What an honest neighbour may bring that is of no use, for long and at once. It says about a hundred things a second, and
 * holds back at most what its queue for a neighbour holds (2 MiB), so a link that stood still brings a few thousand
 * envelopes at once that have become old on the way, or are more than their owner may say.
 */
const uselessPerSecond = 120;
const uselessAtOnce = 5_000;
/** Places to remember what a neighbour brought, 4 octets each; what falls on a place forgets what was there. */
const places = 1_024;
/** Envelopes that were passed on and not kept, remembered of all neighbours: more than their owner may say at once. */
const remembered = 4_096;

/**
 * Tells bad manners from bad luck. Delay and loss make neighbours bring what is old, but each thing once: a host passes
 * on what was news to it, and the second time it is none. So whoever broadcasts the same old thing twice, or more old
 * things than any delay explains, is no honest host.
 */
export class Manners {
  readonly #old: Buckets;
  readonly #floods: Buckets;
  readonly #brought = new Map<HostId, Uint32Array>();
  readonly #passed = new Set<number>();

  constructor(clock: Clock, maxHosts: number) {
    const options = { perSecond: uselessPerSecond, burst: uselessAtOnce, maxHosts };
    this.#old = new Buckets(clock, options);
    this.#floods = new Buckets(clock, options);
  }

  /** Whether a broadcast that was no news here is one too many of this neighbour's. */
  isRepetition(peer: HostId, bytes: Uint8Array): boolean {
    const brought = this.#brought.get(peer) ?? new Uint32Array(places);
    this.#brought.set(peer, brought);
    // The last octets are of the signature: chance itself.
    const end = Buffer.from(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
    const place = end.readUInt32LE(0) % places;
    const mark = end.readUInt32LE(4) | 1;
    const again = brought[place] === mark >>> 0;
    brought[place] = mark;
    return again || !this.#old.allows(peer);
  }

  /** Whether a well signed envelope that is not kept here went by already: nothing else tells that it is no news. */
  hasPassed(bytes: Uint8Array): boolean {
    return this.#passed.has(markOf(bytes));
  }

  passed(bytes: Uint8Array): void {
    this.#passed.add(markOf(bytes));
    const [oldest] = this.#passed;
    if (this.#passed.size > remembered && oldest !== undefined) this.#passed.delete(oldest);
  }

  /** Whether a neighbour that says too much of itself goes on with it. */
  isFlooding(peer: HostId): boolean {
    return !this.#floods.allows(peer);
  }

  /** Forgets what a neighbour brought: it may have lost its memory, and learn from others once more. */
  forget(peer: HostId): void {
    this.#brought.delete(peer);
  }
}

/** What tells well signed envelopes apart: their last octets are of the signature, chance itself. */
function markOf(bytes: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset + bytes.length - markBytes, markBytes).readUIntLE(0, markBytes);
}

const markBytes = 6;
