import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../src/identity.ts';
import { Offences } from '../../src/mesh/offences.ts';

const options = { maxOffences: 3, offenceWindowMs: 1000, banMs: 5000 };
const peer = createIdentity().hostId;

describe('offences', () => {
  it('are forgiven a few times', () => {
    const offences = new Offences(options);
    expect([0, 1, 2].map((at) => offences.add(peer, 'forged', at))).toEqual([false, false, false]);
    expect(offences.isBanned(peer, 2)).toBe(false);
  });

  it('ban for a while when they repeat within the window', () => {
    const offences = new Offences(options);
    expect([0, 1, 2, 3].map((at) => offences.add(peer, 'forged', at))).toEqual([false, false, false, true]);
    expect(offences.isBanned(peer, 5002)).toBe(true);
    expect(offences.isBanned(peer, 5003)).toBe(false);
  });

  it('are forgotten one by one', () => {
    const offences = new Offences(options);
    for (let at = 0; at < 20_000; at += 400) expect(offences.add(peer, 'forged', at)).toBe(false);
  });

  it('are counted by kind, of which one peer cannot make ever more', () => {
    const offences = new Offences({ ...options, maxOffences: 1_000_000 });
    for (let count = 0; count < 1000; count += 1) offences.add(peer, `kind ${count}`, count);
    expect(offences.list().length).toBeLessThanOrEqual(17);
    expect(offences.list().reduce((sum, { count }) => sum + count, 0)).toBe(1000);
  });
});
