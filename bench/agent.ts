import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedEngine } from '../src/watch/embedded-engine.ts';
import { getFromSocket } from '../test/support/lab/socket-request.ts';
import { until } from '../test/support/lab/until.ts';
import { barChart } from './bar-chart.ts';
import { buildBundle } from './bundle.ts';
import { Server, usageOf } from './dns-load.ts';
import { peers } from './dns-peers.ts';
import { benchName } from './dns-zone.ts';
import { median } from './quantiles.ts';

// What an agent costs its host, bundled and started as in the image: memory without and with 10,000 records, of which
// each is a container on another host; from its start to its first answer; and its size on disk. Beside it, other name
// servers with as many names. `node bench/agent.ts [--image TAG]`, where TAG is an image that `docker build .` made.
//
// Memory is what is resident, as `ps` and `top` show it. About 60 MB of it are pages of Node's own file, which all Node
// processes of a host share; what the agent has for itself is said beside it.

const records = 10_000;
/** The garbage of the start is collected, and pages come back, within this. */
const settleMs = 10_000;
const patienceMs = 60_000;
const results = join(import.meta.dirname, 'results');
const work = mkdtempSync(join(tmpdir(), 'bench-agent-'));
const bundle = join(work, 'bundle');
const image = process.argv[2] === '--image' ? process.argv[3] : undefined;
const engine = new EmbeddedEngine({ listen: '127.0.0.1', subnet: '10.1.0.0/16' });
const env = { WEFT_SECRET: 'a secret for the benchmark of agents' };
const { launcher, nodeFlags } = buildBundle(bundle);
/** Node by itself, and Node with one thread that does nothing: what no agent can be below. */
const floors = {
  node: 'setInterval(() => {}, 1e6)',
  nodeWithThread: `new (require('node:worker_threads').Worker)('setInterval(() => {}, 1e6)', { eval: true })`,
};
let lastPort = 15_700;

/** An agent that is measured. */
interface Measured {
  readonly server: Server;
  readonly dnsPort: number;
  readonly meshPort: number;
  readonly socket: string;
  /** Milliseconds from the start of its process to its first answer with an address; to any answer, where it has no name. */
  readonly firstAnswerMs: number;
}

try {
  await engine.open();
  for (let index = 0; index < records; index++) engine.run({ name: benchName(index) });
  const [cpu] = cpus();
  const report = {
    measuredOn: { cpu: cpu?.model, cores: cpus().length, node: process.version, records },
    floor: { node: await floorOf(floors.node), nodeWithThread: await floorOf(floors.nodeWithThread) },
    agent: await measureAgents(),
    bundleKilobytes: bundleKilobytes(),
    imageAddsMegabytes: imageAddsMegabytes(),
    imageMegabytes: image && imageMegabytes(image),
    peers: await measurePeers(),
  };
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'agent.json'), `${JSON.stringify(report, null, 2)}\n`);
  const bars = [
    { label: 'Weft', value: report.agent.megabytes, ours: true },
    ...report.peers.map(({ server, megabytes }) => ({ label: server, value: megabytes, ours: false })),
  ];
  const title = `Megabytes of memory with ${records.toLocaleString('en')} names`;
  writeFileSync(join(results, 'agent.svg'), barChart([{ title, bars }]));
  console.log(JSON.stringify(report, null, 2));
} finally {
  await engine.close();
  rmSync(work, { recursive: true, force: true });
}

/** The medians of several, of which two seldom take the same to the megabyte. */
async function measureAgents() {
  const measured = [await measureAgent(1), await measureAgent(2), await measureAgent(3)];
  const middle = (of: (one: Awaited<ReturnType<typeof measureAgent>>) => number) => median(measured.map(of));
  return {
    idleMegabytes: middle(({ idleMegabytes }) => idleMegabytes),
    idleOwnMegabytes: middle(({ idleOwnMegabytes }) => idleOwnMegabytes),
    megabytes: middle(({ megabytes }) => megabytes),
    ownMegabytes: middle(({ ownMegabytes }) => ownMegabytes),
    restartedMegabytes: middle(({ restartedMegabytes }) => restartedMegabytes),
    firstAnswerMs: middle(({ firstAnswerMs }) => firstAnswerMs),
    firstAnswerWithRecordsMs: middle(({ firstAnswerWithRecordsMs }) => firstAnswerWithRecordsMs),
    runs: measured,
  };
}

/** An agent alone; then one of a mesh whose other host has all records; then the same again, alone with what it kept. */
async function measureAgent(run: number) {
  const alone = await startAgent(`alone${run}`, ['--no-docker']);
  const idleMegabytes = await settled(alone.server);
  const idleOwnMegabytes = alone.server.ownMegabytes();
  await alone.server.stop();
  const feeder = await startAgent(`feeder${run}`, ['--docker-host', engine.url]);
  await until('the feeder knows all', () => knowsAll(feeder), patienceMs);
  const member = await startAgent(`member${run}`, ['--no-docker', `127.0.0.1:${feeder.meshPort}`]);
  await until('the member knows all', () => knowsAll(member), patienceMs);
  await askForAll(member);
  const megabytes = await settled(member.server);
  const ownMegabytes = member.server.ownMegabytes();
  await feeder.server.stop();
  await member.server.stop();
  const again = await startAgent(`member${run}`, ['--no-docker'], benchName(records - 1));
  const restartedMegabytes = await settled(again.server);
  await again.server.stop();
  return {
    idleMegabytes,
    idleOwnMegabytes,
    megabytes,
    ownMegabytes,
    restartedMegabytes,
    firstAnswerMs: Math.round(alone.firstAnswerMs),
    firstAnswerWithRecordsMs: Math.round(again.firstAnswerMs),
  };
}

