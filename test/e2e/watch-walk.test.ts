import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { watchDefaults } from '../../src/config.ts';
import { Dice } from '../support/dice.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import {
  type Asker,
  type EngineTruth,
  expectedAnswer,
  expectedReverse,
  givenAnswers,
  givenNames,
  readEngines,
} from './engine-truth.ts';
import { labelled, names, networks, Walker } from './walker.ts';

/**
 * A random walk: three hosts do with their containers, networks, engines and agents whatever comes to mind, all at once
 * and some of it while they are cut off or stopped. After each quiet moment every host, and containers on each of its
 * networks, are answered what the engines say. `WEFT_WALK_SEED` walks the same way again, as far as chance outside of
 * the test allows; `WEFT_WALK_SECONDS` walks for longer.
 */

const seed = Number(process.env.WEFT_WALK_SEED ?? Date.now() % 1_000_000);
const walkMs = Number(process.env.WEFT_WALK_SECONDS ?? 30) * 1_000;
/**
 * After a round's last step all must be told within this, on a machine that does a dozen other things; much less than
 * the minute after which an agent looks by itself, or it would mend what it did not hear.
 */
const patienceMs = 20_000;
/** And so much later what has to do with a crash: a container that crashes again and again is held back so long at most. */
const crashPatienceMs = watchDefaults.holdMaxMs;
/** What is asked about: all of those, names of networks' aliases and of hosts, and one that is nobody's. */
const asked = [...names, ...labelled, 'alias', 'hostname', 'nobody'];

let lab: Lab;
let askers: readonly Asker[];

beforeAll(async () => {
  lab = await Lab.create(3, { engineSettings: { 'shutdown-timeout': 2 } });
  const [first, ...others] = lab.hosts;
  await first?.startAgent();
  await Promise.all(others.map((host) => host.startAgent([lab.host(1).address])));
  await Promise.all(lab.hosts.map((host) => host.image('busybox')));
  for (const host of lab.hosts) await host.createNetwork('backend');
  await Promise.all(lab.hosts.map((host) => host.createNetwork('twin', { subnet: '10.99.0.0/24', routed: false })));
  askers = lab.hosts.flatMap((host) => [
    { host, container: undefined, network: undefined },
    ...networks.map((network) => ({ host, container: `asker-${network}`, network })),
  ]);
  for (const { host, container, network } of askers)
    if (container !== undefined && network !== undefined)
      await host.runContainer({ name: container, image: 'glibc', network, options: ['--restart', 'always'] });
});

afterAll(() => lab?.[Symbol.asyncDispose]());

it('ends each time with answers that are the engines’ truth', { timeout: walkMs + 240_000 }, async () => {
  console.log(`random walk: seed ${seed}, ${walkMs / 1000} s`);
  const walkers = lab.hosts.map((host) => new Walker(host, new Dice(seed + host.number)));
  const until = performance.now() + walkMs;
  const settled: number[] = [];
  let steps = 0;
  while (performance.now() < until) {
    for (const walker of walkers) walker.steps.length = 0;
    await Promise.all(walkers.map((walker) => walker.round()));
    const done = walkers.map(({ host, steps }) => `${host.name}: ${steps.join(', ')}`);
    steps += walkers.reduce((sum, walker) => sum + walker.steps.length, 0);
    const crashed = new Set(walkers.flatMap((walker) => [...walker.crashed]));
    settled.push(await truthIsTold(crashed, `seed ${seed}, round ${settled.length + 1}:\n${done.join('\n')}`));
  }
  const longest = Math.round(Math.max(...settled));
  console.log(
    `${steps} steps in ${settled.length} rounds; all was told ${longest} ms after the last step at the latest`,
  );
  expect(settled.length).toBeGreaterThan(0);
});

interface Difference {
  /** The name asked about, or those that the address asked about has. */
  readonly names: readonly string[];
  readonly said: string;
}

/** Waits until all are answered the truth, longer where crashes explain it; returns how many milliseconds that took. */
async function truthIsTold(crashed: ReadonlySet<string>, after: string): Promise<number> {
  const began = performance.now();
  const excused = new Set<string>();
  for (;;) {
    const truth = await readEngines(lab.hosts);
    for (const name of namesAround(truth, crashed)) excused.add(name);
    const wrong = await differences(truth);
    const passedMs = performance.now() - began;
    if (wrong.length === 0) return passedMs;
    const unexplained = wrong.filter(({ names }) => !names.some((name) => excused.has(name)));
    const late = passedMs > patienceMs + crashPatienceMs ? wrong : passedMs > patienceMs ? unexplained : [];
    if (late.length > 0) throw new Error(`${late.map(({ said }) => said).join('\n')}\nafter ${after}`);
    await pause(100);
  }
}

/** All names of these containers, and of those that share an address with one of them. */
function namesAround({ running }: EngineTruth, ids: ReadonlySet<string>): string[] {
  const those = running.filter(({ names }) => names.some((name) => ids.has(name)));
  const addresses = new Set(those.flatMap(({ places }) => places.map(({ address }) => address)));
  const near = running.filter(({ places }) => places.some(({ address }) => addresses.has(address)));
  return [...those, ...near].flatMap(({ names }) => names);
}

async function differences(truth: EngineTruth): Promise<Difference[]> {
  const answers = await Promise.all(
    askers.map(async (asker) => {
      const given = await givenAnswers(asker, asked);
      return asked.flatMap((name, index) => {
        const [right, said] = [expectedAnswer(truth, asker, name), given[index]];
        if (said === right) return [];
        const where = `${asker.container ?? 'itself'} on ${asker.host.name}`;
        return { names: [name], said: `${where}: ${name} is ${said}, not ${right}` };
      });
    }),
  );
  const reverse = await Promise.all(lab.hosts.map((host) => reverseDifferences(host, expectedReverse(truth, host))));
  return [...answers, ...reverse].flat();
}

/** An address is called after those who have it, and nobody else. */
async function reverseDifferences(host: LabHost, right: ReturnType<typeof expectedReverse>): Promise<Difference[]> {
  const given = await givenNames(host, [...right.keys()]);
  return Array.from(right).flatMap(([address, owners], index) => {
    const names = given[index] ?? [];
    const good = names.length > 0 && names.every((name) => owners.includes(name));
    const said = `${address} on ${host.name} is called ${names}, not one of ${owners}`;
    return good ? [] : { names: owners, said };
  });
}
