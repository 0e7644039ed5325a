import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/dns/stats.ts';
import { rcode } from '../../src/dns/wire.ts';

describe('the counters of an answering thread', () => {
  it.each([1, 16, 17, 18, 1000])('count each of %d questions in exactly one bucket, at any time', (questions) => {
    const counters = new Counters();
    let before = counters.stats().promptLatency.counts;
    for (let asked = 1; asked <= questions; asked++) {
      if (counters.question(1)) counters.answeredIn(asked % 3);
      else counters.answeredUntimed();
      const { counts } = counters.stats().promptLatency;
      expect(counts.reduce((sum, count) => sum + count)).toBe(asked);
      expect(counts.every((count, bucket) => count >= (before[bucket] ?? 0))).toBe(true);
      before = counts;
    }
    expect(counters.stats().questions).toEqual({ A: questions });
  });

  it('time A and AAAA alike where they come in pairs', () => {
    const counters = new Counters();
    const timed = { A: 0, AAAA: 0 };
    for (let pair = 0; pair < 1000; pair++) {
      if (counters.question(1)) timed.A++;
      if (counters.question(28)) timed.AAAA++;
    }
    expect(Math.abs(timed.A - timed.AAAA)).toBeLessThanOrEqual(1);
  });

  it('tell BADVERS from NOERROR, and keep codes that have no name', () => {
    const counters = new Counters();
    counters.reply(rcode.BADVERS, false);
    counters.reply(9, false);
    counters.reply(rcode.NOERROR, true);
    expect(counters.stats().replies).toMatchObject({ NOERROR: 0, NODATA: 1, BADVERS: 1, other: 1 });
  });
});
