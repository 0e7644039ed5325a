import { join } from 'node:path';
import { fullLoad, type Latency, pacedLoad, Server, warmUp } from './dns-load.ts';
import { scaled } from './pace.ts';

/** How long answers take while records change, beside Weft without changes and a bare echo. */

/** As often as the budget says. */
export const pacePerSecond = 20_000;
const changesPerSecond = 1_000;
/** All three, one after the other and again: what else the machine does meets each of them. */
const rounds = 9;
const roundSeconds = 2;
/** Until all code is compiled. */
const warmSeconds = 2;
/** As `deploy/weft.sh` starts Weft, the echo alike. */
const memory = '--max-semi-space-size=1';
const firstPort = 15_400;

const programs = {
  changes: ['dns-weft.ts', '--churn', String(changesPerSecond), '--port'],
  withoutChanges: ['dns-weft.ts', '--port'],
  echo: ['dns-echo.ts'],
} as const;
type Kind = keyof typeof programs;
const kinds = ['changes', 'withoutChanges', 'echo'] as const satisfies readonly Kind[];

interface Contestant {
  readonly server: Server;
  readonly rounds: Latency[];
}

/** The medians of the rounds, and what each round's 99th percentile was. */
export interface Waiting {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p99MsOfRounds: readonly number[];
  readonly lost: number;
}

/**
 * What the budget's pace is on this machine, by how many answers a second of processor time its echo gives: on one of
 * half the speed the pace itself would keep a core busy, and measure for how long questions queue for it.
 */
export function paceOf(echoPerCpuSecond: number): number {
  return Math.round(scaled(pacePerSecond, echoPerCpuSecond));
}

/** Asks all three so many times a second, in turns; the others stand still meanwhile. `questions` is a file for dnsperf. */
export async function measureChurn(questions: string, perSecond: number) {
  const contestants = new Map<Kind, Contestant>();
  try {
    for (const [index, kind] of kinds.entries()) {
      const server = start(kind, firstPort + index);
      contestants.set(kind, { server, rounds: [] });
      await server.ready('name0.weave.local', { anyReply: true });
      await fullLoad({ port: server.port, questions, seconds: warmSeconds });
      server.pause();
    }
    for (let round = 0; round < rounds; round++)
      for (const each of contestants.values()) each.rounds.push(await takeTurn(each.server, questions, perSecond));
  } finally {
    for (const { server } of contestants.values()) await server.stop();
  }
  const of = (kind: Kind) => waiting(contestants.get(kind)?.rounds ?? []);
  return {
    changesPerSecond,
    pacePerSecond: perSecond,
    changes: of('changes'),
    withoutChanges: of('withoutChanges'),
    echo: of('echo'),
  };
}

/** The result in words. */
export function churnLines(churn: Awaited<ReturnType<typeof measureChurn>>): string[] {
  return kinds.map((kind) => {
    const { p50Ms, p99Ms, p99MsOfRounds } = churn[kind];
    const all = p99MsOfRounds.map((ms) => ms.toFixed(1)).join(' ');
    return `${churn.pacePerSecond} questions a second, ${kind}: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms (${all})`;
  });
}

async function takeTurn(server: Server, questions: string, perSecond: number): Promise<Latency> {
  server.resume();
  // Its memory is to be at hand again, and what it missed to be made up for.
  await warmUp({ port: server.port, questions, seconds: roundSeconds });
  const latency = await pacedLoad({ port: server.port, questions, seconds: roundSeconds }, perSecond);
  server.pause();
  return latency;
}

function start(kind: Kind, port: number): Server {
  const [program, ...options] = programs[kind];
  return new Server([process.execPath, memory, join(import.meta.dirname, program), ...options, String(port)], port);
}

function waiting(rounds: readonly Latency[]): Waiting {
  return {
    p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(rounds.map(({ p99Ms }) => p99Ms)),
    p99MsOfRounds: rounds.map(({ p99Ms }) => p99Ms),
    lost: rounds.reduce((sum, { lost }) => sum + lost, 0),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
