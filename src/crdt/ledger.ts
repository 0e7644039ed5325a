import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';

/**
 * An owner may say this much a second for long, and this much at once: a hundred changes, as they are gathered, and some
 * signs of life; and what a link that was down holds back.
 */
const sayingsPerSecond = 120;
const burst = 1000;

/** Bad input of one kind, by who sent or made it. */
export interface LedgerOffence {
  readonly peer: HostId;
  readonly reason: string;
  readonly count: number;
}

/** What came in, by what became of it; and who sent what they should not have. */
export class Ledger {
  readonly #clock: Clock;
  readonly #maxHosts: number;
  readonly #envelopes = new Map<string, number>();
  readonly #offences = new Map<HostId, Map<string, number>>();
  readonly #buckets = new Map<HostId, { level: number; at: number }>();

  constructor(clock: Clock, maxHosts: number) {
    this.#clock = clock;
    this.#maxHosts = maxHosts;
  }

  count(what: string): void {
    this.#envelopes.set(what, (this.#envelopes.get(what) ?? 0) + 1);
  }

  offence(peer: HostId, reason: string): void {
    if (this.#offences.size >= this.#maxHosts && !this.#offences.has(peer)) return;
    const reasons = this.#offences.get(peer) ?? new Map<string, number>();
    this.#offences.set(peer, reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
  }

  /** Whether an owner may say one thing more now (a bucket that fills with time; the longest silent ones are forgotten). */
  allows(owner: HostId): boolean {
    const now = this.#clock.now();
    const { level, at } = this.#buckets.get(owner) ?? { level: burst, at: now };
    const filled = Math.min(burst, level + ((now - at) * sayingsPerSecond) / 1000);
    if (filled < 1) return false;
    this.#buckets.delete(owner);
    this.#buckets.set(owner, { level: filled - 1, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > this.#maxHosts && oldest !== undefined) this.#buckets.delete(oldest);
    return true;
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
