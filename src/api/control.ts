import type {
  Address,
  ContainerAddress,
  Domain,
  HostId,
  HostRecord,
  HostStatus,
  Name,
  NameEntry,
  Owner,
  StaticData,
  StaticRecord,
} from '../record.ts';
import type { Result } from '../result.ts';
import type { Measurements } from './measurements.ts';

/** Which agent this is. */
export interface AgentIdentity {
  readonly hostId: HostId;
  readonly hostName: string;
  readonly version: string;
  /** Milliseconds since 1970 by its wall clock; for people. */
  readonly startedAt: number;
}

/** A host of the mesh as this agent knows it. */
export interface HostView {
  readonly id: HostId;
  /** Missing while only heartbeats of it are known. */
  readonly record?: HostRecord;
  readonly status: HostStatus;
  /** Milliseconds since it was last heard; missing when it was not heard since this agent started. */
  readonly heardMsAgo?: number;
  /** Containers it tells of, and records of it that were refused. */
  readonly records: number;
  readonly badRecords: number;
}

/** `refused`: the other side was reached and may not be a neighbour, such as for a different secret. */
export type LinkState = 'established' | 'connecting' | 'retrying' | 'failed' | 'refused';

/** A link to another agent, or the attempt at one. */
export interface LinkView {
  /** Missing until the other side has shown who it is. */
  readonly peer?: HostId;
  /** `IP:PORT`, or the name an operator gave. */
  readonly address: string;
  readonly outbound: boolean;
  readonly state: LinkState;
  /** Milliseconds it has been in this state. */
  readonly sinceMs?: number;
  readonly rttMs?: number;
  /** What last went wrong, in a clause such as `the secrets differ`. */
  readonly error?: string;
  readonly nextRetryMs?: number;
}

/** A link between two hosts, neither of them this one's doing: `from` dialled `to`, and says that the link stands. */
export interface HostLink {
  readonly from: HostId;
  readonly to: HostId;
}

/** What came in over the mesh since this agent started: connections turned away, and what was said, by what became of it. */
export interface MeshView {
  /** Connections turned away before they said anything useful, by reason such as `secrets differ`. */
  readonly refused: Readonly<Record<string, number>>;
  /** Broadcasts, requests and answers dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Signed messages by what became of them, such as `update merged` or `wrong signature`. */
  readonly envelopes: Readonly<Record<string, number>>;
  /** Bad input by the host that sent it or made it. */
  readonly offences: readonly { readonly peer: HostId; readonly reason: string; readonly count: number }[];
  /** Bytes of all hosts' records kept to relay. */
  readonly storedBytes: number;
}

/** The container engine of this host. */
export interface EngineView {
  readonly connected: boolean;
  /** Why it is not connected, in one sentence. */
  readonly problem?: string;
  /** Where it is looked for, such as `unix:///var/run/docker.sock`. */
  readonly address?: string;
  /** `docker` or `podman`. */
  readonly type?: string;
  readonly version?: string;
  readonly apiVersion?: string;
  readonly containers: number;
  /** Milliseconds since all records were last compared with the engine's own listing. */
  readonly comparedMsAgo?: number;
}

