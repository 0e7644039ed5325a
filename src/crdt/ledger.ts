import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import { Bucket } from './bucket.ts';
import { Buckets } from './buckets.ts';

/**
 * An owner may say this much a second for long, and this much at once: a hundred changes, as they are gathered, and some
 * signs of life; and what a link that was down holds back.
 */
const sayingsPerSecond = 120;
const burst = 1000;

/**
 * Broadcast edits, of all hosts together, for which all static records are gone through anew, a second and at once: with
 * ten thousand records that takes 35 ms. More of them come with the next comparison, all at once.
 */
const dearEdits = { perSecond: 1, burst: 10 };

/** Bad input of one kind, by who sent or made it. */
export interface LedgerOffence {
  readonly peer: HostId;
  readonly reason: string;
  readonly count: number;
}

/** What came in, by what became of it; and who sent what they should not have. */
export class Ledger {
  readonly #maxHosts: number;
  readonly #sayings: Buckets;
  readonly #dear: Bucket;
  readonly #envelopes = new Map<string, number>();
  readonly #offences = new Map<HostId, Map<string, number>>();

  constructor(clock: Clock, maxHosts: number) {
    this.#maxHosts = maxHosts;
    this.#sayings = new Buckets(clock, { perSecond: sayingsPerSecond, burst, maxHosts });
    this.#dear = new Bucket(clock, dearEdits.burst);
  }

  count(what: string): void {
    this.#envelopes.set(what, (this.#envelopes.get(what) ?? 0) + 1);
  }

  offence(peer: HostId, reason: string): void {
    if (this.#offences.size >= this.#maxHosts && !this.#offences.has(peer)) return;
    const reasons = this.#offences.get(peer) ?? new Map<string, number>();
    this.#offences.set(peer, reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
  }

  /** Whether an owner may say one thing more now. */
  allows(owner: HostId): boolean {
    return this.#sayings.allows(owner);
  }

  /** Whether one more edit for which all static records are gone through anew may be taken as it comes. */
  allowsDear(): boolean {
    return this.#dear.allows(dearEdits.perSecond);
  }

  envelopes(): Record<string, number> {
    return Object.fromEntries(this.#envelopes);
  }

  offences(): LedgerOffence[] {
    return [...this.#offences].flatMap(([peer, reasons]) =>
      Array.from(reasons, ([reason, count]) => ({ peer, reason, count })),
    );
  }
}
