import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import type { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { hostsWithAgents, startExample } from './example.ts';

/** PostgreSQL with a primary and two standbys that know names only: examples/postgres on three hosts. */

/** Writes that are acknowledged before the next thing happens. */
const someWrites = 20;
/** A failover that takes longer has something to tell. */
const longMs = 20_000;
const members = ['node0', 'node1', 'node2'];

let lab: Lab;
let writer: string;
let failover: string;

beforeAll(async () => {
  lab = await hostsWithAgents(3);
  await startMember(0, { BEGIN: 'yes' });
  await Promise.all([startMember(1), startMember(2)]);
  failover = await startExample(lab.host(2), { file: 'postgres/clients.yaml', service: 'failover' });
  writer = await startExample(lab.host(3), { file: 'postgres/clients.yaml', service: 'writer' });
  await writesGoOn();
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('a replicated database whose members and clients know names only', () => {
  it('writes to the primary and follows it on the other hosts', async () => {
    expect(await primaries()).toEqual(['node0']);
    await until('both standbys follow', async () => (await standbysOf('node0')).length === 2);
  });

  it('goes on with another primary when the container that was it is killed, and keeps what it acknowledged', async () => {
    const began = performance.now();
    await lab.host(1).docker('kill', 'node0');
    await writesGoOn();
    const tookMs = performance.now() - began;
    console.log(`writes went on ${Math.round(tookMs)} ms after the primary was killed`);
    if (tookMs > longMs) console.log(await whatWasSaid());
    const [primary = ''] = await primaries();
    expect(['node1', 'node2']).toContain(primary);
    await nothingIsLost();
  });

  it('takes the killed one back as a standby, with another address under its name', async () => {
    const [primary = ''] = await primaries();
    const host = lab.host(1);
    await host.removeContainer('node0');
    await host.runContainer({ name: 'squatter' });
    await startMember(0);
    await until('two standbys follow', async () => (await standbysOf(primary)).includes('node0'));
    expect(await standbysOf(primary)).toHaveLength(2);
  });

  it('does it again with the one that was promoted', async () => {
    const [primary = ''] = await primaries();
    await hostOf(primary).docker('kill', primary);
    await writesGoOn();
    expect(await primaries()).not.toContain(primary);
    await nothingIsLost();
  });
});

async function startMember(number: number, variables: Record<string, string> = {}): Promise<void> {
  const host = lab.host(number + 1);
  await startExample(host, {
    file: 'postgres/compose.yaml',
    service: 'member',
    variables: { N: `${number}`, ...variables },
  });
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

/** The last words of all that take part. */
async function whatWasSaid(): Promise<string> {
  const logs = [[lab.host(2), failover] as const, ...members.map((name) => [hostOf(name), name] as const)];
  const said = await Promise.all(
    logs.map(async ([host, name]) => {
      const { stdout, stderr } = await host.machine.attempt(['docker', 'logs', '--timestamps', '--tail', '60', name]);
      return `${name} on ${host.name}:\n${stdout}${stderr}`;
    }),
  );
  return said.join('\n');
}

/** What was acknowledged is there, as the names give it. */
async function nothingIsLost(): Promise<void> {
  const numbers = await acknowledged();
  const kept = await onPrimary(`select number from kept where number <= ${numbers.length} order by number`);
  expect(kept.split('\n').map(Number)).toEqual(numbers);
  console.log(`${numbers.length} acknowledged writes, all kept`);
}

/** Runs a query as a client of the set does, in the writer's container. */
function onPrimary(query: string): Promise<string> {
  const hosts = `host=${members.map((name) => `${name}.weave.local`).join()}`;
  const settings = 'user=postgres dbname=postgres target_session_attrs=read-write connect_timeout=2';
  return lab.host(3).docker('exec', writer, 'psql', `${hosts} ${settings}`, '-qAtc', query);
}

async function primaries(): Promise<string[]> {
  const answers = await Promise.all(
    members.map(async (name) => {
      const asked = ['docker', 'exec', name, 'psql', '-U', 'postgres', '-qAtc', 'select pg_is_in_recovery()'];
      const { stdout } = await hostOf(name).machine.attempt(asked);
      return stdout.trim() === 'f' ? [name] : [];
    }),
  );
  return answers.flat();
}

/** The members that stream from this one. */
async function standbysOf(primary: string): Promise<string[]> {
  const query = `select application_name from pg_stat_replication where state = 'streaming'`;
  const said = await hostOf(primary).docker('exec', primary, 'psql', '-U', 'postgres', '-qAtc', query);
  return said.split('\n').filter(Boolean);
}

function hostOf(member: string): LabHost {
  return lab.host(members.indexOf(member) + 1);
}
