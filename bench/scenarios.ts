import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Peer } from './scenarios-peer.ts';
import { startPeer } from './scenarios-peers.ts';
import { runScenarios } from './scenarios-rows.ts';
import { type Column, scenarioTable } from './scenarios-table.ts';
import { isFailure } from './scenarios-words.ts';

// What becomes of names when things go wrong, with Weft and beside it: `node bench/scenarios.ts [--only weft,docker]`.
// Needs root and what the lab needs; without `--only` it writes bench/results/scenarios.json and docs/scenarios.md. Ends with 1
// where a row failed.

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const chosen = values.only?.split(',');
const columns: Column[] = [];
for (const [key, start] of Object.entries(startPeer))
  if (chosen?.includes(key) ?? true) columns.push(await column(start));

const [cpu] = cpus();
const measuredOn = {
  command: 'npm run bench:scenarios',
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpu?.model ?? 'unknown'}, Node ${process.versions.node}`,
  cores: cpus().length,
  loadAverage: Number((loadavg()[0] ?? 0).toFixed(1)),
  versions: [
    ['dockerd', '--version'],
    ['dnsmasq', '--version'],
    ['podman', '--version'],
    ['/usr/lib/podman/aardvark-dns', 'version'],
  ].map(version),
};
const table = scenarioTable(measuredOn, columns);
console.log(table);
if (chosen === undefined) {
  const results = join(import.meta.dirname, 'results');
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'scenarios.json'), `${JSON.stringify({ ...measuredOn, columns }, null, 2)}\n`);
  writeFileSync(join(import.meta.dirname, '../docs/scenarios.md'), table);
}
if (columns.flatMap(({ cells }) => Object.values(cells)).some(isFailure)) process.exitCode = 1;

async function column(start: () => Promise<Peer>): Promise<Column> {
  await using peer = await start();
  const { title, setup } = peer;
  const cells = await runScenarios(peer, (found) => console.log(title, found));
  return { title, setup, cells };
}

/** A program and its version, as it says it. */
function version([program = '', ...words]: string[]): string {
  const said = execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return `${basename(program)} ${/\d+(\.\d+)+/.exec(said)?.[0] ?? 'unknown'}`;
}
