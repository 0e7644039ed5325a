/**
 * A host joins a mesh of 1,000 hosts with 50 containers each: how long until it knows all, and what that takes.
 * The answer of one neighbour is made first; then a fresh process takes it in, as from a link without delay.
 * `node bench/mesh-sim-join.ts [HOSTS] [CONTAINERS]`
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import { crdtDefaults } from '../src/config.ts';
import { DocumentWriter } from '../src/crdt/document.ts';
import { sealEnvelope } from '../src/crdt/envelope.ts';
import { type Item, toChunks } from '../src/crdt/item.ts';
import { hostToJson } from '../src/crdt/record-json.ts';
import { Replica } from '../src/crdt/replica.ts';
import { encodeSignOfLife } from '../src/crdt/sign-of-life.ts';
import type { Transport } from '../src/crdt/transport.ts';
import { createIdentity } from '../src/identity.ts';
import { silentLog } from '../src/log.ts';
import type { HostId } from '../src/record.ts';
import { MemoryDisk } from '../test/support/crdt-lab.ts';
import { realisticContainer, realisticHost } from './mesh-sim-records.ts';

const [hosts = '1000', containers = '50', answerFile] = process.argv.slice(2);
if (answerFile === undefined) prepare();
else await measure(answerFile);

function prepare(): void {
  const directory = mkdtempSync(join(tmpdir(), 'weft-bench-'));
  const file = join(directory, 'answer');
  const out = openSync(file, 'w');
  let bytes = 0;
  for (const chunk of toChunks(everything())) bytes += writeSync(out, chunk);
  const report = execFileSync(process.execPath, [
    ...(process.env.WEFT_BENCH_ARGS?.split(' ') ?? []),
    '--expose-gc',
    import.meta.filename,
    hosts,
    containers,
    file,
  ]);
  console.log(
    JSON.stringify({
      hosts: Number(hosts),
      containers: Number(containers),
      answerMB: mb(bytes),
      ...JSON.parse(String(report)),
    }),
  );
  rmSync(directory, { recursive: true });
}

function* everything(): Generator<Item> {
  for (let number = 0; number < Number(hosts); number += 1) {
    const signer = createIdentity();
    const sign = encodeSignOfLife({ beat: 1, restarting: false, intervalMs: 10_000, edited: 0 });
    yield { type: 'heard', ageMs: 100, bytes: sealEnvelope(signer, 'heartbeat', 2 ** 20, 1, sign).bytes };
    const writer = new DocumentWriter([
      ['host', hostToJson(realisticHost(signer.hostId, number))],
      ...Array.from({ length: Number(containers) }, (_, index) => {
        const record = realisticContainer(signer.hostId, number, index);
        return [`container/${record.id}`, JSON.stringify(record)] as const;
      }),
    ]);
    yield { type: 'envelope', bytes: sealEnvelope(signer, 'snapshot', 2 ** 20, 1, writer.state()).bytes };
  }
}

async function measure(file: string): Promise<void> {
  const answer = readFileSync(file);
  const peer = createIdentity().hostId;
  const done = Promise.withResolvers<void>();
  const transport: Transport = {
    broadcast: () => {},
    neighbours: () => [peer],
    blame: () => {},
    async *request() {
      for (let from = 0; from < answer.length; from += 65_536) {
        yield answer.subarray(from, from + 65_536);
        // As from a socket: each chunk comes in a turn of the event loop of its own.
        await new Promise((resolve) => setImmediate(resolve));
      }
      done.resolve();
    },
  };
  const replica = new Replica({
    signer: createIdentity(),
    storage: new MemoryDisk(),
    clock: systemClock,
    log: silentLog,
    options: crdtDefaults,
  });
  replica.attach(transport);
  let names = 0;
  replica.directory.onNames((changed) => {
    names += changed.length;
  });
  globalThis.gc?.();
  const before = process.memoryUsage();
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await replica.start();
  await done.promise;
  await new Promise((resolve) => setImmediate(resolve));
  const [ms, used] = [performance.now() - start, process.cpuUsage(cpu)];
  const loaded = process.memoryUsage();
  globalThis.gc?.();
  const after = process.memoryUsage();
  const known = new Set<HostId>(replica.directory.hosts().map(({ id }) => id)).size - 1;
  const grown = after.heapUsed + after.external - before.heapUsed - before.external;
  console.log(
    JSON.stringify({
      known,
      names: [...replica.directory.names()].length,
      told: names,
      ms: Math.round(ms),
      cpuMs: Math.round((used.user + used.system) / 1000),
      keptMB: mb(grown),
      // The process with the answer's bytes, which a real joiner does not hold; then what it was before it joined.
      rssMB: mb(loaded.rss),
      rssAfterGcMB: mb(after.rss),
      rssBeforeMB: mb(before.rss),
    }),
  );
  process.exit(0);
}

function mb(bytes: number): number {
  return Math.round(bytes / 1024 / 102.4) / 10;
}
