import type { Distribution } from '../histogram.ts';

/** What the rooms of an agent counted since it started, and where they stand; counters only grow. */
export interface Measurements {
  /** Undefined where no questions are answered. */
  readonly dns: DnsMeasurements | undefined;
  /** Undefined where nothing is forwarded. */
  readonly forward: ForwardMeasurements | undefined;
  readonly replication: ReplicationMeasurements;
  readonly mesh: MeshMeasurements;
  /** Undefined where no engine is watched. */
  readonly engine: EngineMeasurements | undefined;
}

/** The answering threads together. */
export interface DnsMeasurements {
  /** Questions by type, replies by response code. */
  readonly questions: Readonly<Record<string, number>>;
  readonly replies: Readonly<Record<string, number>>;
  readonly counts: {
    readonly udpQuestions: number;
    readonly tcpQuestions: number;
    readonly dropped: number;
    readonly malformed: number;
    readonly truncated: number;
    readonly rateDropped: number;
    readonly rateTruncated: number;
    readonly compiled: number;
    readonly tcpConnections: number;
    readonly tcpRefused: number;
    readonly tcpTimedOut: number;
    readonly errors: number;
  };
  /** Seconds to a reply. */
  readonly promptLatency: Distribution;
  readonly awaitedLatency: Distribution;
  readonly threads: number;
  readonly threadRestarts: number;
  /** By the number of the thread. */
  readonly busyMs: readonly number[];
}

/** Forwarding, of all threads together. */
export interface ForwardMeasurements {
  readonly counts: {
    readonly questions: number;
    readonly cached: number;
    readonly missed: number;
    readonly stale: number;
    readonly joined: number;
    readonly failed: number;
    readonly failedAgain: number;
    readonly refused: number;
    readonly droppedPerClient: number;
    readonly droppedOverload: number;
    readonly droppedLate: number;
    readonly mismatched: number;
    readonly malformed: number;
    readonly loops: number;
  };
  readonly upstreams: readonly UpstreamMeasurements[];
  readonly cacheEntries: number;
  readonly cacheOctets: number;
  readonly inFlight: number;
  readonly waiting: number;
}

/** One upstream server. */
export interface UpstreamMeasurements {
  readonly address: string;
  readonly port: number;
  readonly state: 'up' | 'down' | 'looping';
  readonly asked: number;
  readonly inFlight: number;
  readonly failures: number;
  /** Seconds to its answers. */
  readonly latency: Distribution;
}

export interface ReplicationMeasurements {
  /** Envelopes by what became of them: `KIND OUTCOME` of good ones, else why it was turned away. */
  readonly envelopes: Readonly<Record<string, number>>;
  /** Seconds that news of other hosts was late here. */
  readonly delays: Distribution;
  readonly exchanges: number;
  readonly exchangesFailed: number;
  readonly storedBytes: number;
  readonly preserving: boolean;
  readonly duplicateIdentity: boolean;
}

export interface MeshMeasurements {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly broadcastsIn: number;
  readonly broadcastsOut: number;
  readonly requestsIn: number;
  readonly requestsOut: number;
  /** By reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
}

export interface EngineMeasurements {
  readonly connected: boolean;
  readonly containers: number;
  readonly eventLagMs?: number;
  readonly comparedMsAgo?: number;
  /** By name, such as `events`. */
  readonly counts: Readonly<Record<string, number>>;
}