/** Megabytes of a process that does nothing, with the same settings. */
async function floorOf(program: string) {
  const child = spawn(process.execPath, [...nodeFlags, '--eval', program], { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, settleMs / 5));
  const { memoryMegabytes, ownMegabytes } = usageOf(() => [String(child.pid)]);
  const floor = { megabytes: memoryMegabytes(), ownMegabytes: ownMegabytes() };
  child.kill();
  return floor;
}

async function measurePeers() {
  const measured: { server: string; megabytes: number; firstAnswerMs: number }[] = [];
  for (const name of ['dnsmasq', 'unbound', 'aardvark-dns']) {
    const peer = peers.find((each) => each.name === name && each.isHere());
    if (peer === undefined) continue;
    const directory = mkdtempSync(join(work, 'peer-'));
    const port = ++lastPort;
    const startedAt = performance.now();
    const server = peer.start({ port, names: records, each: 1, directory, upstream: undefined });
    const firstAnswerMs = await firstAnswer(port, `${benchName(records - 1)}.${peer.domain}`, startedAt).catch(
      () => undefined,
    );
    if (firstAnswerMs === undefined) console.log(`${name} did not answer with ${records} names`);
    else measured.push({ server: name, megabytes: await settled(server), firstAnswerMs: Math.round(firstAnswerMs) });
    await server.stop();
  }
  return measured;
}

async function startAgent(name: string, more: readonly string[], asked = 'nobody'): Promise<Measured> {
  const [dnsPort, meshPort] = [++lastPort, ++lastPort];
  const socket = join(work, `${name}.sock`);
  const listen = ['--dns-listen', `127.0.0.1:${dnsPort}`, '--mesh-listen', `127.0.0.1:${meshPort}`];
  const own = ['--name', name, '--api', `unix:${socket}`, '--data-dir', join(work, name), '--log-level', 'error'];
  const startedAt = performance.now();
  Object.assign(process.env, env);
  // Of whoever measures, not of an agent: Node reads 150 certificates for it.
  delete process.env.NODE_EXTRA_CA_CERTS;
  const command = [launcher, 'up', ...listen, ...own, ...more];
  const server = new Server(command, dnsPort, { pinned: false });
  const firstAnswerMs = await firstAnswer(dnsPort, `${asked}.weave.local`, startedAt);
  return { server, dnsPort, meshPort, socket, firstAnswerMs };
}

async function knowsAll({ socket }: Measured): Promise<boolean> {
  const { body } = await getFromSocket(socket, '/v1/hosts');
  return new RegExp(`"records":${records}\\b`).test(body);
}

/** So that every answer is compiled, as on a host where all names are in use. */
async function askForAll({ dnsPort }: Measured): Promise<void> {
  const file = join(work, 'questions');
  writeFileSync(file, Array.from({ length: records }, (_, index) => `${benchName(index)}.weave.local A\n`).join(''));
  execFileSync('dnsperf', ['-s', '127.0.0.1', '-p', `${dnsPort}`, '-d', file, '-n', '1'], { stdio: 'ignore' });
}

async function settled(server: Server): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  return server.memoryMegabytes();
}

/** Milliseconds since `startedAt` when a name got its first answer with an address; any answer, for `nobody`. */
async function firstAnswer(port: number, name: string, startedAt: number): Promise<number> {
  const socket = createSocket('udp4').on('error', () => {});
  const question = Buffer.concat([
    Buffer.from('000101000001000000000000', 'hex'),
    ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.from('0000010001', 'hex'),
  ]);
  const asking = setInterval(() => socket.send(question, port, '127.0.0.1'), 2);
  try {
    for (;;) {
      const [reply] = await once(socket, 'message', { signal: AbortSignal.timeout(patienceMs) });
      if (name.startsWith('nobody.') || reply.readUInt16BE(6) > 0) return performance.now() - startedAt;
    }
  } finally {
    clearInterval(asking);
    socket.close();
  }
}

/** What `weft up` loads of the bundle, uncompressed: all but the maps. */
function bundleKilobytes(): number {
  const files = readdirSync(bundle).filter((name) => name.endsWith('.js'));
  return Math.round(files.reduce((sum, name) => sum + statSync(join(bundle, name)).size, 0) / 1000);
}

/** What the image adds to its base, with what was compiled and the page: all but the maps. */
function imageAddsMegabytes(): number {
  const files = readdirSync(bundle, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const kept = files.filter(({ name }) => !name.endsWith('.map'));
  const octets = kept.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  return Math.round(octets / 100_000) / 10;
}

function imageMegabytes(tag: string): number {
  const size = execFileSync('docker', ['image', 'inspect', '--format', '{{.Size}}', tag], { encoding: 'utf8' });
  return Math.round(Number(size) / 1_000_000);
}
