import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fullLoad, type Latency, pacedLoad, Server, warmUp } from './dns-load.ts';
import { questionFile } from './dns-peers.ts';
import { benchName } from './dns-zone.ts';
import { measurePace, scaled } from './pace.ts';
import { median } from './quantiles.ts';
import { countStolen } from './stolen.ts';

/**
 * How long answers take while records change, beside Weft without changes and a bare echo: `node bench/dns-churn.ts`.
 *
 * On a machine that shares its processors with others, how long an answer takes is mostly for how long the processors
 * were away. So many short rounds are measured, and those count in which others took least.
 */

/** As often as the budget says. */
export const pacePerSecond = 20_000;
const ofBudget: Work = { questionsPerSecond: pacePerSecond, changesPerSecond: 1_000 };
const names = 1_000;
/** All three, one after the other and again: what else the machine does meets each of them. */
const rounds = 24;
/** The rounds of which others took least, a quarter of them. */
const calmRounds = 6;
const roundSeconds = 1;
/** Until all code is compiled. */
const warmSeconds = 2;
const paceSeconds = 5;
/** As `deploy/weft.sh` starts Weft, the echo alike. */
const memory = ['--max-semi-space-size=1', '--v8-pool-size=1'];
const firstPort = 15_400;

interface Work {
  readonly questionsPerSecond: number;
  readonly changesPerSecond: number;
}

const kinds = ['changes', 'withoutChanges', 'echo'] as const;
type Kind = (typeof kinds)[number];

interface Round extends Latency {
  /** The share of all processors' time that others took meanwhile. */
  readonly stolen: number;
}

interface Contestant {
  readonly server: Server;
  readonly rounds: Round[];
}

/** Under the budget's own work, and under as much as is in proportion to how fast this machine is; writes the results. */
export async function benchChurn(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'bench-churn-'));
  try {
    const list = Array.from({ length: names }, (_, index) => `${benchName(index)}.weave.local A`);
    const questions = questionFile(work, 'questions', list);
    const pace = await measurePace(paceSeconds);
    const full = await measure(questions, ofBudget);
    const share = (amount: number) => Math.round(scaled(amount, pace.echoPerCpuSecond));
    const proportional = await measure(questions, {
      questionsPerSecond: share(ofBudget.questionsPerSecond),
      changesPerSecond: share(ofBudget.changesPerSecond),
    });
    const measuredOn = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, rounds, calmRounds };
    const results = join(import.meta.dirname, 'results');
    mkdirSync(results, { recursive: true });
    const report = { measuredOn, pace, full, proportional };
    writeFileSync(join(results, 'dns-churn.json'), `${JSON.stringify(report, null, 2)}\n`);
    for (const measured of [full, proportional]) for (const line of lines(measured)) console.log(line);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Asks all three so many times a second, in turns; the others stand still meanwhile. `questions` is a file for dnsperf. */
async function measure(questions: string, work: Work) {
  const contestants = new Map<Kind, Contestant>();
  try {
    for (const [index, kind] of kinds.entries()) {
      const server = start(kind, firstPort + index, work);
      contestants.set(kind, { server, rounds: [] });
      await server.ready(`${benchName(0)}.weave.local`, { anyReply: true });
      await fullLoad({ port: server.port, questions, seconds: warmSeconds });
      server.pause();
    }
    for (let round = 0; round < rounds; round++)
      for (const each of contestants.values()) each.rounds.push(await takeTurn(each.server, questions, work));
  } finally {
    for (const { server } of contestants.values()) await server.stop();
  }
  const of = (kind: Kind) => waiting(contestants.get(kind)?.rounds ?? []);
  return { ...work, changes: of('changes'), withoutChanges: of('withoutChanges'), echo: of('echo') };
}

function lines(measured: Awaited<ReturnType<typeof measure>>): string[] {
  return kinds.map((kind) => {
    const { calm, all, mostStolen } = measured[kind];
    const taken = `others took at most ${(mostStolen * 100).toFixed(1)} %`;
    return `${measured.questionsPerSecond} questions a second, ${kind}: p50 ${calm.p50Ms.toFixed(2)} ms, p99 ${calm.p99Ms.toFixed(2)} ms while ${taken}; p99 of all rounds ${all.p99Ms.toFixed(1)} ms`;
  });
}

async function takeTurn(server: Server, questions: string, { questionsPerSecond }: Work): Promise<Round> {
  server.resume();
  // Its memory is to be at hand again, and what it missed to be made up for.
  await warmUp({ port: server.port, questions, seconds: roundSeconds });
  const stolen = countStolen();
  const latency = await pacedLoad({ port: server.port, questions, seconds: roundSeconds }, questionsPerSecond);
  const round = { ...latency, stolen: stolen() };
  server.pause();
  return round;
}

function start(kind: Kind, port: number, { changesPerSecond }: Work): Server {
  const changes = kind === 'changes' ? changesPerSecond : 0;
  const weft = ['dns-weft.ts', '--names', String(names), '--churn', String(changes), '--port', String(port)];
  const [program = '', ...options] = kind === 'echo' ? ['dns-echo.ts', String(port)] : weft;
  return new Server([process.execPath, ...memory, join(import.meta.dirname, program), ...options], port);
}

/** The medians of the calm rounds and of all, and every round, from the calmest on. */
function waiting(measured: readonly Round[]) {
  const byCalm = measured.toSorted((one, other) => one.stolen - other.stolen);
  const calm = byCalm.slice(0, calmRounds);
  return {
    calm: medians(calm),
    all: medians(measured),
    mostStolen: calm.at(-1)?.stolen ?? Number.NaN,
    lost: measured.reduce((sum, { lost }) => sum + lost, 0),
    rounds: byCalm.map(({ p99Ms, stolen }) => ({ p99Ms, stolen: Number(stolen.toFixed(3)) })),
  };
}

function medians(rounds: readonly Round[]) {
  return { p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)), p99Ms: median(rounds.map(({ p99Ms }) => p99Ms)) };
}

if (import.meta.main) await benchChurn();
