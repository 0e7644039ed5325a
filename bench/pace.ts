import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fullLoad, Server, warmUp } from './dns-load.ts';
import { questionFile } from './dns-peers.ts';
import { benchName } from './dns-zone.ts';

/** Answers that the bare echo gave in a second of processor time on the machine that the budgets were written on. */
const echoOfBudgets = 119_000;
const names = 1_000;
const port = 15_280;

/** What is this machine's in proportion to how fast its echo is beside the budgets' own: a pace, or a share of 1. */
export function scaled(ofBudgets: number, echoPerCpuSecond: number): number {
  return (ofBudgets * echoPerCpuSecond) / echoOfBudgets;
}

/** How fast this machine is just now: answers of the bare echo in a second of processor time, over so many seconds. */
export async function measurePace(seconds: number) {
  const work = mkdtempSync(join(tmpdir(), 'bench-pace-'));
  const server = new Server([process.execPath, join(import.meta.dirname, 'dns-echo.ts'), String(port)], port);
  const list = Array.from({ length: names }, (_, index) => `${benchName(index)}.weave.local A`);
  const questions = questionFile(work, 'questions', list);
  try {
    await server.ready(`${benchName(0)}.weave.local`, { anyReply: true });
    await warmUp({ port, questions, seconds });
    const echoPerCpuSecond = Math.round(await answersPerCpuSecond(server, questions, seconds));
    return { echoPerCpuSecond, ofBudgets: Number(scaled(1, echoPerCpuSecond).toFixed(2)) };
  } finally {
    await server.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** How many answers a server gives for a second of processor time, under as many questions as it takes. */
export async function answersPerCpuSecond(server: Server, questions: string, seconds: number): Promise<number> {
  const before = server.cpuSeconds();
  const { answered } = await fullLoad({ port: server.port, questions, seconds });
  return answered / (server.cpuSeconds() - before);
}
