import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Daemon } from '../support/lab/daemon.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { untilTrue } from '../support/lab/truth.ts';
import { until } from '../support/lab/until.ts';
import { answersOf, changeAll, hiddenDuring, isLinked, type Status, startMesh, statusOf } from './meshed.ts';

/**
 * Three honest hosts and a fourth that attacks all of them over real sockets. Each time nothing changes for the honest,
 * whose own changes go on, what was done is counted, and at the end their memory is what it was.
 */

/** How long each attack takes; `WEFT_ATTACK_SECONDS` for longer. */
const seconds = Number(process.env.WEFT_ATTACK_SECONDS ?? 4);
const meshPort = 6783;
/**
 * An agent that keeps what it is sent dies of this limit of its heap, in MiB: at rest 50 are alive in it, and each attack
 * brings in several times the rest.
 */
const heapLimit = 160;
/** The garbage that the limit leaves room for, and what the allocator keeps. */
const allowedBytes = 2 * heapLimit * 1024 * 1024;

const attackers = {
  'mallory.ts': import.meta.resolve('../support/lab/mallory.ts'),
  'stranger.ts': import.meta.resolve('../support/lab/stranger.ts'),
} as const;
type Attacker = keyof typeof attackers;

let lab: Lab;
let honest: readonly LabHost[];
let attacker: LabHost;
let before: readonly number[];

