import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ContainerRecord, HostId, HostRecord, Name, StaticData, StaticRecord } from '../record.ts';
import { type Result, refused } from '../result.ts';
import type { Directory } from './directory.ts';
import type { ReplicaOptions } from './options.ts';
import type { Signer } from './signer.ts';
import type { Storage } from './storage.ts';
import type { Transport, TransportHandler, Verdict } from './transport.ts';

export interface ReplicaParts {
  readonly signer: Signer;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly options: ReplicaOptions;
}

/** What replication counted since its start, and the state it is in. */
export interface ReplicaStats {
  /** Envelopes by what became of them, such as `snapshot new`, `update known`. */
  readonly envelopes: Readonly<Record<string, number>>;
  /** Bad input by the neighbour that sent it and by reason. */
  readonly offences: readonly { readonly peer: HostId; readonly reason: string; readonly count: number }[];
  /** Exchanges with neighbours that this host began, and those that broke off. */
  readonly exchanges: number;
  readonly exchangesFailed: number;
  /** Bytes kept verbatim to relay: snapshots and updates of all hosts. */
  readonly storedBytes: number;
  readonly staticRecords: number;
  /** Most hosts went quiet together: this host suspects itself and keeps answering with their records. */
  readonly preserving: boolean;
  /** Another agent signs with this host's key. */
  readonly duplicateIdentity: boolean;
}

/**
 * What all hosts know, as this host knows it. It holds one single-writer document for each host and the shared static
 * records, tells the mesh what happens here, and takes in what happens elsewhere.
 *
 * Order of use: `attach` a transport (optional: without one it is alone), `await start()`, local writes, `await stop()`.
 * Nothing of this host's containers is published before the first `replaceContainers`: until then the mesh keeps what
 * the former run said.
 */
export class Replica implements TransportHandler {
  readonly directory: Directory;

  constructor(parts: ReplicaParts) {
    throw new Error(`not written yet: ${parts.signer.hostId}`);
  }

  /** Gives it the mesh. Call before `start`; the mesh may hand over events as soon as this returns. */
  attach(_transport: Transport): void {}

  /** Loads what the disk has (as `stale`), begins a new epoch, and begins to beat. */
  async start(): Promise<void> {}

  /**
   * Stops, saves, and tells the mesh why: `restart`: soon back, the containers run on, keep the records;
   * `leave`: withdraw them at once. May be called twice.
   */
  async stop(_how: 'restart' | 'leave'): Promise<void> {}

  /** Says what this host is; published with the containers, at once when they already are. */
  setHost(_record: HostRecord): void {}

  /** The engine's full listing: exactly these containers run here. */
  replaceContainers(_records: readonly ContainerRecord[]): void {}

  /** A container that began or changed. It takes its addresses from any other container here that still had them. */
  putContainer(_record: ContainerRecord): void {}

  /** A container that ended; nothing happens when it is not known. */
  removeContainer(_id: string): void {}

  /** Adds static records for the whole mesh; one with the same name and data as an older one replaces it. */
  addStatic(_records: readonly StaticRecord[]): void {}

  /** Removes a name's static records, or the one with this data, for the whole mesh; returns those it removed. */
  removeStatic(_name: Name, _data?: StaticData): readonly StaticRecord[] {
    return [];
  }

  /** Drops a host that is gone for good, here and on all others that do not hear it either; refused for one that is heard. */
  forgetHost(_id: HostId): Result<HostId> {
    return refused('not written yet');
  }

  stats(): ReplicaStats {
    throw new Error('not written yet');
  }

  received(_from: HostId, _bytes: Uint8Array): Verdict {
    return 'known';
  }

  async *answer(_from: HostId, _request: Uint8Array): AsyncIterable<Uint8Array> {}

  linkUp(_peer: HostId): void {}

  linkDown(_peer: HostId): void {}
}
