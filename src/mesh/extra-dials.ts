import { type Clock, every } from '../clock.ts';
import type { HostId } from '../record.ts';
import { inTurn } from './dial-order.ts';
import type { Hearsay } from './parts.ts';
import type { Target } from './target.ts';

export interface ExtraDialsParts {
  readonly clock: Clock;
  readonly options: {
    readonly fullMeshHosts: number;
    readonly linksWhenLarge: number;
    readonly searchPerHostMs: number;
  };
  readonly hearsay: Hearsay;
  /** How many hosts are known. */
  readonly hosts: () => number;
  /** Whether there are, or will be at once, as many links as this host wants. */
  readonly isContent: () => boolean;
  /** How many links this host dialled, with those that it may be about to have. */
  readonly chosen: () => number;
  /** Those that no link leads to and that are not being dialled. */
  readonly missing: () => readonly Target[];
  readonly dial: (target: Target) => void;
}

/** One in so many of the links that a host of a large mesh wants is to be one that it dialled. */
const chosenShare = 2;
/** Milliseconds between looks whether it is: there are links by then, and of those that are dialled none may answer. */
const chooseMs = 1_000;

/** What a host of a large mesh dials though it has as many links as it wants. */
export class ExtraDials {
  readonly #parts: ExtraDialsParts;
  #cancels: readonly (() => void)[] = [];

  constructor(parts: ExtraDialsParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock, options, hosts } = this.#parts;
    const searchMs = () => options.searchPerHostMs * Math.max(options.fullMeshHosts, hosts());
    this.#cancels = [
      every(clock, searchMs, () => this.#search()),
      every(
        clock,
        () => chooseMs,
        () => this.#choose(),
      ),
    ];
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
  }

  /**
   * Dials one of those that nothing is heard of: in a large mesh that fell apart each side has as many links as it wants
   * of its own, and nobody would look for the other.
   */
  #search(): void {
    const { hearsay } = this.#parts;
    if (!this.#parts.isContent()) return;
    const unheard: ReadonlySet<HostId> = hearsay.unheard();
    this.#dial(
      this.#parts.missing().filter(({ peer }) => peer !== undefined && unheard.has(peer)),
      1,
    );
  }

  /**
   * Dials as many as lack of its own choosing, however many dialled it: those may all be of one member that invents
   * hosts, passes on their beats and keeps back the rest, and whom this host dials is not for others to say.
   */
  #choose(): void {
    const { clock, options } = this.#parts;
    const lacking = Math.ceil(options.linksWhenLarge / chosenShare) - this.#parts.chosen();
    if (lacking <= 0 || !this.#parts.isContent()) return;
    this.#dial(
      this.#parts.missing().filter(({ nextTryAtMs }) => nextTryAtMs <= clock.now()),
      lacking,
    );
  }

  #dial(targets: readonly Target[], count: number): void {
    for (const target of inTurn(targets, this.#parts).slice(0, count)) this.#parts.dial(target);
  }
}
