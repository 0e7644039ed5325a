import { expect, it } from 'vitest';
import type { ForwardStats } from '../../src/dns/forward/stats.ts';
import { createCounts } from '../../src/dns/forward/stats.ts';
import { Counters } from '../../src/dns/stats.ts';
import { Totals } from '../../src/dns/totals.ts';
import { Histogram } from '../../src/histogram.ts';

it('what threads counted never falls, also when one of them dies', () => {
  const totals = new Totals();
  totals.heard(0, counted(5));
  totals.heard(1, counted(7));
  expect(sums(totals)).toEqual([12, 12, 12, 2]);
  totals.gone(0);
  expect(sums(totals)).toEqual([12, 12, 12, 1]);
  totals.heard(0, counted(1));
  totals.heard(1, counted(8));
  expect(sums(totals)).toEqual([14, 14, 14, 2]);
  totals.gone(0);
  totals.gone(1);
  totals.gone(1);
  expect(sums(totals)).toEqual([14, 14, 14, 0]);
});

/** Questions, forwarded ones, those to the upstream, and those that it owes. */
function sums(totals: Totals): (number | undefined)[] {
  const forward = totals.forward();
  const [upstream] = forward?.upstreams ?? [];
  return [totals.stats().questions.A, forward?.counts.questions, upstream?.asked, upstream?.inFlight];
}

/** A thread that was asked so often, everything of the one upstream, which owes one answer. */
function counted(questions: number): { stats: ReturnType<Counters['stats']>; forward: ForwardStats } {
  const counters = new Counters();
  for (let asked = 0; asked < questions; asked++) counters.question(1);
  const latency = new Histogram([1]).distribution();
  const upstream = { address: '192.0.2.53', port: 53, domains: ['.'], state: 'up', plain: false, rttMs: 1 } as const;
  return {
    stats: counters.stats(),
    forward: {
      counts: { ...createCounts(), questions },
      upstreams: [{ ...upstream, asked: questions, inFlight: 1, answers: questions, failures: 0, latency }],
      skipped: [],
      cacheEntries: 0,
      cacheOctets: 0,
      inFlight: 1,
      waiting: 0,
      idleConnections: 0,
    },
  };
}
