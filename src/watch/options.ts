import type { Address, Domain, HostId } from '../record.ts';

/** How container names are rewritten, as weave's proxy did (`--hostname-from-label` and its companions). */
export interface HostnameRules {
  /** The name is taken from this label where the container has it; empty for "from no label". */
  readonly fromLabel: string;
  /** Every match in the name is replaced. */
  readonly match: RegExp;
  /** What to put there, in the words of Go: `$1`, `${1}`, `${group}`, `$$`. */
  readonly replacement: string;
}

/** What `Watch` needs to know; the numbers are explained in `config.ts`. */
export interface WatchOptions {
  readonly hostId: HostId;
  readonly domains: readonly Domain[];
  /** The host's own address: that of containers on the host's network. */
  readonly hostAddress?: Address;
  readonly hostnames: HostnameRules;
  readonly reconcileMs: number;
  readonly settleMs: number;
  readonly stallMs: number;
  readonly requestTimeoutMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly inspectionsAtOnce: number;
  readonly replaySeconds: number;
  readonly farewellMs: number;
  readonly unwatchedMs: number;
  readonly crashesBeforeHold: number;
  readonly crashWindowMs: number;
  readonly holdMinMs: number;
  readonly holdMaxMs: number;
}
