import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { untilTrue } from '../support/lab/truth.ts';
import { until } from '../support/lab/until.ts';
import { isLinked, statusOf } from './meshed.ts';

/** How hosts come to a mesh and go from it, as operators do it. The steps build on each other. */

let lab: Lab;
let one: LabHost;
let two: LabHost;
let three: LabHost;

beforeAll(async () => {
  // No secret: the first host makes one, and the others join.
  lab = await Lab.create(3, { env: {} });
  [one, two, three] = [lab.host(1), lab.host(2), lab.host(3)];
  await Promise.all(lab.hosts.map((host) => host.runContainer({ name: `only${host.number}` })));
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('a token', () => {
  it('lets a host join, and another one through that; they all find each other', async () => {
    await one.startAgent();
    await two.startAgent(['--join', await tokenOf(one)]);
    // Of the second host alone: the first is found through it.
    await three.startAgent(['--join', await tokenOf(two)]);
    await untilTrue(lab.hosts);
    await until('the third is linked with the first', () => isLinked(three, one));
  });

  it('is needed once: after a restart of all, in whatever order, nobody needs a peer or a secret', async () => {
    await Promise.all(lab.hosts.map((host) => host.stopAgent()));
    // The first, through which the others came, is not there yet.
    for (const host of [three, two]) await host.startAgent();
    await until('the two are linked', () => isLinked(two, three));
    await one.startAgent();
    await untilTrue(lab.hosts);
  });
});

describe('a host', () => {
  it('that leaves withdraws its names at once, and brings them back when it joins again', async () => {
    const leaving = three.weft(['leave']);
    await until('its names are gone', async () => !(await namesOn(one)).includes('only3'));
    expect(await leaving).toMatchObject({ code: 0 });
    expect(await three.agent.exited).toBe(0);
    await untilTrue([one, two]);
    expect((await one.weft(['lookup', 'only3'])).code).toBe(1);
    await three.startAgent();
    await untilTrue(lab.hosts);
  });

  it('that is gone for good is forgotten on the word of one operator, and not while it lives', async () => {
    const { code, stderr } = await one.weft(['forget', three.name]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/host3 is alive, not gone: .*`weft leave`/),
    });
    await three.powerOff();
    await until(
      'it is quiet',
      async () => (await stateOn(one, three)) === 'quiet' && (await stateOn(two, three)) === 'quiet',
    );
    expect(await namesOn(two)).toContain('only3');
    expect(await one.weft(['forget', three.name])).toMatchObject({ code: 0 });
    for (const host of [one, two]) {
      await until(`${host.name} has forgotten it`, async () => (await stateOn(host, three)) === undefined);
      expect(await namesOn(host)).not.toContain('only3');
    }
    await two.stopAgent('SIGKILL');
    await two.startAgent();
    await untilTrue([one, two]);
    expect(await stateOn(two, three)).toBeUndefined();
  });

  it('that was forgotten is taken back when it returns', async () => {
    await three.powerOn();
    await three.startContainer('only3');
    await three.startAgent();
    await untilTrue(lab.hosts);
  });
});

describe('the secret', () => {
  it('is changed host by host while two are valid, and the mesh holds together all the time', async () => {
    const [old, fresh] = ['the old secret of this mesh', 'the new secret of this mesh'];
    await Promise.all(lab.hosts.map((host) => host.stopAgent()));
    await Promise.all(lab.hosts.map((host) => restart(host, [old])));
    await untilTrue(lab.hosts);
    for (const secrets of [[old, fresh], [fresh]])
      for (const host of lab.hosts) {
        await host.stopAgent();
        await restart(host, secrets);
        for (const other of lab.hosts) if (other !== host) await until('it is linked', () => isLinked(other, host));
      }
    await untilTrue(lab.hosts);
    await three.stopAgent();
    await restart(three, [old]);
    await until(
      'the old one is refused',
      async () => (await statusOf(one)).mesh.refused['secrets differ'] !== undefined,
    );
    const told = (await three.weft(['status'])).stdout;
    expect(told).toContain('the secrets differ');
    expect(await isLinked(three, one)).toBe(false);
  });
});

async function tokenOf(host: LabHost): Promise<string> {
  return (await host.weft(['token'])).stdout.trim();
}

async function restart(host: LabHost, secrets: readonly string[]): Promise<void> {
  const file = join(host.machine.options.disk, 'secret');
  await writeFile(file, secrets.join('\n'), { mode: 0o600 });
  await host.startAgent(['--secret-file', file]);
}

async function namesOn(host: LabHost): Promise<string[]> {
  const { records } = JSON.parse((await host.weft(['ls', '--json'])).stdout);
  return records.map(({ name }: { readonly name: string }) => name);
}

/** The status of a host in another's eyes; undefined where it is not known. */
async function stateOn(knower: LabHost, of: LabHost): Promise<string | undefined> {
  return (await statusOf(knower)).hosts.find(({ record }) => record?.name === of.name)?.status;
}
