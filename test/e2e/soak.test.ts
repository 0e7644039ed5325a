import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { Dice } from '../support/dice.ts';
import { repository } from '../support/lab/bundle.ts';
import type { Daemon } from '../support/lab/daemon.ts';
import type { LabHost } from '../support/lab/host.ts';
import { imageTag } from '../support/lab/images.ts';
import { Lab } from '../support/lab/lab.ts';
import { requestFromSocket } from '../support/lab/socket-request.ts';
import { untilTrue } from '../support/lab/truth.ts';
import { until } from '../support/lab/until.ts';
import { type Life, readSaid, type Trouble, wrongAnswers } from './soak-ledger.ts';

/**
 * Three hosts under everything at once, for `WEFT_SOAK_MINUTES`: containers come and go, links are cut and flap, agents
 * and engines are restarted or killed, hosts lose their power; questions all the while. `WEFT_SOAK_SEED` takes the same
 * way again, as far as chance outside of the test allows. Where the minutes are given (`npm run bench:soak`), the report
 * goes to `bench/results/soak.json`.
 */

const minutes = Number(process.env.WEFT_SOAK_MINUTES ?? 5);
const seed = Number(process.env.WEFT_SOAK_SEED ?? Date.now() % 1_000_000);
/** Of each host, in all. */
const questionsPerSecond = 100;
/** What containers are called, several of them alike on every host. */
const names = ['web', 'db', 'cache', 'queue', 'mail', 'auth'];
/** A container on every host that stays: its name always has an answer. */
const steady = 'steady';
/** As many as an engine of the lab starts and ends without falling behind. */
const livingOnHost = 20;
const changesOfRound = 12;
/** A machine that does a dozen other things at the time; the promise itself is 5 s for the worst of it. */
const graceMs = 5_000;
/** What an agent learned so long before a crash may not be on its disk yet (`crdtDefaults.saveAfterMs`, on a busy disk). */
const crashForgetsMs = 3_000;
/** What an agent may have more at the end than after the first round: its caches fill, but it keeps no socket or file. */
const growth = { megabytes: 60, files: 24 } as const;

const lives: Life[] = [];
const troubles: Trouble[] = [];
const faults = new Map<string, number>();
/** The fault of this round. */
let happening = '';
let changes = 0;
let askers: { readonly host: LabHost; readonly daemon: Daemon }[] = [];
const logs: { readonly host: string; readonly log: string }[] = [];
let lab: Lab;

