import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fullLoad, Server, warmUp } from './dns-load.ts';
import { questionFile } from './dns-peers.ts';
import { benchName } from './dns-zone.ts';
import { answersPerCpuSecond } from './pace.ts';
import { quantile } from './quantiles.ts';

// Weft with 10 to 100,000 names and a bare echo, in turns:
// `node bench/dns-beside-echo.ts [--generations N] [--rounds N] [--seconds N]`. A machine that others use is faster in one
// second and slower in the next by more than these differ; in turns, all get the same of it. And of two processes of one
// program one is faster for as long as it lives, by a tenth and more, as its code was compiled and its memory laid out: so
// all are started anew several times. The median of all rounds' ratios is what counts.

const { values } = parseArgs({
  options: {
    generations: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '2' },
  },
});
const generations = Number(values.generations);
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const sizes = [10, 1000, 10_000, 100_000];
const firstPort = 15_290;
const work = mkdtempSync(join(tmpdir(), 'bench-dns-'));
const program = (name: string) => join(import.meta.dirname, name);

interface Contestant {
  readonly name: string;
  readonly questions: string;
  start(): Server;
}

/** Of each contestant, in their order: answers per CPU-second. */
type Round = readonly number[];

const contestants: readonly Contestant[] = [
  contestant('bare echo', 1000, firstPort, ['dns-echo.ts', String(firstPort)]),
  ...sizes.map((names, index) => {
    const port = firstPort + 1 + index;
    const flags = ['dns-weft.ts', '--port', String(port), '--names', String(names)];
    return contestant(`Weft, ${names.toLocaleString('en')} names`, names, port, flags);
  }),
];

try {
  const measured: Round[] = [];
  for (let generation = 0; generation < generations; generation++) measured.push(...(await live(generation)));
  const rows = contestants.map(({ name }, index) => {
    const own = measured.map((figures) => figures[index] ?? Number.NaN);
    const ratios = measured.map(([echo = Number.NaN], round) => (own[round] ?? Number.NaN) / echo);
    return {
      name,
      perCpuSecond: Math.round(quantile(own, 0.5)),
      ofEcho: { lowest: quantile(ratios, 0), median: quantile(ratios, 0.5), highest: quantile(ratios, 1) },
    };
  });
  for (const { name, perCpuSecond, ofEcho } of rows)
    console.log(
      `${name.padEnd(20)} ${String(perCpuSecond).padStart(7)} answers per CPU-second, ${ofEcho.median.toFixed(3)} of the echo (${ofEcho.lowest.toFixed(2)} to ${ofEcho.highest.toFixed(2)} in ${measured.length} rounds)`,
    );
  const results = join(import.meta.dirname, 'results');
  mkdirSync(results, { recursive: true });
  const measuredOn = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    generations,
    rounds,
    seconds,
  };
  writeFileSync(join(results, 'dns-beside-echo.json'), `${JSON.stringify({ measuredOn, rows }, null, 2)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function contestant(name: string, names: number, port: number, [file = '', ...flags]: string[]): Contestant {
  const list = Array.from({ length: names }, (_, index) => `${benchName(index)}.weave.local A`);
  const start = () => new Server([process.execPath, program(file), ...flags], port);
  return { name, questions: questionFile(work, `questions-${names}`, list), start };
}

/** Starts all of them, measures them in turns, and ends them. */
async function live(generation: number): Promise<Round[]> {
  const running = contestants.map(({ questions, start }) => ({ questions, server: start() }));
  try {
    for (const { server, questions } of running) {
      await server.ready(`${benchName(0)}.weave.local`, { anyReply: true });
      await warmUp({ port: server.port, questions, seconds });
      await fullLoad({ port: server.port, questions, seconds });
    }
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round++) {
      const figures: number[] = [];
      // In another order each time: none always follows the same one.
      for (const index of turnOf(generation * rounds + round)) {
        const each = running[index];
        if (each) figures[index] = await answersPerCpuSecond(each.server, each.questions, seconds);
      }
      measured.push(figures);
    }
    return measured;
  } finally {
    for (const { server } of running) await server.stop();
  }
}

/** The contestants' order in a round: one further on each time, and backwards every other time. */
function turnOf(round: number): number[] {
  const order = contestants.map((_, index) => (index + round) % contestants.length);
  return round % 2 === 0 ? order : order.toReversed();
}
