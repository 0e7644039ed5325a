import type { Clock } from '../clock.ts';
import type { Distribution } from '../histogram.ts';
import type { Log } from '../log.ts';
import type { LedgerOffence } from './ledger.ts';
import type { ReplicaOptions } from './options.ts';
import type { Signer } from './signer.ts';
import type { Storage } from './storage.ts';

/** What a replica is built from. */
export interface ReplicaParts {
  readonly signer: Signer;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly options: ReplicaOptions;
}

/** What replication counted since its start, and the state it is in. */
export interface ReplicaStats {
  /** Envelopes by what became of them, such as `snapshot merged`, `update known`, `wrong signature`. */
  readonly envelopes: Readonly<Record<string, number>>;
  /** Bad input by the neighbour that sent it, or the host that made it, and by reason. */
  readonly offences: readonly LedgerOffence[];
  /** Requests to neighbours that this host began, and those that broke off. */
  readonly exchanges: number;
  readonly exchangesFailed: number;
  /** Seconds from the first word of a change on another host until it was here; see `Delays`. */
  readonly delays: Distribution;
  /** Bytes kept verbatim to relay: snapshots and updates of all hosts. */
  readonly storedBytes: number;
  readonly staticRecords: number;
  /** Most hosts went quiet together: this host suspects itself and keeps answering with their records. */
  readonly preserving: boolean;
  /** Another agent signs with this host's key. */
  readonly duplicateIdentity: boolean;
}
