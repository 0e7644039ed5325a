import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import type { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { hostsWithAgents, startExample } from './example.ts';

/** Redis with three Sentinels, all of which know names only: examples/redis on three hosts. */

/** Writes that are acknowledged before the next thing happens. */
const someWrites = 50;
const members = ['node0', 'node1', 'node2'];

let lab: Lab;
let writer: string;

beforeAll(async () => {
  lab = await hostsWithAgents(3);
  const begin = { BEGIN: 'yes' };
  await start('member', 0, begin);
  await Promise.all([0, 1, 2].map((number) => start('sentinel', number, begin)));
  await Promise.all([start('member', 1), start('member', 2)]);
  writer = await startExample(lab.host(3), { file: 'redis/clients.yaml', service: 'writer' });
  await writesGoOn();
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('Redis whose members, Sentinels and clients know names only', () => {
  it('has a primary that both others follow and all Sentinels watch', async () => {
    expect(await primaries()).toEqual(['node0']);
    await until('all is seen', async () => (await seenBySentinels()).every((seen) => seen === '2 replicas, 2 others'));
  });

  it('goes on with another primary when the container that was it is killed, and keeps what it acknowledged', async () => {
    const began = performance.now();
    await lab.host(1).docker('kill', 'node0');
    await writesGoOn();
    console.log(`writes went on ${Math.round(performance.now() - began)} ms after the primary was killed`);
    const [primary = ''] = await primaries();
    expect(['node1', 'node2']).toContain(primary);
    await nothingIsLost();
  });

  it('takes the killed one back as a replica, with another address under its name', async () => {
    const host = lab.host(1);
    await host.removeContainer('node0');
    await host.runContainer({ name: 'squatter' });
    await start('member', 0);
    const [primary = ''] = await primaries();
    await until('it follows', async () => (await replicasOf(primary)).includes('node0.weave.local'));
  });

  it('does it again with the one that was promoted', async () => {
    const [primary = ''] = await primaries();
    await hostOf(primary).docker('kill', primary);
    await writesGoOn();
    expect(await primaries()).not.toContain(primary);
    await nothingIsLost();
  });
});

async function start(service: string, number: number, variables: Record<string, string> = {}): Promise<void> {
  const host = lab.host(number + 1);
  await startExample(host, { file: 'redis/compose.yaml', service, variables: { N: `${number}`, ...variables } });
}

/** The numbers that the writer was told are kept. */
async function acknowledged(): Promise<number[]> {
  return (await lab.host(3).docker('logs', writer))
    .split('\n')
    .filter((line) => /^\d+$/.test(line))
    .map(Number);
}

async function writesGoOn(): Promise<void> {
  const before = (await acknowledged()).length;
  await until('writes go on', async () => (await acknowledged()).length >= before + someWrites, 90_000);
}

/** What was acknowledged is with the primary of now. */
async function nothingIsLost(): Promise<void> {
  const keys = (await acknowledged()).map((number) => `kept:${number}`);
  const [primary = ''] = await primaries();
  expect(Number(await command(primary, 'exists', ...keys))).toBe(keys.length);
  console.log(`${keys.length} acknowledged writes, all kept`);
}

async function primaries(): Promise<string[]> {
  const roles = await Promise.all(
    members.map(async (name) => {
      const asked = ['docker', 'exec', name, 'redis-cli', 'role'];
      const { stdout } = await hostOf(name).machine.attempt(asked);
      return stdout.startsWith('master') ? [name] : [];
    }),
  );
  return roles.flat();
}

/** The names under which replicas that are in step made themselves known to this primary. */
async function replicasOf(primary: string): Promise<string[]> {
  const said = await command(primary, 'info', 'replication');
  return [...said.matchAll(/^slave\d+:ip=([^,]+),port=\d+,state=online/gm)].map(([, name = '']) => name);
}

function seenBySentinels(): Promise<string[]> {
  return Promise.all(
    [0, 1, 2].map(async (number) => {
      const asked = ['redis-cli', '-p', '26379', 'info', 'sentinel'];
      const said = await lab.host(number + 1).docker('exec', `sentinel${number}`, ...asked);
      const [, replicas, sentinels] = /slaves=(\d+),sentinels=(\d+)/.exec(said) ?? [];
      return `${replicas} replicas, ${Number(sentinels) - 1} others`;
    }),
  );
}

function command(member: string, ...words: string[]): Promise<string> {
  return hostOf(member).docker('exec', member, 'redis-cli', ...words);
}

function hostOf(member: string): LabHost {
  return lab.host(members.indexOf(member) + 1);
}
