import { addDistributions } from '../../histogram.ts';
import type { ForwardStats, UpstreamStats } from './stats.ts';
import { endpointText } from './upstream.ts';

/** What several forwarders counted together; where upstreams stand, and which are left out, is as the last one has it. */
export function addForwardStats(one: ForwardStats, other: ForwardStats): ForwardStats {
  const before = new Map(one.upstreams.map((upstream) => [endpointText(upstream), upstream]));
  return {
    counts: addCounts(one.counts, other.counts),
    upstreams: other.upstreams.map((upstream) => addUpstream(before.get(endpointText(upstream)), upstream)),
    skipped: other.skipped,
    cacheEntries: one.cacheEntries + other.cacheEntries,
    cacheOctets: one.cacheOctets + other.cacheOctets,
    inFlight: one.inFlight + other.inFlight,
    waiting: one.waiting + other.waiting,
    idleConnections: one.idleConnections + other.idleConnections,
  };
}

/** What a forwarder leaves behind that is gone: its counts, and nothing that is under way or kept. */
export function finalForwardStats(stats: ForwardStats): ForwardStats {
  return {
    ...stats,
    upstreams: stats.upstreams.map((upstream) => ({ ...upstream, inFlight: 0 })),
    cacheEntries: 0,
    cacheOctets: 0,
    inFlight: 0,
    waiting: 0,
    idleConnections: 0,
  };
}

function addUpstream(one: UpstreamStats | undefined, other: UpstreamStats): UpstreamStats {
  if (one === undefined) return other;
  return {
    ...other,
    asked: one.asked + other.asked,
    inFlight: one.inFlight + other.inFlight,
    answers: one.answers + other.answers,
    failures: one.failures + other.failures,
    latency: addDistributions(one.latency, other.latency),
  };
}

function addCounts<T extends { readonly [K in keyof T]: number }>(one: T, other: T): T {
  const sum = { ...one };
  for (const key in other) Object.assign(sum, { [key]: one[key] + other[key] });
  return sum;
}
