import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import type { Hosts } from './hosts.ts';
import type { HostClock } from './request.ts';

export interface MendingParts {
  readonly clock: Clock;
  readonly hosts: Hosts;
  /** How long what is missing may still arrive by itself, in milliseconds. */
  readonly afterMs: number;
  neighbours(): readonly HostId[];
  /** Whether something is being pulled from this neighbour now. */
  isBusy(peer: HostId): boolean;
  /** Pulls these hosts' logs, and all static records where `statics` says so; never throws. */
  pull(peer: HostId, have: readonly HostClock[], statics: boolean): Promise<unknown>;
}

/** Neighbours asked for the same thing: who should have it, then others; then the next sign of life begins anew. */
const maxTries = 3;
/** Hosts sought at once, as many as there may be: a neighbour's bare word is enough to seek one, and may invent them. */
const maxSought = 5_000;

/** How far a host's log goes elsewhere, who said so, and how often it was asked for. */
interface Missing {
  readonly epoch: number;
  readonly sequence: number;
  readonly teller: HostId;
  readonly tries: number;
}

/** Keeps what is known to be missing here, and pulls it when it did not come by itself. */
export class Mending {
  readonly #parts: MendingParts;
  readonly #logs = new Map<HostId, Missing>();
  /** Who showed that static records are missing; asked once, for the next sign of life shows it again. */
  #staticsTeller: HostId | undefined;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(parts: MendingParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  want(host: HostId, epoch: number, sequence: number, teller: HostId): void {
    const sought = this.#logs.get(host);
    if (sought === undefined && this.#logs.size >= maxSought) return;
    this.#logs.set(host, { epoch, sequence, teller, tries: sought?.tries ?? 0 });
    this.#soon();
  }

  wantStatics(teller: HostId): void {
    this.#staticsTeller ??= teller;
    this.#soon();
  }

  #soon(): void {
    if (this.#stopped) return;
    this.#cancel ??= this.#parts.clock.after(this.#parts.afterMs, () => {
      this.#cancel = undefined;
      for (const [peer, hosts] of this.#plan()) void this.#pull(peer, hosts);
      if (this.#logs.size > 0 || this.#staticsTeller !== undefined) this.#soon();
    });
  }

  /** Whom to ask for what now; what waits for a busy neighbour stays for the next time. */
  #plan(): Map<HostId, Map<HostId, Missing>> {
    const { hosts, isBusy } = this.#parts;
    const plan = new Map<HostId, Map<HostId, Missing>>();
    for (const [host, missing] of this.#logs) {
      const peer = hosts.lacks(host, missing.epoch, missing.sequence) ? this.#whoHas(missing, host) : undefined;
      if (peer !== undefined && isBusy(peer)) continue;
      this.#logs.delete(host);
      if (peer !== undefined) plan.set(peer, (plan.get(peer) ?? new Map()).set(host, missing));
    }
    const peer = this.#staticsTeller && this.#whoHas({ teller: this.#staticsTeller, tries: 0 });
    if (peer === undefined) this.#staticsTeller = undefined;
    else if (!plan.has(peer) && !isBusy(peer)) plan.set(peer, new Map());
    return plan;
  }

  async #pull(peer: HostId, missing: ReadonlyMap<HostId, Missing>): Promise<void> {
    const { hosts, pull } = this.#parts;
    const statics = this.#staticsTeller !== undefined;
    this.#staticsTeller = undefined;
    const have = Array.from(missing.keys(), (host) => hosts.clock(host));
    await pull(peer, have, statics);
    for (const [host, { epoch, sequence, teller, tries }] of missing) {
      if (tries + 1 >= maxTries || !hosts.lacks(host, epoch, sequence)) continue;
      this.#logs.set(host, { epoch, sequence, teller, tries: tries + 1 });
      this.#soon();
    }
  }

  /** At first the host itself or who showed that there is more; then anyone, for those two may not have it. */
  #whoHas({ teller, tries }: { readonly teller: HostId; readonly tries: number }, host?: HostId): HostId | undefined {
    const neighbours = this.#parts.neighbours();
    const best = [host, teller].find((peer) => peer !== undefined && neighbours.includes(peer));
    if (best !== undefined && tries === 0) return best;
    return neighbours[Math.floor(this.#parts.clock.random() * neighbours.length)];
  }
}
