import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chart } from './dns-chart.ts';
import { benchChurn, pacePerSecond } from './dns-churn.ts';
import { DockerResolver } from './dns-docker.ts';
import { fullLoad, type Place, pacedLoad, Server, type Usage, warmUp } from './dns-load.ts';
import { foreignName, type Peer, peers, questionFile } from './dns-peers.ts';
import { profileOfOneQuery } from './dns-profile.ts';
import { benchName, foreignNames } from './dns-zone.ts';

// Answers per CPU-second beside other name servers, in one run: `node bench/dns.ts [--quick] [--seconds N]`.
// Needs dnsperf, dig and taskset, and takes whichever of the peers are installed.

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, seconds: { type: 'string' } } });
const seconds = Number(values.seconds ?? (values.quick ? 1 : 5));
const results = join(import.meta.dirname, 'results');
const work = mkdtempSync(join(tmpdir(), 'bench-dns-'));
/** As many aliases as a container can be given on one command line. */
const dockerNames = 1000;
let lastPort = 15_300;

/** What is asked in one row, and of how many names. */
interface Row {
  readonly name: string;
  readonly names: number;
  readonly question: (index: number, domain: string) => string;
  readonly transport?: 'tcp';
  readonly foreign?: true;
}

export interface Measured {
  readonly row: string;
  readonly server: string;
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly lost: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly memoryMegabytes: number;
}

const echoName = 'bare echo';
const a = (index: number, domain: string) => `${benchName(index)}.${domain} A`;
const counts = values.quick ? [10, 1000] : [10, 1000, 10_000, 100_000];
const rows: readonly Row[] = [
  ...counts.map((names) => ({ name: `${names.toLocaleString('en')} names`, names, question: a })),
  { name: 'NXDOMAIN', names: 1000, question: (index, domain) => `missing${index}.${domain} A` },
  { name: 'AAAA of A-only names', names: 1000, question: (index, domain) => `${benchName(index)}.${domain} AAAA` },
  { name: 'TCP', names: 1000, question: a, transport: 'tcp' },
  { name: 'forwarding from cache', names: foreignNames, question: (index) => `${foreignName(index)} A`, foreign: true },
];

try {
  const measured: Measured[] = [];
  for (const row of rows) {
    if (row.transport === undefined && row.foreign === undefined) measured.push(await measureEcho(row));
    for (const peer of peers.filter((each) => each.isHere() && (each.forwards || !row.foreign))) {
      // Each of its answers takes as long as it has names: the row would say nothing that the one before does not.
      if (peer.name === 'aardvark-dns' && (row.names > 10_000 || row.transport)) continue;
      const result = await measure(row, peer);
      if (result) measured.push(result);
    }
    if (row.names <= dockerNames && row.question === a && row.transport === undefined) {
      const result = await measureDocker(row);
      if (result) measured.push(result);
    }
  }
  const threads = await measureThreads();
  const profile = await profileOfOneQuery(work, questions(rows[1], 'weave.local'), seconds);
  const [cpu] = cpus();
  const report = {
    measuredOn: { cpu: cpu?.model, cores: cpus().length, node: process.version, seconds, quick: values.quick },
    rows: measured,
    threads,
    profile,
  };
  mkdirSync(results, { recursive: true });
  const name = values.quick ? 'dns-quick' : 'dns';
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(results, `${name}.svg`), chart(measured.filter(({ row }) => row === '1,000 names')));
  console.log(`one DNS thread ${threads.one}, two ${threads.two} answers a second, load and server on the same cores`);
  for (const [part, share] of Object.entries(profile))
    console.log(`${(share * 100).toFixed(1).padStart(5)} % of a query: ${part}`);
  if (!values.quick) await benchChurn();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function measure(row: Row, peer: Peer): Promise<Measured | undefined> {
  const upstream = row.foreign
    ? new Server(
        [process.execPath, join(import.meta.dirname, 'dns-echo.ts'), String(++lastPort), '198.51.100.7'],
        lastPort,
        { pinned: false },
      )
    : undefined;
  const port = ++lastPort;
  const names = row.foreign ? 10 : row.names;
  const server = peer.start({ port, names, directory: mkdtempSync(join(work, 'server-')), upstream: upstream?.port });
  try {
    await upstream?.ready(foreignName(0));
    await server.ready(`${benchName(0)}.${peer.domain}`);
    return await load(row, peer.name, server, server, questions(row, peer.domain));
  } catch (error) {
    console.log(`${peer.name} takes no part in "${row.name}": ${error instanceof Error ? error.message : error}`);
    return undefined;
  } finally {
    await server.stop();
    await upstream?.stop();
  }
}

