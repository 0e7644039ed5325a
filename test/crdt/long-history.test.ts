import { describe, expect, it } from 'vitest';
import { History } from '../support/history.ts';

/**
 * A long history of many hosts. Replay one with `WEFT_HISTORY_SEED=7`; `WEFT_HISTORY_HOSTS` and `WEFT_HISTORY_STEPS`
 * make it larger or smaller, and are part of what the seed means.
 */
const seed = Number(process.env.WEFT_HISTORY_SEED ?? 1);
const hosts = Number(process.env.WEFT_HISTORY_HOSTS ?? 30);
const steps = Number(process.env.WEFT_HISTORY_STEPS ?? 2_000);
const patienceMs = 600_000;

describe('a long history of changes, crashes and cuts', () => {
  it(`ends with the truth on every host (WEFT_HISTORY_SEED=${seed}, ${hosts} hosts, ${steps} steps)`, {
    timeout: patienceMs,
  }, async () => {
    const history = new History({ seed, hosts });
    await history.begin();
    for (let step = 0; step < steps; step += 1) await history.step();
    await history.end();
    expect(history.surprises()).toEqual([]);
    expect(history.blames()).toEqual([]);
  });
});
