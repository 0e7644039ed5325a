import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { untilTrue } from '../support/lab/truth.ts';
import { startMesh, statusOf } from './meshed.ts';

/** `WEFT_CRASH_SECONDS` for minutes of it; `WEFT_CRASH_SEED` to do the same again. */
const seconds = Number(process.env.WEFT_CRASH_SECONDS ?? 20);
const seed = Number(process.env.WEFT_CRASH_SEED ?? randomInt(2 ** 31));
/** For the last agent to be ready on a busy machine, and the mesh to agree. */
const truthMs = 180_000;

/** One life of an agent: how long it runs once it was started, ready or not, and how long it is gone then. */
interface Life {
  readonly upMs: number;
  readonly downMs: number;
}

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.create(3);
  await startMesh(lab.hosts);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

it('agents killed at random moments, over each other, while containers come and go, lose nothing and invent nothing', {
  timeout: (seconds + 420) * 1_000,
}, async () => {
  const plans = lab.hosts.map((host) => planOf(randomOf(seed + host.number)));
  console.log(`seed ${seed}, kill -9 (ms up, ms gone): ${plans.map(describePlan).join('; ')}`);
  let crashing = true;
  const changes = lab.hosts.map((host) => changeUntil(host, randomOf(seed - host.number), () => !crashing));
  await Promise.all(lab.hosts.map((host, index) => crash(host, plans[index] ?? [])));
  crashing = false;
  const made = (await Promise.all(changes)).flat();
  const tookMs = await untilTrue(lab.hosts, { statics: made, timeoutMs: truthMs });
  const told = `${plans.flat().length} crashes, ${made.length} records made by hand`;
  console.log(`${told}; all hosts tell the truth ${Math.round(tookMs)} ms after the last`);
  for (const host of lab.hosts) {
    expect(host.agent.log()).not.toMatch(/goes on without|stumbled/);
    expect((await statusOf(host)).problems).toEqual([]);
  }
});

/** Lives that take as long as the whole test shall: some end while the agent starts, some last. */
function planOf(random: () => number): Life[] {
  const lives: Life[] = [];
  for (let spent = 0; spent < seconds * 1_000; ) {
    // A third is over before an agent of a quiet machine is ready; agents are away for less and for more than they are given.
    const life = { upMs: Math.round(random() ** 3 * 9_000), downMs: Math.round(random() ** 3 * 8_000) };
    lives.push(life);
    spent += life.upMs + life.downMs;
  }
  return lives;
}

function describePlan(lives: readonly Life[]): string {
  return lives.map(({ upMs, downMs }) => `${upMs} ${downMs}`).join(', ');
}

/** Kills and starts an agent as planned, and leaves it running. */
async function crash(host: LabHost, lives: readonly Life[]): Promise<void> {
  for (const { upMs, downMs } of lives) {
    await pause(upMs);
    await host.stopAgent('SIGKILL');
    await pause(downMs);
    await host.startAgent([], { untilReady: false });
  }
  // Of all at once, after so many starts: a machine that is busy with other things takes its time.
  await host.agent.ready(truthMs);
}

/**
 * Starts and ends containers, and makes records by hand; returns those that the agent took. One that was killed before it
 * answered may have taken it or not: it is told again in the end.
 */
async function changeUntil(host: LabHost, random: () => number, isOver: () => boolean): Promise<string[]> {
  const made: HandMade[] = [];
  const open: HandMade[] = [];
  const running: string[] = [];
  for (let round = 0; !isOver(); round += 1) {
    const name = `c${host.number}-${round}`;
    await host.runContainer({ name });
    running.push(name);
    if (running.length > 2 && random() < 0.8) {
      const [gone = ''] = running.splice(Math.floor(random() * running.length), 1);
      await host.removeContainer(gone);
    }
    const record = { name: `s-${name}`, address: `192.0.2.${1 + (round % 250)}` };
    const answer = await make(host, record).catch(() => undefined);
    if (answer === undefined) open.push(record);
    else if (answer.status === 200) made.push(record);
  }
  for (const record of open) {
    expect((await make(host, record)).status).toBe(200);
    made.push(record);
  }
  return made.map(({ name, address }) => `${name} ${address}`);
}

interface HandMade {
  readonly name: string;
  readonly address: string;
}

function make(host: LabHost, { name, address }: HandMade) {
  return host.agent.request('PUT', `/v1/static/${name}`, { addresses: [address] });
}

/** Numbers in [0, 1) that are the same for the same seed (xorshift32, Marsaglia 2003). */
function randomOf(start: number): () => number {
  // Zero would stay zero, and small seeds begin with small numbers.
  let state = Math.imul(start, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
