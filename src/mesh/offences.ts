import type { HostId } from '../record.ts';

export interface OffenceOptions {
  /** More than this many within the window, and a peer is parted with. */
  readonly maxOffences: number;
  readonly offenceWindowMs: number;
  /** How long it is kept away, in milliseconds. */
  readonly banMs: number;
}

/** Offence names kept apart for one peer; further ones count as `other`. */
const maxKinds = 16;
/** Peers remembered; the longest silent is forgotten first. */
const maxPeers = 1024;

interface Conduct {
  readonly counts: Map<string, number>;
  recent: number[];
  bannedUntil: number;
}

/** Who did what no honest neighbour does, and who is kept away for it. Bounded whatever is blamed on whomever. */
export class Offences {
  readonly #options: OffenceOptions;
  readonly #peers = new Map<HostId, Conduct>();

  constructor(options: OffenceOptions) {
    this.#options = options;
  }

  /** Counts an offence; true when it was the one too many, and the peer is banned from now on. */
  add(peer: HostId, offence: string, now: number): boolean {
    const conduct = this.#conductOf(peer);
    const kind = conduct.counts.has(offence) || conduct.counts.size < maxKinds ? offence : 'other';
    conduct.counts.set(kind, (conduct.counts.get(kind) ?? 0) + 1);
    conduct.recent = [...conduct.recent.filter((at) => now - at < this.#options.offenceWindowMs), now];
    if (conduct.recent.length <= this.#options.maxOffences) return false;
    conduct.recent = [];
    conduct.bannedUntil = now + this.#options.banMs;
    return true;
  }

  isBanned(peer: HostId, now: number): boolean {
    return now < (this.#peers.get(peer)?.bannedUntil ?? Number.NEGATIVE_INFINITY);
  }

  list(): { readonly peer: HostId; readonly offence: string; readonly count: number }[] {
    return [...this.#peers].flatMap(([peer, { counts }]) =>
      [...counts].map(([offence, count]) => ({ peer, offence, count })),
    );
  }

  #conductOf(peer: HostId): Conduct {
    const conduct = this.#peers.get(peer) ?? { counts: new Map(), recent: [], bannedUntil: Number.NEGATIVE_INFINITY };
    this.#peers.delete(peer);
    this.#peers.set(peer, conduct);
    const [oldest] = this.#peers.keys();
    if (this.#peers.size > maxPeers && oldest !== undefined) this.#peers.delete(oldest);
    return conduct;
  }
}
