/** What replication is told by configuration; `crdtDefaults` in config.ts gives each its value and reason. */
export interface ReplicaOptions {
  /** Milliseconds between beats in a small mesh, and what each host that is alive adds where that is more. */
  readonly heartbeatMs: number;
  readonly heartbeatPerHostMs: number;
  /** A host silent for this many of its intervals is suspected; so is one whose link broke. */
  readonly suspectAfterBeats: number;
  /** How long a suspect is asked about before it is quiet, and the time between two rounds of asking. */
  readonly doubtMs: number;
  readonly doubtStepMs: number;
  /** How long a host that said it restarts is believed. */
  readonly restartGraceMs: number;
  /** How long a host that suspects itself keeps everybody else alive. */
  readonly preserveMs: number;
  /** How long a quiet host is kept. */
  readonly retentionMs: number;
  /** How long it is remembered as forgotten, at least: whoever was away for less brings nobody back. */
  readonly graveMs: number;
  /** Time between comparisons with a random neighbour. */
  readonly compareMs: number;
  /** Local changes that follow each other within this time go out together. */
  readonly gatherMs: number;
  /** How long what is missing may still arrive by itself before a neighbour is asked for it. */
  readonly mendAfterMs: number;
  /** How long others keep a former run's containers before this host speaks without a listing of its engine. */
  readonly listingGraceMs: number;
  /** Time between a change and its saving to disk, for what the mesh could tell again. */
  readonly saveAfterMs: number;
  /** Octets that one broadcast may have; what is longer is fetched. */
  readonly maxBroadcastBytes: number;
  /** Hosts known at once, octets kept of one, and octets above which a host's share is bounded to `fairShareBytes`. */
  readonly maxHosts: number;
  readonly maxHostBytes: number;
  readonly maxStoredBytes: number;
  readonly fairShareBytes: number;
}
