import { describe, expect, it } from 'vitest';
import { History } from '../support/history.ts';

/** Short histories of a few hosts, for every check; `long-history.test.ts` has the long ones. */
const seeds = [1, 2];
const [hosts, steps] = [6, 250];

describe('any history of changes, crashes and cuts', () => {
  it.each(seeds)('ends with the truth on every host (seed %i)', async (seed) => {
    const history = new History({ seed, hosts });
    await history.begin();
    for (let step = 0; step < steps; step += 1) await history.step();
    await history.end();
    expect(history.surprises()).toEqual([]);
    expect(history.blames()).toEqual([]);
  });
});
