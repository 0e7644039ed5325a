import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { untilTrue } from '../support/lab/truth.ts';
import { until } from '../support/lab/until.ts';
import { startMesh, statusOf } from './meshed.ts';

/** A host that is gone for good, and nobody says so. The steps build on each other. */

/** Longer than a host needs to be quiet, also where the machine is busy. */
const forgetAfterSeconds = 30;
/** For the silence itself, and the looks at it. */
const patienceMs = 1000 * (3 * forgetAfterSeconds);

const options = { env: { WEFT_FORGET_AFTER: String(forgetAfterSeconds) } };
let lab: Lab;
let one: LabHost;
let two: LabHost;
let three: LabHost;

beforeAll(async () => {
  lab = await Lab.create(3);
  [one, two, three] = [lab.host(1), lab.host(2), lab.host(3)];
  await startMesh(lab.hosts, options);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('a host that is gone for good', () => {
  it('is kept while it may come back, and its names with it', async () => {
    await three.powerOff();
    for (const host of [one, two]) {
      await until(`it is quiet on ${host.name}`, async () => (await stateOn(host)) === 'quiet');
      expect(await namesOn(host)).toContain('only3');
    }
  });

  it('is forgotten after the retention time, and its names with it', async () => {
    await two.stopAgent('SIGKILL');
    await until('it is forgotten', async () => (await stateOn(one)) === undefined, patienceMs);
    expect(await namesOn(one)).not.toContain('only3');
    expect(await namesOn(one)).toContain('only1');
  });

  it('is not brought back by a host that was away meanwhile and still knows it', async () => {
    await two.startAgent([], options);
    await until('that one has forgotten it', async () => (await stateOn(two)) === undefined, 1000 * forgetAfterSeconds);
    await untilTrue([one, two]);
    for (const host of [one, two]) expect(await namesOn(host)).not.toContain('only3');
  });

  it('comes back by itself when it was not gone after all', async () => {
    await three.powerOn();
    await three.startAgent([one.address], options);
    await untilTrue(lab.hosts);
  });
});

/** The status of the third host in another's eyes; undefined where it is not known. */
async function stateOn(knower: LabHost): Promise<string | undefined> {
  return (await statusOf(knower)).hosts.find(({ record }) => record?.name === three.name)?.status;
}

async function namesOn(host: LabHost): Promise<string[]> {
  const { records } = JSON.parse((await host.weft(['ls', '--json'])).stdout);
  return records.map(({ name }: { readonly name: string }) => name);
}