/** The name server of this host. */
export interface DnsView {
  /** Where it answers, `IP:PORT` or `[IP]:PORT`; the first is the one to hand to containers. */
  readonly listen: readonly string[];
  readonly ttlSeconds: number;
  /** Servers of all other names, `IP` or `IP:PORT`. */
  readonly upstreams: readonly string[];
  /** How each of them does, and those of single domains; missing until the answering threads were heard. */
  readonly forwarding?: readonly UpstreamView[];
  /** Questions taken since it started. */
  readonly queries: number;
  /** Milliseconds since `queries` was counted: it is brought from the answering threads now and then. */
  readonly countedMsAgo?: number;
  /** Everything else it counts, by name. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** A server of other names, and how it does since this agent started. */
export interface UpstreamView {
  /** `IP` or `IP:PORT`. */
  readonly server: string;
  /** The domains it is asked for; missing for all others. */
  readonly domains?: readonly string[];
  /** `down`: failed several times in a row, asked last; `looping`: leads back to this agent, not asked. */
  readonly state: 'up' | 'down' | 'looping';
  readonly asked: number;
  readonly failures: number;
  /** Smoothed time to an answer; missing until the first. */
  readonly rttMs?: number;
}

/** Whether this agent can do its work; the reasons are empty when it can. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** Something an operator should know: what is wrong, and what to do about it; each a sentence. */
export interface Problem {
  readonly problem: string;
  readonly remedy: string;
}

/** One record of a name, and whether a given asker gets it. */
export interface ExplainedRecord {
  /** `A`, `AAAA`, `CNAME`, `SRV` or `TXT`. */
  readonly type: string;
  /** As a zone file has it, such as `192.0.2.7`. */
  readonly data: string;
  readonly answered: boolean;
  /** A clause that says why or why not, such as `its host went quiet 12 s ago`. */
  readonly reason: string;
  /** Who said so: the host's name, or `static record made on HOST`. */
  readonly source: string;
  /** The container's name, where the record is a container's. */
  readonly container?: string;
  /** When it was made or its container began, in milliseconds since 1970 by the source's wall clock; for people. */
  readonly since?: number;
}

/** Why a question about a name gets the answer it gets. */
export interface Explanation {
  /** The asker as it was understood, such as `172.17.0.3, container web on network bridge`. */
  readonly asker: string;
  /** The answer in a sentence, such as `answers 2 of 3 addresses`. */
  readonly outcome: string;
  readonly records: readonly ExplainedRecord[];
  /** Names the engine offered that could not become this one, and other remarks. */
  readonly notes?: readonly string[];
}

/**
 * What the API can see and do: the running agent as operators hold it. All results are of this moment, serialisable as
 * JSON, and never change later.
 */
export interface AgentControl {
  readonly agent: AgentIdentity;
  /** The domains it answers for, the primary first. */
  domains(): readonly Domain[];
  /** Every name that has an owner or a static record. */
  entries(): Iterable<NameEntry>;
  /** All that is known of a name; both lists empty where nobody has it. */
  entry(name: Name): NameEntry;
  /** Why this host never answers with this address (its subnet is another network's here); undefined where it may. */
  shadow(owner: Owner, address: ContainerAddress): string | undefined;
  /** Every host, this one first. */
  hosts(): readonly HostView[];
  links(): readonly LinkView[];
  /** The links that other hosts say they made, to each other and to this one. */
  linksElsewhere(): readonly HostLink[];
  /** Whether a secret keeps strangers out of the mesh. */
  encrypted(): boolean;
  mesh(): MeshView;
  /** Undefined when no engine is watched (`--no-docker`). */
  engine(): EngineView | undefined;
  /** Undefined when no questions are answered (`--no-dns`). */
  dns(): DnsView | undefined;
  readiness(): Readiness;
  /** What is wrong, worst first; empty when all is well. */
  problems(): readonly Problem[];
  /** Why `name` is answered as it is, for the asker at `from`, or for this host itself. */
  explain(name: Name, from?: Address): Promise<Explanation>;
  /**
   * Adds records for the whole mesh; one with the same name and data replaces the older one. Refused where the mesh has no
   * room for them. Resolves when a crash cannot lose them.
   */
  addStatic(
    records: readonly StaticRecord[],
  ): Result<readonly StaticRecord[]> | Promise<Result<readonly StaticRecord[]>>;
  /** Removes a name's static records, or the one with this data, for the whole mesh; tells which they were. Refused as `addStatic` is. */
  removeStatic(
    name: Name,
    data?: StaticData,
  ): Result<readonly StaticRecord[]> | Promise<Result<readonly StaticRecord[]>>;
  /** Why nothing can be kept on disk, in a sentence; undefined while all is kept. */
  unkept(): string | undefined;
  /** Begins to dial `host[:port]`; who answers is known after a restart too. Refused where it cannot be an address. */
  connect(peer: string): Result<string> | Promise<Result<string>>;
  /** Stops dialling an address, or drops a host that is gone for good, by id or name. */
  forget(peer: string): Result<string> | Promise<Result<string>>;
  /** Withdraws this host's records; resolves when the mesh was told. The agent ends soon after. */
  leave(): Promise<void>;
  /** A join token: the secret and this agent's addresses; refused when there is no secret. */
  token(): Result<string> | Promise<Result<string>>;
  /** Calls `listener` with the new entries of every name that changed, all of one cause in one call. */
  onChange(listener: (changed: readonly NameEntry[]) => void): () => void;
  /** What was counted until now, by all threads. */
  measure(): Promise<Measurements>;
}
