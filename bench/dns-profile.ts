import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fullLoad, Server, warmUp } from './dns-load.ts';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const port = 15_290;

/** Where the microseconds of one query go: shares of the answering thread's busy time, by who spends them. */
export async function profileOfOneQuery(
  work: string,
  questions: string,
  seconds: number,
): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(work, 'profile-'));
  const program = join(import.meta.dirname, 'dns-weft.ts');
  const options = [program, '--main-thread', '--port', String(port)];
  const server = new Server([process.execPath, '--cpu-prof', '--cpu-prof-dir', directory, ...options], port);
  try {
    await server.ready('name0.weave.local');
    await warmUp({ port, questions, seconds });
    await fullLoad({ port, questions, seconds });
  } finally {
    await server.stop();
  }
  const profiles = readdirSync(directory).map(
    (file): Profile => JSON.parse(readFileSync(join(directory, file), 'utf8')),
  );
  const busiest = profiles.map(shares).sort((one, other) => other.busy - one.busy)[0];
  return busiest?.parts ?? {};
}

function shares({ nodes, samples, timeDeltas }: Profile): { busy: number; parts: Record<string, number> } {
  const partOf = new Map(nodes.map(({ id, callFrame }) => [id, part(callFrame.functionName, callFrame.url)]));
  const times: Record<string, number> = {};
  for (const [index, sample] of samples.entries()) {
    const name = partOf.get(sample) ?? 'idle';
    times[name] = (times[name] ?? 0) + (timeDeltas[index] ?? 0);
  }
  const { idle: _, ...busyTimes } = times;
  const busy = Object.values(busyTimes).reduce((sum, time) => sum + time, 0);
  return { busy, parts: Object.fromEntries(Object.entries(busyTimes).map(([name, time]) => [name, time / busy])) };
}

function part(functionName: string, url: string): string {
  if (functionName === '(idle)') return 'idle';
  if (functionName === '(garbage collector)') return 'garbage collector';
  // Its own work is little: the time is that of the system call, which the profiler counts to its caller.
  if (functionName === 'doSend') return 'sending: the kernel, by way of node:dgram';
  if (functionName === '(program)' || url === '') return 'receiving: the kernel and native parts of Node';
  if (url.startsWith('node:')) return 'JavaScript parts of Node (dgram, buffer, events)';
  return url.includes('/src/dns/') ? 'answering itself' : 'other';
}
