import type { Address, HostId, HostStatus, NetworkKey, StaticData } from '../record.ts';

/** Why a question about a name gets the answer it gets. Serialisable. */
export interface Explanation {
  /** The name as it was asked for. */
  readonly name: string;
  readonly asker: { readonly address: string; readonly container?: string; readonly networks: readonly NetworkKey[] };
  /**
   * `exists`: the name has an answer of some type; `empty`: it or a name below it exists, but there is nothing for this
   * asker; `unknown`: nobody has it (NXDOMAIN); `forwarded`: it is not ours.
   */
  readonly outcome: 'exists' | 'empty' | 'unknown' | 'forwarded';
  /** One sentence for people. */
  readonly summary: string;
  /** What its A and AAAA questions are answered with, in no particular order. */
  readonly addresses: readonly Address[];
  readonly ttlSeconds: number;
  readonly records: readonly ExplainedRecord[];
}

/** One record of the name and what became of it. */
export interface ExplainedRecord {
  readonly source:
    | {
        readonly type: 'container';
        readonly host: HostId;
        readonly hostName: string;
        readonly hostStatus: HostStatus;
        readonly id: string;
        readonly container: string;
        /** When this run of it began, in milliseconds since 1970 by its host's wall clock; for people. */
        readonly startedAt: number;
      }
    | { readonly type: 'static'; readonly madeOn: string; readonly madeAt: number };
  /** The address, or the content of a record of another type. */
  readonly data: StaticData;
  /** The network's name in the engine, where the record is a container's address. */
  readonly network?: string;
  readonly verdict: Verdict;
  /** One sentence for people. */
  readonly reason: string;
}

export type Verdict =
  | 'answered'
  /** Its subnet is another network's on the asker's host. */
  | 'shadowed'
  /** Only containers on its overlay reach it. */
  | 'apart'
  /** Another address of the same container suits the asker better. */
  | 'farther'
  | 'unhealthy'
  | 'paused'
  | 'draining'
  | 'quiet'
  | 'weightless'
  /** A record of another type at the same name excludes it. */
  | 'overridden';
