import { describe, expect, it } from 'vitest';
import { type Life, readSaid, type Trouble, wrongAnswers } from './e2e/soak-ledger.ts';

const graceMs = 5_000;
const life: Life = { name: 'web', address: '10.1.0.2', host: 'host1', bornAt: 1_000, diedAt: 20_000 };

/** What is wrong with one answer of `host2` about `web`, given from one time to another. */
function wrong(firstAt: number, lastAt: number, troubles: readonly Trouble[] = [], address = life.address): string[] {
  const said = readSaid('host2', `web 0 ${firstAt} ${lastAt} 7 ${address}\n`);
  return wrongAnswers(said, { lives: [life], troubles, graceMs });
}

function trouble(host: string, from: number, until: number): Trouble {
  return { host, what: 'link cut', from, until };
}

describe('the ledger of the soak', () => {
  it('has nothing against an answer while its container lived, and for the grace after that', () => {
    expect(wrong(1_000, 25_000)).toEqual([]);
  });

  it('finds an answer before its container began, after the grace, and of an address that nobody had', () => {
    expect(wrong(999, 2_000)).toHaveLength(1);
    expect(wrong(1_000, 25_001)).toEqual([
      "host2 said web 10.1.0.2 for 24001 ms: host1's last was gone for 5001 ms; no trouble",
    ]);
    expect(wrong(1_000, 2_000, [], '10.1.0.3')).toEqual([
      'host2 said web 10.1.0.3 for 1000 ms: none ever had it; no trouble',
    ]);
  });

  it('excuses what trouble on either side kept from being known, until the grace after it', () => {
    for (const host of ['host1', 'host2']) {
      expect(wrong(1_000, 35_000, [trouble(host, 24_000, 30_000)]), host).toEqual([]);
      expect(wrong(1_000, 35_001, [trouble(host, 24_000, 30_000)]), host).toEqual([
        expect.stringContaining(`${host} link cut from -11001 to -5001`),
      ]);
    }
    expect(wrong(1_000, 45_000, [trouble('host1', 24_000, 30_000), trouble('host2', 34_000, 40_000)])).toEqual([]);
  });

  it('excuses nothing by trouble elsewhere, or by trouble that began when it could be known', () => {
    expect(wrong(1_000, 30_000, [trouble('host3', 19_000, 30_000)])).toHaveLength(1);
    expect(wrong(1_000, 30_000, [trouble('host1', 25_001, 30_000)])).toHaveLength(1);
  });
});
