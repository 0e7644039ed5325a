import { expect, it } from 'vitest';
import { every } from '../src/clock.ts';
import { ManualClock } from './support/manual-clock.ts';

it('comes round again after a run that failed, and ends no process', async () => {
  const clock = new ManualClock();
  let runs = 0;
  const stop = every(clock, 10, async () => {
    runs++;
    throw new Error('one that failed');
  });
  await clock.advanceAsync(35);
  expect(runs).toBe(3);
  stop();
  await clock.advanceAsync(35);
  expect(runs).toBe(3);
});

it('never runs twice at once', async () => {
  const clock = new ManualClock();
  const { promise, resolve } = Promise.withResolvers<void>();
  let runs = 0;
  const stop = every(clock, 10, () => {
    runs++;
    return promise;
  });
  await clock.advanceAsync(35);
  expect(runs).toBe(1);
  resolve();
  await clock.advanceAsync(35);
  expect(runs).toBeGreaterThan(1);
  stop();
});
