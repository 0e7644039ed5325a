import { expect, it } from 'vitest';
import { every, systemClock, until } from '../src/clock.ts';
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

it('of the machine runs at its next turn what has no delay, unless that was called off', async () => {
  const ran: string[] = [];
  systemClock.after(0, () => ran.push('next'));
  systemClock.after(0, () => ran.push('called off'))();
  await new Promise<void>((resolve) => void systemClock.after(1, resolve));
  expect(ran).toEqual(['next']);
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

it('waits for a condition, and no longer than it has patience', async () => {
  const clock = new ManualClock();
  let holds = false;
  const ended: string[] = [];
  const times = { pollMs: 10, patienceMs: 50 };
  void until(clock, () => holds, times).then(() => ended.push('held'));
  void until(clock, () => false, times).then(() => ended.push('gave up'));
  await clock.advanceAsync(20);
  expect(ended).toEqual([]);
  holds = true;
  await clock.advanceAsync(10);
  expect(ended).toEqual(['held']);
  await clock.advanceAsync(30);
  expect(ended).toEqual(['held', 'gave up']);
});
