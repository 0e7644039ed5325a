import type { HostId, HostRecord, HostStatus, Name, NameEntry } from '../record.ts';

/** A host, for operators and for the mesh (which learns from `record.meshAddresses` where to dial it). */
export interface HostView {
  readonly id: HostId;
  /** Missing while only heartbeats of it are known. */
  readonly record?: HostRecord;
  readonly status: HostStatus;
  readonly epoch: number;
  readonly sequence: number;
  /** Milliseconds since it was last heard; missing when it was not heard since this agent started. */
  readonly heardMsAgo?: number;
  /** Containers it tells of, and records of it that were refused. */
  readonly records: number;
  readonly badRecords: number;
}

/** A record that arrived with a good signature and is itself bad: not used, and shown to operators. */
export interface QuarantinedRecord {
  readonly host: HostId;
  readonly key: string;
  readonly problem: string;
}

/** A host that came, changed its record or status, or was forgotten (`gone`). */
export type HostChange =
  | { readonly type: 'seen'; readonly host: HostView }
  | { readonly type: 'gone'; readonly id: HostId };

/** What is known and who is alive: the read side of replication. All answers are of this moment and never change later. */
export interface Directory {
  /** All that is known of a name; both lists empty where nobody has it. Owners are in one fixed order everywhere. */
  entry(name: Name): NameEntry;
  /** Every name that has an owner or a static record. */
  names(): Iterable<Name>;
  /** Every host, this one first. */
  hosts(): readonly HostView[];
  quarantine(): readonly QuarantinedRecord[];
  /** Lets go of what was only made to be told of; it is made again when somebody asks. */
  rest(): void;
  /** Calls `listener` with the new entries after each merge or change of status, all of one cause in one call. */
  onNames(listener: (changed: readonly NameEntry[]) => void): () => void;
  /** Calls `listener` when hosts come, go, or change their record or status. */
  onHosts(listener: (changed: readonly HostChange[]) => void): () => void;
}
