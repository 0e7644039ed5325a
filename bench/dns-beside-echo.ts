import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fullLoad, Server, warmUp } from './dns-load.ts';
import { questionFile } from './dns-peers.ts';
import { benchName } from './dns-zone.ts';

// Weft and a bare echo, in turns: `node bench/dns-beside-echo.ts`. A machine that others use is faster in one second and
// slower in the next by more than the two differ; in turns, both get the same of it.

const rounds = 8;
const seconds = 3;
const names = 1000;
const work = mkdtempSync(join(tmpdir(), 'bench-dns-'));
const file = questionFile(
  work,
  'questions',
  Array.from({ length: names }, (_, index) => `${benchName(index)}.weave.local A`),
);
const program = (name: string) => join(import.meta.dirname, name);
const servers = {
  echo: new Server([process.execPath, program('dns-echo.ts'), '15290'], 15_290),
  Weft: new Server([process.execPath, program('dns-weft.ts'), '--port', '15291', '--names', String(names)], 15_291),
};

try {
  await new Promise((resolve) => setTimeout(resolve, 2000));
  for (const { port } of Object.values(servers)) {
    await warmUp({ port, questions: file, seconds });
    await fullLoad({ port, questions: file, seconds });
  }
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const echo = await perCpuSecond(servers.echo);
    const weft = await perCpuSecond(servers.Weft);
    ratios.push(weft / echo);
    console.log(`echo ${echo}, Weft ${weft} answers per CPU-second: ${(weft / echo).toFixed(3)}`);
  }
  const median = ratios.toSorted((one, other) => one - other)[Math.floor(rounds / 2)];
  console.log(`median of ${rounds} rounds: ${median?.toFixed(3)} of the echo`);
} finally {
  for (const server of Object.values(servers)) await server.stop();
  rmSync(work, { recursive: true, force: true });
}

async function perCpuSecond(server: Server): Promise<number> {
  const before = server.cpuSeconds();
  const { answered } = await fullLoad({ port: server.port, questions: file, seconds });
  return Math.round(answered / (server.cpuSeconds() - before));
}