beforeAll(async () => {
  lab = await Lab.create(4);
  honest = lab.hosts.slice(0, 3);
  attacker = lab.host(4);
  await startMesh(honest, { env: { NODE_OPTIONS: `--max-old-space-size=${heapLimit}` } });
  // What an agent allocates once, it has allocated by then.
  for (const deed of ['forge', 'garbage']) await (await attack('mallory.ts', deed)).exited;
  before = await memories();
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('a member of the mesh', () => {
  it('that speaks for others is not believed', async () => {
    await nothingChanges('mallory.ts', 'forge');
    await counted(({ envelopes }) => (envelopes['wrong signature'] ?? 0) > 0);
    for (const host of honest) expect(host.agent.log()).toContain('parting with a neighbour');
  });

  it('that says again what a host said before it restarted is not believed', async () => {
    await nothingChanges('mallory.ts', 'replay', restartSecond);
    await counted(({ envelopes }) => (envelopes['stale epoch'] ?? 0) > 0);
    for (const host of [lab.host(1), lab.host(3)]) expect(partedFor(host, ['stale epoch', 'repeated'])).toBe(true);
  });

  it('that says more than anybody needs is not listened to any more', async () => {
    await nothingChanges('mallory.ts', 'flood');
    await counted(({ envelopes, dropped }) => (envelopes.flood ?? 0) + (dropped['too many requests at once'] ?? 0) > 0);
    expect(honest.filter((host) => partedFor(host, ['flood', 'too many requests at once']))).not.toEqual([]);
  });

  it('that denies records made by hand has none of them dropped, and is parted with', async () => {
    const kept = '/v1/static/kept';
    const there = () => Promise.all(honest.map((host) => answersOf(host, 'kept')));
    await lab.host(1).agent.request('PUT', kept, { addresses: ['192.0.2.70'] });
    await until('all have the record', async () => (await there()).every((answers) => answers.length === 1));
    await nothingChanges('mallory.ts', 'deny');
    expect(await there()).toEqual(honest.map(() => ['192.0.2.70']));
    await counted(({ offences }) => offences.some(({ reason }) => reason === 'unproven'));
    expect(honest.filter((host) => partedFor(host, ['unproven']))).not.toEqual([]);
    await lab.host(2).agent.request('DELETE', kept);
    await until('none has the record', async () => (await there()).every((answers) => answers.length === 0));
  });

  it('that sends garbage, some of it huge, is parted with', async () => {
    await nothingChanges('mallory.ts', 'garbage');
    await counted(({ envelopes, dropped }) => (envelopes.malformed ?? 0) > 0 && (dropped['broken request'] ?? 0) > 0);
  });
});

describe('a stranger', () => {
  it.each([
    ['scan', 'not weft'],
    ['hold', 'crowded out'],
    ['half', 'crowded out'],
    ['pour', 'secrets differ'],
  ] as const)('that does no more than "%s" keeps no member out, and is counted as "%s"', async (deed, reason) => {
    await nothingChanges('stranger.ts', deed, restartSecond);
    await counted(({ refused }) => (refused[reason] ?? 0) > 0);
    for (const host of honest)
      await until(`its connections to ${host.name} are gone`, async () => (await strangersAt(host)) === 0);
  });
});

describe('after all that', () => {
  it('the agents take no more memory than before', async () => {
    const after = await memories();
    const mebibytes = (all: readonly number[]) => all.map((bytes) => Math.round(bytes / 2 ** 20)).join(', ');
    console.log(`resident before the attacks: ${mebibytes(before)} MiB, after: ${mebibytes(after)} MiB`);
    for (const [index, bytes] of after.entries()) expect(bytes).toBeLessThan((before[index] ?? 0) + allowedBytes);
  });
});

/** Starts one of the lab's attackers against the honest hosts. */
async function attack(script: Attacker, deed: string): Promise<Daemon> {
  const file = fileURLToPath(attackers[script]);
  const targets = honest.map(({ address }) => `${address}:${meshPort}`);
  return attacker.machine.start('attack', [process.execPath, file, deed, String(seconds), ...targets]);
}

/**
 * Attacks while the honest hosts go on changing: none is hidden meanwhile, and all tell the truth. One that restarts may
 * be hidden where its start takes long.
 */
async function nothingChanges(script: Attacker, deed: string, meanwhile?: () => Promise<void>): Promise<void> {
  const hidden = await hiddenDuring(honest, async () => {
    const attacking = await attack(script, deed);
    await until('it begins', () => attacking.log().includes(`${deed} begins`));
    await meanwhile?.();
    await changeAll(honest, deed);
    expect(await attacking.exited, attacking.log()).toBe(0);
    console.log(attacking.log().trim().split('\n').at(-1));
  });
  const restarted = meanwhile === undefined ? '' : ` on ${lab.host(2).name}`;
  expect(hidden.filter((line) => restarted === '' || !line.endsWith(restarted))).toEqual([]);
  await untilTrue(honest);
}

/** A member that restarts meanwhile finds its place among the others. */
async function restartSecond(): Promise<void> {
  const two = lab.host(2);
  await two.stopAgent();
  await two.startAgent();
  await until('it is linked', () => isLinked(two, lab.host(1)));
}

/** Waits until what was done is counted on the honest hosts, but for the one whose agent restarts. */
async function counted(isCounted: (mesh: Status['mesh']) => boolean): Promise<void> {
  for (const host of honest.filter((each) => each !== lab.host(2))) {
    let { mesh } = await statusOf(host);
    await until(`it is counted on ${host.name}`, async () => {
      mesh = (await statusOf(host)).mesh;
      return isCounted(mesh);
    }).catch((cause: unknown) => {
      throw new Error(`not counted on ${host.name}: ${JSON.stringify(mesh)}`, { cause });
    });
  }
}

/** Whether a host's log says that it parted with a neighbour for one of these. */
function partedFor(host: LabHost, offences: readonly string[]): boolean {
  const lines = host.agent
    .log()
    .split('\n')
    .filter((line) => line.includes('parting with a neighbour'));
  return lines.some((line) => offences.some((offence) => line.includes(offence)));
}

/** Connections from the attacker that stand. */
async function strangersAt(host: LabHost): Promise<number> {
  const said = await host.machine.run(['ss', '-Htn', 'state', 'established', `dst ${attacker.address}`]);
  return said.split('\n').filter((line) => line.includes(`:${meshPort}`)).length;
}

function memories(): Promise<number[]> {
  return Promise.all(honest.map((host) => host.agent.residentBytes()));
}
