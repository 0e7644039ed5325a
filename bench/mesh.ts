import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { meshChart } from './mesh-chart.ts';
import { measureChurn, measureSharedMap } from './mesh-churn.ts';
import { measureCost, measureJoin } from './mesh-cost.ts';
import { measurePropagation } from './mesh-propagation.ts';
import { measureSharedStatics, measureStatics } from './mesh-statics.ts';
import { type LabPropagation, meshTable } from './mesh-table.ts';
import { measureFullState } from './mesh-weave.ts';

// What the mesh costs, and what naive designs would: `npm run bench:mesh [-- --rows propagation,churn]`. Each
// measurement runs in a process of its own, so that memory is its own. Some need a port, 16753 and 16783 on loopback.

/** A join is three seconds of work for the processor, and a shared one is a third faster or slower from one to the next. */
const joins = Array.from({ length: 5 }, () => 1_000);

const rows = {
  propagation: { of: [10, 50, 200], measure: measurePropagation },
  churn: { of: [1_000_000], measure: async (events: number) => measureChurn(events) },
  sharedMap: { of: [100_000], measure: async (events: number) => measureSharedMap(events) },
  statics: { of: [100_000], measure: async (changes: number) => measureStatics(changes) },
  sharedStatics: { of: [100_000], measure: async (changes: number) => measureSharedStatics(changes) },
  joinReplicating: { of: joins, measure: (hosts: number) => measureJoin(hosts, false) },
  joinAnswering: { of: joins, measure: (hosts: number) => measureJoin(hosts, true) },
  cost: { of: [10, 30, 100, 300, 1_000], measure: measureCost },
  fullState: { of: [10, 30, 100, 300, 1_000], measure: async (hosts: number) => measureFullState(hosts) },
} as const;

type RowName = keyof typeof rows;
type Measured<Row extends RowName> = Awaited<ReturnType<(typeof rows)[Row]['measure']>>;

/** All that was measured, one for each size; rows that were left out are missing, and sizes that failed. */
export type MeshReport = { readonly [Row in RowName]?: readonly Measured<Row>[] };

/** A measurement that takes longer hangs: the longest takes two minutes on two quiet cores. */
const patienceMs = 300_000;
const results = join(import.meta.dirname, 'results');
const { values } = parseArgs({
  options: { rows: { type: 'string' }, one: { type: 'string' }, argument: { type: 'string' } },
});

if (values.one === undefined) await main();
else {
  // Whoever is stopped stops the agents that it started.
  process.once('SIGTERM', () => process.exit(1));
  const row = rows[values.one as RowName];
  console.log(JSON.stringify(await row.measure(Number(values.argument))));
  process.exit(0);
}

async function main(): Promise<void> {
  const wanted = values.rows?.split(',') ?? Object.keys(rows);
  const unknown = wanted.filter((name) => !(name in rows));
  if (unknown.length > 0) throw new Error(`no row ${unknown.join(', ')}; there are ${Object.keys(rows).join(', ')}`);
  const measured: Record<string, unknown[]> = {};
  const failed: string[] = [];
  for (const [name, { of }] of Object.entries(rows)) {
    if (!wanted.includes(name)) continue;
    measured[name] = [];
    for (const size of of) {
      const result = await measureApart(name, size);
      if (result === undefined) failed.push(`${name} ${size}`);
      else measured[name].push(result);
    }
  }
  const report: MeshReport = measured;
  const [cpu] = cpus();
  const measuredOn = { command: 'npm run bench:mesh', cpu: cpu?.model, cores: cpus().length, node: process.version };
  const lab = labPropagation();
  mkdirSync(results, { recursive: true });
  // Some rows alone are a look, and do not replace the results of a whole run.
  const file = values.rows === undefined ? 'mesh' : 'mesh-rows';
  writeFileSync(join(results, `${file}.json`), `${JSON.stringify({ measuredOn, ...report, lab, failed }, null, 2)}\n`);
  writeFileSync(join(results, `${file}.svg`), meshChart(report));
  console.log(meshTable(report, lab));
  if (failed.length === 0) return;
  console.error(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}

/** One measurement in a process of its own; `undefined` and a line about it where it fails. */
async function measureApart(name: string, size: number): Promise<unknown> {
  const options = ['--expose-gc', import.meta.filename, '--one', name, '--argument', String(size)];
  const from = performance.now();
  try {
    const { stdout } = await promisify(execFile)(process.execPath, options, { timeout: patienceMs });
    console.error(`${name} ${size}: ${((performance.now() - from) / 1000).toFixed(0)} s`);
    return JSON.parse(stdout);
  } catch (error) {
    console.error(`${name} ${size} failed: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** What the lab's own benchmark found when it was last run. */
function labPropagation(): LabPropagation | undefined {
  try {
    return JSON.parse(readFileSync(join(results, 'propagation.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
