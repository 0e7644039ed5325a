import type { Distribution } from '../../histogram.ts';
import type { Endpoint } from './options.ts';

/** What forwarding counted since its start; plain data. */
export interface ForwardStats {
  readonly counts: Readonly<ForwardCounts>;
  readonly upstreams: readonly UpstreamStats[];
  /** Upstreams that were named and are not used, with the reason. */
  readonly skipped: readonly SkippedUpstream[];
  readonly cacheEntries: number;
  readonly cacheOctets: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** TCP connections to upstreams that are kept for the next question. */
  readonly idleConnections: number;
}

/** Counters; they only grow. */
export interface ForwardCounts {
  /** Questions that came. */
  questions: number;
  /** Answered from memory. */
  cached: number;
  /** Answered from memory past its time, because upstreams failed or were late. */
  stale: number;
  /** Not in memory, or only past its time. */
  missed: number;
  /** Answered by an upstream. */
  answered: number;
  /** Waited for the answer to an equal question that was already out. */
  joined: number;
  /** SERVFAIL, or what an upstream said instead of an answer: no upstream answered. */
  failed: number;
  /** The same again from memory: it failed a short while ago. */
  failedAgain: number;
  /** REFUSED: the asker is outside the allowed ranges. */
  refused: number;
  /** Dropped: the asker had too many questions out. */
  droppedPerClient: number;
  /** Dropped: too many questions waited; the oldest went. */
  droppedOverload: number;
  /** Dropped: waited longer than the asker would. */
  droppedLate: number;
  /** Questions that were no questions. */
  unreadable: number;
  /** Datagrams and messages from upstreams whose id or question did not fit. */
  mismatched: number;
  /** Replies that fitted and broke the format. */
  malformed: number;
  /** Replies cut to what the asker can take. */
  truncated: number;
  /** Our own loop probes that came back to us. */
  loops: number;
}

/** How one upstream does. */
export interface UpstreamStats extends Endpoint {
  /** The domains it answers for; `.` for all others. */
  readonly domains: readonly string[];
  /** `down`: failed several times in a row, asked last; `looping`: leads back to us, not asked. */
  readonly state: 'up' | 'down' | 'looping';
  /** Attempts begun, and of them those not over. */
  readonly asked: number;
  readonly inFlight: number;
  readonly answers: number;
  readonly failures: number;
  /** Seconds to its answers. */
  readonly latency: Distribution;
  /** It answers only without EDNS, and is asked so for a while. */
  readonly plain: boolean;
  /** Smoothed time to an answer; undefined until the first. */
  readonly rttMs: number | undefined;
}

/** An upstream that is not used. */
export interface SkippedUpstream {
  readonly text: string;
  readonly reason: string;
}

export function createCounts(): ForwardCounts {
  return {
    questions: 0,
    cached: 0,
    stale: 0,
    missed: 0,
    answered: 0,
    joined: 0,
    failed: 0,
    failedAgain: 0,
    refused: 0,
    droppedPerClient: 0,
    droppedOverload: 0,
    droppedLate: 0,
    unreadable: 0,
    mismatched: 0,
    malformed: 0,
    truncated: 0,
    loops: 0,
  };
}
