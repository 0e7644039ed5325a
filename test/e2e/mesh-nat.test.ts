import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { untilTrue } from '../support/lab/truth.ts';
import { until } from '../support/lab/until.ts';
import { changeAll, startMesh, statusOf } from './meshed.ts';

/** One public host and two behind different NATs, which have the same address there, and nobody can dial either. */

let lab: Lab;
let open: LabHost;
let hidden: readonly [LabHost, LabHost];

beforeAll(async () => {
  lab = await Lab.create(3);
  open = lab.host(1);
  hidden = [lab.host(2), lab.host(3)];
  await Promise.all(hidden.map((host) => host.behindNat()));
  await startMesh(lab.hosts);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('two hosts behind NATs', () => {
  it('cannot be dialled, and know with the public one what all of them run', async () => {
    const [left, right] = hidden;
    for (const address of [left.address, right.address])
      expect((await open.machine.attempt(['busybox', 'nc', '-w', '1', address, '6783'])).code).not.toBe(0);
    const ends = await Promise.all(hidden.map(async (host) => (await statusOf(host)).links.filter(isEstablished)));
    expect(ends.map((links) => links.map(({ address }) => address))).toEqual(
      hidden.map(() => [`${open.address}:6783`]),
    );
    await changeAll(lab.hosts, 'nat');
    await untilTrue(lab.hosts);
  });

  it('are back after the public host was away for a while, by themselves', async () => {
    await open.stopAgent('SIGKILL');
    await changeAll(hidden, 'alone');
    await open.startAgent();
    await untilTrue(lab.hosts);
  });

  it('find the public host again after a restart, without a seed', async () => {
    await Promise.all(hidden.map((host) => host.stopAgent()));
    await Promise.all(hidden.map((host) => host.startAgent()));
    await changeAll(lab.hosts, 'again');
    await untilTrue(lab.hosts);
  });

  it('withdraw what they have when they leave, also with each other', async () => {
    const [left, right] = hidden;
    expect(await left.weft(['leave'])).toMatchObject({ code: 0 });
    await left.agent.exited;
    await until('its names are gone', async () => !(await right.weft(['ls'])).stdout.includes(left.name));
    await untilTrue([open, right]);
  });
});

function isEstablished({ state }: { readonly state: string }): boolean {
  return state === 'established';
}
