import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { TextPool } from '../../src/dns/text-pool.ts';
import { bridgeA, container, entry, hostA, on, owner } from './zone-words.ts';

/** Ten thousand containers of one image and network, as they come from another thread: batch by batch, all copied. */
function arrive(pool: { settle(value: object): void }): unknown[] {
  return Array.from({ length: 100 }, (_, batch) => {
    const entries = Array.from({ length: 100 }, (_, index) => {
      const name = `name${batch * 100 + index}`;
      return entry(name, [owner(hostA, container(name, [on(bridgeA, `10.1.${batch}.${index}`)]))]);
    });
    const copy = structuredClone(entries);
    pool.settle(copy);
    return copy;
  });
}

describe('the pool of texts', () => {
  it('changes nothing of what is said', () => {
    const said = entry('db', [owner(hostA, container('db', [on(bridgeA, '10.1.0.2')]))]);
    const copy = structuredClone(said);
    new TextPool().settle(copy);
    expect(copy).toEqual(said);
  });

  it('keeps what arrives in three quarters of the memory', () => {
    const bare = heldBy(() => arrive({ settle: () => {} }));
    const pool = new TextPool();
    expect(heldBy(() => arrive(pool)) / bare).toBeLessThan(3 / 4);
  });
});

/** Octets of this heap that live only for what `make` gives. */
function heldBy(make: () => unknown): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let time = 0; time < 3; time++) collect();
  const before = process.memoryUsage().heapUsed;
  const made = make();
  for (let time = 0; time < 3; time++) collect();
  const held = process.memoryUsage().heapUsed - before;
  expect(made).toBeDefined();
  return held;
}
