import { beforeEach, describe, expect, it } from 'vitest';
import { Delays } from '../../src/crdt/delays.ts';
import type { HostId } from '../../src/record.ts';
import { ManualClock } from '../support/manual-clock.ts';

const host = 'TESTHOST2' as HostId;
let clock: ManualClock;
let delays: Delays;

beforeEach(() => {
  clock = new ManualClock();
  delays = new Delays(clock, (id) => id === host);
});

/** Each delay's bucket, by its upper bound, as often as it was seen. */
function seen(): number[] {
  const { bounds, counts } = delays.distribution();
  return counts.flatMap((count, bucket) => Array<number>(count).fill(bounds[bucket] ?? Number.POSITIVE_INFINITY));
}

describe('the delay of what other hosts say', () => {
  it('is nothing for a broadcast that came before any word of it', () => {
    delays.arrived(host, { epoch: 1, sequence: 1 }, 'broadcast');
    expect(seen()).toEqual([0.001]);
    expect(delays.distribution().sum).toBe(0);
  });

  it('counts from the first word of it, by whatever way it comes in the end', () => {
    delays.toldOf(host, 1, 2);
    clock.advance(200);
    delays.toldOf(host, 1, 2);
    delays.toldOf(host, 1, 3);
    clock.advance(700);
    delays.arrived(host, { epoch: 1, sequence: 2 }, 'answer');
    expect(delays.distribution().sum).toBeCloseTo(0.9);
    delays.arrived(host, { epoch: 1, sequence: 3 }, 'broadcast');
    expect(delays.distribution().sum).toBeCloseTo(0.9 + 0.7);
    delays.arrived(host, { epoch: 1, sequence: 4 }, 'broadcast');
    expect(seen()).toEqual([0.001, 1, 1]);
  });

  it('counts what a newer epoch brings along', () => {
    delays.toldOf(host, 1, 9);
    clock.advance(4_000);
    delays.arrived(host, { epoch: 2, sequence: 1 }, 'broadcast');
    expect(seen()).toEqual([5]);
  });

  it('is not of what a host catches up on that it was not told of', () => {
    delays.arrived(host, { epoch: 1, sequence: 7 }, 'answer');
    expect(seen()).toEqual([]);
  });

  it('is not of hosts that nobody knows, nor of what was told of one before it was dropped', () => {
    const nobody = 'TESTHOST3' as HostId;
    delays.toldOf(nobody, 1, 9);
    delays.toldOf(host, 1, 9);
    delays.forget(host);
    clock.advance(86_400_000);
    for (const id of [nobody, host]) delays.arrived(id, { epoch: 1, sequence: 9 }, 'answer');
    expect(seen()).toEqual([]);
  });

  it('keeps the oldest word where there is no room for all', () => {
    for (let sequence = 1; sequence <= 40; sequence++) {
      delays.toldOf(host, 1, sequence);
      clock.advance(1);
    }
    delays.arrived(host, { epoch: 1, sequence: 39 }, 'broadcast');
    delays.arrived(host, { epoch: 1, sequence: 40 }, 'broadcast');
    expect(delays.distribution().sum).toBeCloseTo((40 + (40 - 15)) / 1000);
  });
});
