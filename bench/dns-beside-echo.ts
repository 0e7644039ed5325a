import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fullLoad, Server, warmUp } from './dns-load.ts';
import { questionFile } from './dns-peers.ts';
import { benchName } from './dns-zone.ts';
import { answersPerCpuSecond } from './pace.ts';

// Weft with 10 to 100,000 names and a bare echo, in turns: `node bench/dns-beside-echo.ts [--rounds N] [--seconds N]`. A
// machine that others use is faster in one second and slower in the next by more than these differ; in turns, all get
// the same of it, and the median of the rounds' ratios is what counts.

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, seconds: { type: 'string', default: '2' } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const sizes = [10, 1000, 10_000, 100_000];
const firstPort = 15_290;
const work = mkdtempSync(join(tmpdir(), 'bench-dns-'));
const program = (name: string) => join(import.meta.dirname, name);

interface Contestant {
  readonly name: string;
  readonly server: Server;
  readonly questions: string;
}

const contestants: readonly Contestant[] = [
  contestant('bare echo', 1000, firstPort, ['dns-echo.ts', String(firstPort)]),
  ...sizes.map((names, index) => {
    const port = firstPort + 1 + index;
    const flags = ['dns-weft.ts', '--port', String(port), '--names', String(names)];
    return contestant(`Weft, ${names.toLocaleString('en')} names`, names, port, flags);
  }),
];

try {
  for (const { server, questions } of contestants) {
    await server.ready(`${benchName(0)}.weave.local`, { anyReply: true });
    await warmUp({ port: server.port, questions, seconds });
    await fullLoad({ port: server.port, questions, seconds });
  }
  const figures = contestants.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    // In another order each time: none always follows the same one.
    for (const index of turnOf(round)) {
      const each = contestants[index];
      if (each) figures[index]?.push(await answersPerCpuSecond(each.server, each.questions, seconds));
    }
  const [echo = []] = figures;
  const rows = contestants.map(({ name }, index) => {
    const own = figures[index] ?? [];
    const ratios = own.map((figure, round) => figure / (echo[round] ?? Number.NaN));
    return {
      name,
      perCpuSecond: Math.round(quantile(own, 0.5)),
      ofEcho: { lowest: quantile(ratios, 0), median: quantile(ratios, 0.5), highest: quantile(ratios, 1) },
    };
  });
  for (const { name, perCpuSecond, ofEcho } of rows)
    console.log(
      `${name.padEnd(20)} ${String(perCpuSecond).padStart(7)} answers per CPU-second, ${ofEcho.median.toFixed(3)} of the echo (${ofEcho.lowest.toFixed(2)} to ${ofEcho.highest.toFixed(2)} in ${rounds} rounds)`,
    );
  const results = join(import.meta.dirname, 'results');
  mkdirSync(results, { recursive: true });
  const measuredOn = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, rounds, seconds };
  writeFileSync(join(results, 'dns-beside-echo.json'), `${JSON.stringify({ measuredOn, rows }, null, 2)}\n`);
} finally {
  for (const { server } of contestants) await server.stop();
  rmSync(work, { recursive: true, force: true });
}

function contestant(name: string, names: number, port: number, [file = '', ...flags]: string[]): Contestant {
  const list = Array.from({ length: names }, (_, index) => `${benchName(index)}.weave.local A`);
  const server = new Server([process.execPath, program(file), ...flags], port);
  return { name, server, questions: questionFile(work, `questions-${names}`, list) };
}

/** The contestants' order in a round: one further on each time, and backwards every other time. */
function turnOf(round: number): number[] {
  const order = contestants.map((_, index) => (index + round) % contestants.length);
  return round % 2 === 0 ? order : order.toReversed();
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
