import { expect, it } from 'vitest';
import { Tidying } from '../src/tidying.ts';
import { ManualClock } from './support/manual-clock.ts';

it('collects once after a large load, and neither during it nor for a few changes', () => {
  const clock = new ManualClock();
  let collected = 0;
  const tidying = new Tidying(clock, { begin: () => {}, end: () => collected++ });
  tidying.took(100);
  clock.advance(60_000);
  expect(collected).toBe(0);
  for (let batch = 0; batch < 40; batch++) {
    tidying.took(256);
    clock.advance(500);
  }
  expect(collected).toBe(0);
  clock.advance(5_000);
  expect(collected).toBe(1);
  tidying.took(100);
  clock.advance(60_000);
  expect(collected).toBe(1);
});

it('collects nothing once it is stopped', () => {
  const clock = new ManualClock();
  let collected = 0;
  const tidying = new Tidying(clock, { begin: () => {}, end: () => collected++ });
  tidying.took(10_000);
  tidying.stop();
  clock.advance(60_000);
  expect(collected).toBe(0);
});

it('collects nothing for many changes that come one by one, each with a rest before the next', () => {
  const clock = new ManualClock();
  let collected = 0;
  const tidying = new Tidying(clock, { begin: () => {}, end: () => collected++ });
  for (let change = 0; change < 6_000; change++) {
    tidying.took(1);
    clock.advance(2_000);
  }
  expect(collected).toBe(0);
});

it('says once when a large load begins, and anew for the next', () => {
  const clock = new ManualClock();
  const said: string[] = [];
  const tidying = new Tidying(clock, { begin: () => said.push('begin'), end: () => said.push('end') });
  for (const load of [4_000, 4_000, 4_000]) tidying.took(load);
  expect(said).toEqual(['begin']);
  clock.advance(5_000);
  tidying.took(6_000);
  expect(said).toEqual(['begin', 'end', 'begin']);
});

it('takes a load for over, and for no new one, while names change as they always do in a busy mesh', () => {
  const clock = new ManualClock();
  const said: string[] = [];
  const tidying = new Tidying(clock, { begin: () => said.push('begin'), end: () => said.push('end') });
  tidying.took(6_000);
  for (let quarter = 0; quarter < 240; quarter++) {
    clock.advance(250);
    tidying.took(100);
  }
  expect(said).toEqual(['begin', 'end']);
});