beforeAll(async () => {
  lab = await Lab.create(3, { engineSettings: { 'shutdown-timeout': 2 } });
  await lab.host(1).startAgent();
  await Promise.all([2, 3].map((number) => lab.host(number).startAgent([lab.host(1).address])));
  await Promise.all(lab.hosts.map((host) => host.image('busybox')));
  for (const host of lab.hosts) await start(host, steady, 'always');
  await untilTrue(lab.hosts);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

it(`stays right for ${minutes} minutes of everything`, { timeout: (minutes + 5) * 60_000 }, async () => {
  console.log(`soak: seed ${seed}, ${minutes} minutes`);
  const dice = new Dice(seed);
  askers = await Promise.all(lab.hosts.map(ask));
  const endAt = performance.now() + minutes * 60_000;
  const settledMs: number[] = [];
  let before: Used | undefined;
  while (performance.now() < endAt) {
    const churning = new Map(lab.hosts.map((host) => [host, churn(host, new Dice(dice.below(2 ** 31)))]));
    await Promise.all([...churning.values(), fault(dice, churning)]);
    settledMs.push(await settle());
    before ??= await used(lab.host(1));
  }
  for (const { host, daemon } of askers) await silence(host, daemon);
  const after = await used(lab.host(1));
  const said = logs.flatMap(({ host, log }) => readSaid(host, log));
  const wrong = wrongAnswers(said, { lives, troubles, graceMs });
  const denied = said.filter(
    ({ name, code, addresses }) => name === steady && code !== 'LOST' && (code !== '0' || addresses.length === 0),
  );
  report({ settledMs, before, after, said, wrong });

  expect(wrong).toEqual([]);
  expect(denied).toEqual([]);
  expect(said.some(({ count }) => count > 0)).toBe(true);
  expect(after.megabytes - (before?.megabytes ?? 0)).toBeLessThan(growth.megabytes);
  expect(after.files - (before?.files ?? 0)).toBeLessThan(growth.files);
});

/** Starts an asker on a host that goes on until its host loses power. */
async function ask(host: LabHost) {
  const program = fileURLToPath(import.meta.resolve('./soak-asker.ts'));
  const asked = [steady, ...names].map((name) => `${name}.weave.local`);
  const command = [process.execPath, program, host.gateway, String(questionsPerSecond), ...asked];
  return { host, daemon: await host.machine.start('soak-asker', command) };
}

async function silence(host: LabHost, daemon: Daemon): Promise<void> {
  await daemon.stop('SIGTERM');
  logs.push({ host: host.name, log: daemon.log().replaceAll('.weave.local', '') });
}

/** Starts and ends containers on one host, as many as a round has. */
async function churn(host: LabHost, dice: Dice): Promise<void> {
  for (let change = 0; change < changesOfRound; change++) {
    const living = lives.filter((life) => life.host === host.name && life.diedAt === never && life.name !== steady);
    const ends = living.length > 0 && dice.below(livingOnHost) < living.length;
    const done = ends ? end(host, dice.one(living)) : start(host, dice.one(names), 'no');
    await done;
  }
}

async function start(host: LabHost, name: string, restart: 'no' | 'always'): Promise<void> {
  const bornAt = Date.now();
  const { Id = '' } = await engine(host, 'POST', '/containers/create', {
    Image: imageTag('busybox'),
    Cmd: ['sleep', '1000000'],
    Labels: { 'weft.name': name },
    HostConfig: { RestartPolicy: { Name: restart } },
  });
  await engine(host, 'POST', `/containers/${Id}/start`);
  const { NetworkSettings } = await engine(host, 'GET', `/containers/${Id}/json`);
  const address = NetworkSettings?.IPAddress ?? '';
  lives.push({ name, address, host: host.name, bornAt, diedAt: never });
  containers.set(`${host.name} ${address}`, Id);
  changes++;
}

async function end(host: LabHost, life: Life): Promise<void> {
  const id = containers.get(`${host.name} ${life.address}`);
  await engine(host, 'DELETE', `/containers/${id}?force=1`);
  life.diedAt = Date.now();
  changes++;
}

/**
 * One thing of those that happen to hosts, at a host of chance; the first host's agent is left running, to be measured.
 * A host whose engine ends has done with starting containers, so that all their lives are known.
 */
async function fault(dice: Dice, churning: ReadonlyMap<LabHost, Promise<void>>): Promise<void> {
  const host = lab.host(1 + dice.below(3));
  const other = lab.host(2 + dice.below(2));
  const after = async (happen: () => Promise<void>) => {
    await churning.get(other);
    await happen();
  };
  const [name, happen] = dice.one<readonly [string, () => Promise<void>]>([
    [
      'link cut',
      () =>
        around(
          host,
          () => host.cut(),
          () => host.heal(),
          dice.below(8_000),
        ),
    ],
    ['link flaps', () => flap(host, dice)],
    [
      'agent restarted',
      () =>
        around(
          other,
          () => stopAgent(other, 'SIGTERM'),
          () => startAgent(other),
          0,
        ),
    ],
    [
      'agent killed',
      () =>
        around(
          other,
          () => stopAgent(other, 'SIGKILL'),
          () => startAgent(other),
          dice.below(4_000),
        ),
    ],
    ['engine restarted', () => after(() => restartEngine(other, 'SIGTERM'))],
    ['engine killed', () => after(() => restartEngine(other, 'SIGKILL'))],
    ['power cut', () => after(() => losePower(other, dice.below(6_000)))],
    [
      'a tenth of all packets lost',
      () =>
        around(
          host,
          () => host.lose(10),
          () => host.heal(),
          5_000,
        ),
    ],
  ]);
  happening = name;
  faults.set(name, (faults.get(name) ?? 0) + 1);
  await happen();
}

async function around(host: LabHost, begin: () => Promise<void>, stop: () => Promise<void>, ms: number): Promise<void> {
  const isCrash = happening === 'agent killed' || happening === 'power cut';
  const from = Date.now() - (isCrash ? crashForgetsMs : 0);
  const trouble = { host: host.name, what: happening, from, until: never };
  troubles.push(trouble);
  await begin();
  await pause(ms);
  await stop();
  trouble.until = Date.now();
}

async function flap(host: LabHost, dice: Dice): Promise<void> {
  for (let time = 0; time < 3; time++)
    await around(
      host,
      () => host.linkDown(),
      () => host.linkUp(),
      dice.below(2_500),
    );
}

async function stopAgent(host: LabHost, signal: NodeJS.Signals): Promise<void> {
  await host.stopAgent(signal);
}

async function startAgent(host: LabHost): Promise<void> {
  await host.startAgent();
}

/** Its containers end with it, but for those that are to be restarted. */
function restartEngine(host: LabHost, signal: NodeJS.Signals): Promise<void> {
  return around(
    host,
    () => host.stopEngine(signal),
    () => host.startEngine().then(() => reviewed(host)),
    0,
  );
}

async function losePower(host: LabHost, ms: number): Promise<void> {
  const asker = askers.find((each) => each.host === host);
  const back = async () => {
    await host.powerOn();
    await reviewed(host);
    await host.startAgent();
    askers = [...askers.filter((each) => each !== asker), await ask(host)];
  };
  if (asker) await silence(host, asker.daemon);
  await around(host, () => host.powerOff(), back, ms);
}

/** Notes what an engine that is back runs no more, and what it gave another address. */
async function reviewed(host: LabHost): Promise<void> {
  await until('its steady container runs', async () => (await running(host)).some(({ name }) => name === steady));
  const now = await running(host);
  for (const life of lives.filter((each) => each.host === host.name && each.diedAt === never))
    if (!now.some(({ name, address }) => name === life.name && address === life.address)) life.diedAt = Date.now();
  for (const { id, name, address } of now) {
    containers.set(`${host.name} ${address}`, id);
    if (lives.some((life) => life.host === host.name && life.address === address && life.diedAt === never)) continue;
    lives.push({ name, address, host: host.name, bornAt: troubles.at(-1)?.from ?? 0, diedAt: never });
  }
}

async function running(host: LabHost): Promise<{ id: string; name: string; address: string }[]> {
  const { body } = await requestFromSocket(host.engineSocket, 'GET', '/containers/json');
  return listing.parse(JSON.parse(body)).map(({ Id, Labels, NetworkSettings }) => ({
    id: Id,
    name: Labels['weft.name'] ?? '',
    address: NetworkSettings.Networks.bridge?.IPAddress ?? '',
  }));
}

/** Waits until all hosts list what the engines run; milliseconds. */
async function settle(): Promise<number> {
  const tookMs = await untilTrue(lab.hosts, { timeoutMs: 60_000 });
  return Math.round(tookMs);
}

interface Used {
  readonly megabytes: number;
  readonly files: number;
}

/** What the agent of a host holds: memory and open files, sockets among them. */
async function used(host: LabHost): Promise<Used> {
  const { body } = await host.agent.request('GET', '/metrics');
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1] ?? Number.NaN);
  return {
    megabytes: Math.round(value('process_resident_memory_bytes') / 2 ** 20),
    files: value('process_open_fds'),
  };
}

