import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../test/support/lab/lab.ts';
import { until } from '../test/support/lab/until.ts';

/** The name that comes and goes. */
const name = 'pulse';
const results = join(import.meta.dirname, 'results');
/** Fewer have no 99th percentile, and are no result to keep. */
const fewestToKeep = 100;

/** Milliseconds until every host of the lab gave the right answer, by share of the starts. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface Propagation {
  readonly starts: number;
  readonly hosts: number;
  /** From the moment the engine says that the container started. */
  readonly sinceStarted: Percentiles;
  /** From the moment `docker start` was called; most of it is the engine's own work. */
  readonly sinceCommand: Percentiles;
}

/**
 * Starts a container of a lab with running agents again and again, and measures how long it takes until all hosts
 * answer its name right. Prints the percentiles and, of enough starts,
 * writes them to `bench/results/propagation.json`.
 */
export async function measurePropagation(lab: Lab, starts: number): Promise<Propagation> {
  const host = lab.host(1);
  await host.createContainer({ name, options: ['--restart', 'no'] });
  const program = fileURLToPath(import.meta.resolve('../test/support/lab/answer-clock.ts'));
  const clocks = await Promise.all(
    lab.hosts.map((each) =>
      each.machine.start('answer-clock', [process.execPath, program, each.gateway, `${name}.weave.local`]),
    ),
  );
  const sinceStarted: number[] = [];
  const sinceCommand: number[] = [];
  try {
    for (let turn = 0; turn < starts; turn++) {
      const calledAt = now();
      await host.startContainer(name);
      const address = await host.addressOf(name);
      const rightAt = await until(`all hosts answer ${address}`, () => {
        const times = clocks.map((clock) => firstTime(clock.log(), address, calledAt));
        return times.every((time) => time !== undefined) ? Math.max(...times) : undefined;
      });
      sinceStarted.push(rightAt - (await startedAt(lab, calledAt)));
      sinceCommand.push(rightAt - calledAt);
      await host.docker('kill', name);
      const killedAt = now();
      await until('it is gone everywhere', () => clocks.every((clock) => lastAnswer(clock.log()) === ''));
      if (now() < killedAt) throw new Error('the clock of this machine was set back; measure again');
    }
  } finally {
    for (const clock of clocks) await clock.stop();
    await host.removeContainer(name);
  }
  return report({
    starts,
    hosts: lab.hosts.length,
    sinceStarted: percentiles(sinceStarted),
    sinceCommand: percentiles(sinceCommand),
  });
}

function report(propagation: Propagation): Propagation {
  const { starts, hosts, sinceStarted, sinceCommand } = propagation;
  console.log(`docker start to right answers on ${hosts} hosts, ${starts} starts, in ms:`);
  console.log(`  since the engine started it   ${inWords(sinceStarted)}`);
  console.log(`  since the command was given   ${inWords(sinceCommand)}`);
  if (starts < fewestToKeep) return propagation;
  mkdirSync(results, { recursive: true });
  const command = 'npm run bench:propagation';
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`;
  writeFileSync(
    join(results, 'propagation.json'),
    `${JSON.stringify({ command, machine, ...propagation }, null, 2)}\n`,
  );
  return propagation;
}

function inWords({ p50, p90, p99 }: Percentiles): string {
  return `p50 ${p50.toFixed(1)}   p90 ${p90.toFixed(1)}   p99 ${p99.toFixed(1)}`;
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number) => Number((sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(1));
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

/** When the engine says that the container started, in milliseconds since 1970; the lab's hosts share one clock. */
async function startedAt(lab: Lab, since: number): Promise<number> {
  const from = ((since - 1000) / 1000).toFixed(3);
  const filters = ['--filter', `container=${name}`, '--filter', 'event=start'];
  const until = (now() / 1000).toFixed(3);
  const said = await lab
    .host(1)
    .docker('events', '--since', from, '--until', until, ...filters, '--format', '{{.TimeNano}}');
  const times = said.split('\n').map((nanoseconds) => Number(nanoseconds) / 1e6);
  return times.find((time) => time >= since) ?? Number.NaN;
}

function firstTime(log: string, address: string, since: number): number | undefined {
  for (const line of log.split('\n')) {
    const [time = '', answer] = line.split(' ');
    if (answer === address && Number(time) >= since) return Number(time);
  }
  return undefined;
}

function lastAnswer(log: string): string | undefined {
  return log
    .trimEnd()
    .split('\n')
    .at(-1)
    ?.replace(/^\S+ ?/, '');
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