/** Docker's own resolver can only be asked in a container of a real engine. */
async function measureDocker(row: Row): Promise<Measured | undefined> {
  try {
    await using docker = await DockerResolver.start(row.names);
    return await load(row, "Docker's resolver", docker.place, docker.usage, questions(row, 'weave.local'));
  } catch (error) {
    console.log(`Docker's resolver takes no part in "${row.name}": ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

async function measureEcho(row: Row): Promise<Measured> {
  const port = ++lastPort;
  const server = new Server([process.execPath, join(import.meta.dirname, 'dns-echo.ts'), String(port)], port);
  try {
    return await load(row, echoName, server, server, questions(row, 'weave.local'));
  } finally {
    await server.stop();
  }
}

async function load(row: Row, name: string, place: Place, server: Usage, file: string): Promise<Measured> {
  const { port, address, inside } = place;
  const where = { port, ...(address && { address }), ...(inside && { inside }) };
  const terms = { ...where, questions: file, seconds, ...(row.transport ? { transport: row.transport } : {}) };
  await warmUp(terms);
  const before = server.cpuSeconds();
  const { answered, lost, perSecond } = await fullLoad(terms);
  const perCpuSecond = Math.round(answered / (server.cpuSeconds() - before));
  const memoryMegabytes = server.memoryMegabytes();
  const latency = perSecond > pacePerSecond ? await pacedLoad(terms, pacePerSecond) : undefined;
  const result = {
    row: row.name,
    server: name,
    perCpuSecond,
    perSecond,
    lost,
    p50Ms: latency?.p50Ms,
    p99Ms: latency?.p99Ms,
    memoryMegabytes,
  };
  console.log(
    `${row.name.padEnd(22)} ${name.padEnd(13)} ${String(perCpuSecond).padStart(7)} per CPU-s ${String(perSecond).padStart(7)} q/s  p50 ${shown(latency?.p50Ms)} p99 ${shown(latency?.p99Ms)} ms ${String(memoryMegabytes).padStart(5)} MB  ${lost} lost`,
  );
  return result;
}

async function measureThreads(): Promise<{ one: number; two: number }> {
  const [one = 0, two = 0] = [await throughput(1), await throughput(2)];
  return { one, two };
}

async function throughput(threads: number): Promise<number> {
  const port = ++lastPort;
  const server = weft(port, ['--threads', String(threads)], false);
  try {
    await server.ready('name0.weave.local');
    const terms = { port, questions: questions(rows[1], 'weave.local'), seconds };
    await warmUp(terms);
    return (await fullLoad(terms)).perSecond;
  } finally {
    await server.stop();
  }
}

function weft(port: number, more: readonly string[], pinned = true): Server {
  return new Server(
    [process.execPath, join(import.meta.dirname, 'dns-weft.ts'), '--port', String(port), ...more],
    port,
    { pinned },
  );
}

function questions(row: Row | undefined, domain: string): string {
  const { names = 1000, question = a } = row ?? {};
  return questionFile(
    work,
    'questions',
    Array.from({ length: names }, (_, index) => question(index, domain)),
  );
}

function shown(ms: number | undefined): string {
  return ms === undefined ? '   -' : ms.toFixed(2).padStart(4);
}
