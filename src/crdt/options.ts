/** What replication is told by configuration; `crdtDefaults` in config.ts gives each its value and reason. */
export interface ReplicaOptions {
  readonly heartbeatMs: number;
  readonly heartbeatPerHostMs: number;
  readonly suspectAfterBeats: number;
  readonly doubtMs: number;
  readonly doubtStepMs: number;
  readonly restartGraceMs: number;
  readonly preserveMs: number;
  readonly retentionMs: number;
  readonly compareMs: number;
  readonly saveAfterMs: number;
  readonly maxBroadcastBytes: number;
  readonly maxHosts: number;
  readonly maxHostBytes: number;
  readonly maxStoredBytes: number;
}
