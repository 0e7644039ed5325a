import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fullLoad, Server, warmUp } from './dns-load.ts';
import { foreignName, questionFile } from './dns-peers.ts';
import { benchName, foreignNames } from './dns-zone.ts';

// Own names and foreign ones from memory, asked of the same server in turns: `node bench/dns-forwarding.ts [--rounds N]`.
// A machine that others use is faster in one second and slower in the next by more than the two differ.

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '8' } } });
const rounds = Number(values.rounds);
const seconds = 3;
const work = mkdtempSync(join(tmpdir(), 'bench-dns-'));
const file = (name: string, line: (index: number) => string) =>
  questionFile(
    work,
    name,
    Array.from({ length: foreignNames }, (_, index) => line(index)),
  );
const own = file('own', (index) => `${benchName(index)}.weave.local A`);
const foreign = file('foreign', (index) => `${foreignName(index)} A`);
const [port, upstreamPort] = [15_292, 15_293];
const program = (name: string) => [process.execPath, join(import.meta.dirname, name)];
const upstream = new Server([...program('dns-echo.ts'), String(upstreamPort), '198.51.100.7'], upstreamPort, {
  pinned: false,
});
const weft = new Server([...program('dns-weft.ts'), '--port', String(port), '--upstream', String(upstreamPort)], port);

try {
  await upstream.ready(foreignName(0));
  await weft.ready('name0.weave.local');
  for (const questions of [own, foreign]) {
    await warmUp({ port, questions, seconds });
    await fullLoad({ port, questions, seconds });
  }
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ours = await perCpuSecond(own);
    const theirs = await perCpuSecond(foreign);
    ratios.push(theirs / ours);
    console.log(`own ${ours}, foreign ${theirs} answers per CPU-second: ${(theirs / ours).toFixed(3)}`);
  }
  const median = ratios.toSorted((one, other) => one - other)[Math.floor(rounds / 2)];
  console.log(`median of ${rounds} rounds: ${median?.toFixed(3)} of own names`);
} finally {
  await weft.stop();
  await upstream.stop();
  rmSync(work, { recursive: true, force: true });
}

async function perCpuSecond(questions: string): Promise<number> {
  const before = weft.cpuSeconds();
  const { answered, lost } = await fullLoad({ port, questions, seconds });
  if (lost > 0) console.log(`${lost} questions were lost`);
  return Math.round(answered / (weft.cpuSeconds() - before));
}