function report(found: {
  settledMs: readonly number[];
  before: Used | undefined;
  after: Used;
  said: readonly { code: string; count: number }[];
  wrong: readonly string[];
}): void {
  const count = (code?: string) =>
    found.said.reduce((sum, each) => sum + (code === undefined || each.code === code ? each.count : 0), 0);
  const summary = {
    minutes,
    seed,
    questions: count(),
    unansweredWhileAgentsWereAway: count('LOST'),
    wrongAnswers: found.wrong.length,
    containersStarted: lives.length,
    changes,
    faults: Object.fromEntries(faults),
    rounds: found.settledMs.length,
    longestUntilTrueMs: Math.max(...found.settledMs),
    agentAfterFirstRound: found.before,
    agentAtTheEnd: found.after,
  };
  console.log([JSON.stringify(summary, null, 2), ...found.wrong].join('\n'));
  if (process.env.WEFT_SOAK_MINUTES === undefined) return;
  const results = join(repository, 'bench/results');
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'soak.json'), `${JSON.stringify(summary, null, 2)}\n`);
}

const never = Number.POSITIVE_INFINITY;
/** Ids of containers by host and address. */
const containers = new Map<string, string>();

const listing = z.array(
  z.object({
    Id: z.string(),
    Labels: z.record(z.string(), z.string()),
    NetworkSettings: z.object({ Networks: z.record(z.string(), z.object({ IPAddress: z.string() })) }),
  }),
);
const reply = z.object({
  Id: z.string().optional(),
  NetworkSettings: z.object({ IPAddress: z.string() }).optional(),
});

async function engine(host: LabHost, method: string, path: string, body?: unknown): Promise<z.infer<typeof reply>> {
  const { status, body: text } = await requestFromSocket(host.engineSocket, method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  return reply.parse(text === '' ? {} : JSON.parse(text));
}
