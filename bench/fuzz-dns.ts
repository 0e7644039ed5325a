import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/clock.ts';
import { check, Query } from '../src/dns/query.ts';
import { Responder } from '../src/dns/responder.ts';
import type { StaticData } from '../src/record.ts';
import { type QuestionTerms, question, read } from '../test/dns/message.ts';
import { dnsOptions, fixed } from '../test/dns/zone-words.ts';
import { Dice } from '../test/support/dice.ts';
import { Server } from './dns-load.ts';

// Mutated questions over UDP and TCP against the running server:
//   node bench/fuzz-dns.ts --packets 1000000 --seed 1 [--seconds 60]
// As many packets as said, or as fit into the time.
// Fails when the server dies, a packet that deserves an answer gets none, a reply breaks the format, a packet costs
// twenty times the median, or memory grows.

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: 'Infinity' },
  },
});
const packets = Number(values.packets);
const seed = Number(values.seed);

/** Packets that wait for their reply at once: few enough for any socket buffer, so that none is lost on the way. */
const window = 32;
/** One packet in so many goes by TCP, where a connection is made for a handful of them. */
const tcpEvery = 10;
const tcpBurst = 16;
/** A reply on the loopback that takes longer than this is not coming. */
const patienceMs = 2000;
const maxCostRatio = 20;
/** What the server may grow by after the first packets, in megabytes: tables that fill to their bounds, and no more. */
const maxGrowthMegabytes = 32;
/** A packet that looked dear is measured so often again: only what stays dear is. */
const secondLooks = 100;

const askedNames = [
  'db.weave.local',
  'nodebb.weave.local',
  'x.apps.weave.local',
  'nobody.weave.local',
  'weave.local',
  'db',
];
const entries = [
  fixed('db', '192.0.2.7', '2001:db8::7'),
  fixed('nodebb', '192.0.2.1', '192.0.2.2', '192.0.2.3'),
  fixed('many', ...Array.from({ length: 100 }, (_, index) => `10.9.0.${index + 1}`)),
  fixed('*.apps', '192.0.2.8'),
];
const options = dnsOptions();
const dice = new Dice(seed);
const random = (bound: number) => dice.below(bound);
const reader = new Query();

process.on('unhandledRejection', (error) => fail(`an unhandled rejection: ${error}`));

const port = await freePort();
const program = fileURLToPath(import.meta.resolve('../test/dns/serve.ts'));
const names = entries.map(({ name, statics }) => `${name}=${statics.map(({ data }) => addressOf(data)).join()}`);
// The collector's room for young objects grows by itself under load; held small, it does not hide a leak.
const command = [process.execPath, '--max-semi-space-size=4', program, String(port), ...names];
const server = new Server(command, port, { pinned: false });
await server.ready('db.weave.local');
const started = performance.now();
const endAt = started + Number(values.seconds) * 1000;
const first = await exchange(Math.min(packets, 20_000));
const memoryBefore = server.memoryMegabytes();
const rest = await exchange(packets - first.sent);
const [sent, answered] = [first.sent + rest.sent, first.replies + rest.replies];
const growth = server.memoryMegabytes() - memoryBefore;
const seconds = (performance.now() - started) / 1000;
const costs = await measureCosts(Math.min(packets, 200_000));
const said = server.said();
await server.stop();

console.log(
  `${sent} packets with seed ${seed}: ${answered} answered, ${Math.round(sent / seconds)} a second, memory ${growth} MB more`,
);
console.log(
  `cost of a packet: median ${costs.medianUs.toFixed(2)} µs, dearest ${costs.dearestUs.toFixed(2)} µs (${(costs.dearestUs / costs.medianUs).toFixed(1)} times)`,
);
if (said !== 'ready\n') fail(`the server survived, or not, what it says here: ${said}`);
if (growth > maxGrowthMegabytes) fail('memory grew');
if (costs.dearestUs > maxCostRatio * costs.medianUs) fail(`too dear a packet: ${costs.dearest.toString('hex')}`);

/** Sends so many packets, or as many as there is time for, and waits for every reply that is deserved. */
async function exchange(count: number): Promise<{ sent: number; replies: number }> {
  let replies = 0;
  let sent = 0;
  while (sent < count && performance.now() < endAt) {
    const burst = Math.min(count - sent, window * tcpEvery - window);
    replies += await byUdp(Array.from({ length: burst }, mutated));
    sent += burst;
    const stream = Array.from({ length: Math.min(tcpBurst, count - sent) }, mutated);
    if (stream.length > 0) replies += await byTcp(stream);
    sent += stream.length;
  }
  return { sent, replies };
}

async function byUdp(all: readonly Buffer[]): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const waiting = new Map<number, Buffer>();
  let replies = 0;
  let wake = () => {};
  socket.on('message', (reply) => {
    examine(reply, waiting);
    replies++;
    wake();
  });
  for (const [index, packet] of all.entries()) {
    if (packet.length >= 2) packet.writeUInt16BE(index, 0);
    if (deservesAnswer(packet)) waiting.set(index, packet);
    socket.send(packet, port, '127.0.0.1');
    while (waiting.size >= window) await woken();
  }
  while (waiting.size > 0) await woken();
  socket.close();
  return replies;

  function woken(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => fail(`no answer to ${[...waiting.values()][0]?.toString('hex')}`), patienceMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** One connection for a few packets; the server closes it at the first that deserves no answer. */
async function byTcp(all: readonly Buffer[]): Promise<number> {
  const waiting = new Map<number, Buffer>();
  for (const [index, packet] of all.entries()) {
    if (packet.length >= 2) packet.writeUInt16BE(index, 0);
    if (!deservesAnswer(packet)) break;
    waiting.set(index, packet);
  }
  const expected = waiting.size;
  const socket = connect({ host: '127.0.0.1', port: port });
  socket.on('error', () => {});
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      examine(pending.subarray(2, end), waiting);
      pending = pending.subarray(end);
    }
    if (waiting.size === 0) socket.destroy();
  });
  const timer = setTimeout(() => fail(`no answer by TCP to ${[...waiting.values()][0]?.toString('hex')}`), patienceMs);
  const closed = once(socket, 'close');
  for (const packet of all.slice(0, expected))
    socket.write(Buffer.concat([Buffer.of(packet.length >> 8, packet.length & 0xff), packet]));
  if (expected === 0) socket.end(Buffer.concat([Buffer.of(0, all[0]?.length ?? 0), all[0] ?? Buffer.alloc(0)]));
  await closed;
  clearTimeout(timer);
  if (waiting.size > 0) fail(`the server closed before it answered ${[...waiting.values()][0]?.toString('hex')}`);
  return expected;
}

/** A reply must belong to a packet that waits, be well-formed, and repeat its question. */
function examine(reply: Buffer, waiting: Map<number, Buffer>): void {
  const id = reply.readUInt16BE(0);
  const packet = waiting.get(id);
  waiting.delete(id);
  if (packet === undefined) fail(`a reply to nothing: ${reply.toString('hex')}`);
  try {
    const { rcode } = read(reply);
    if (reader.read(packet) !== check.fine || rcode === 'FORMERR') return;
    const asked = packet.subarray(12, reader.questionEnd);
    if (!reply.subarray(12, reader.questionEnd).equals(asked))
      fail(`another question came back: ${reply.toString('hex')}`);
  } catch (error) {
    fail(`a malformed reply ${reply.toString('hex')} to ${packet.toString('hex')}: ${error}`);
  }
}

function deservesAnswer(packet: Buffer): boolean {
  return packet.length >= 12 && (packet[2] ?? 0) < 0x80;
}

/** What each packet costs the server itself, without sockets; names that are not ours cost what handing them on does. */
async function measureCosts(count: number): Promise<{ medianUs: number; dearestUs: number; dearest: Buffer }> {
  const refused = Promise.resolve(undefined);
  const forwarder = { start: async () => {}, stop: async () => {}, resolve: () => refused, recall: () => undefined };
  const responder = new Responder({ options, forwarder, clock: systemClock });
  responder.update(entries);
  const asker = { address: '127.0.0.1', port: 5353, transport: 'udp' } as const;
  const costUs = (packet: Buffer): number => {
    const before = process.hrtime.bigint();
    responder.respond(packet, asker);
    return Number(process.hrtime.bigint() - before) / 1000;
  };
  const sample = Array.from({ length: count }, mutated);
  for (const packet of sample) responder.respond(packet, asker);
  const costs = sample.map(costUs);
  const medianUs = costs.toSorted((one, other) => one - other)[Math.floor(count / 2)] ?? 0;
  let dearest: { costUs: number; packet: Buffer } = { costUs: 0, packet: Buffer.alloc(0) };
  for (const [index, packet] of sample.entries()) {
    if ((costs[index] ?? 0) <= dearest.costUs) continue;
    const again = Math.min(...Array.from({ length: secondLooks }, () => costUs(packet)));
    if (again > dearest.costUs) dearest = { costUs: again, packet };
  }
  return { medianUs, dearestUs: dearest.costUs, dearest: dearest.packet };
}

/** A real question, and then what a broken or evil sender makes of it. */
function mutated(): Buffer {
  const packet = original();
  switch (random(8)) {
    case 0:
      return packet;
    case 1:
      return packet.subarray(0, random(packet.length + 1));
    case 2:
      return Buffer.concat([packet, octets(random(40))]);
    case 3: {
      const at = random(packet.length);
      return Buffer.concat([packet.subarray(0, at), octets(random(8)), packet.subarray(at)]);
    }
    case 4:
      return Buffer.concat([packet.subarray(0, 12), octets(random(500))]);
    case 5:
      for (let at = 2; at < 12; at++) if (random(3) === 0) packet[at] = random(256);
      return packet;
    default:
      for (let changes = 1 + random(6); changes > 0; changes--) packet[random(packet.length)] = random(256);
      return packet;
  }
}

function original(): Buffer {
  const name = askedNames[random(askedNames.length + 1)] ?? 'many.weave.local';
  const terms: QuestionTerms = {
    type: [1, 28, 33, 16, 12, 6, 255, 65, random(65_536)][random(9)] ?? 1,
    flags: random(4) === 0 ? 0 : 0x0100,
  };
  if (random(2) === 0) return question(name, terms);
  const choices = [
    [10, octets(8)],
    [10, octets(24)],
    [8, octets(7)],
    [random(65_536), octets(random(30))],
  ] as const;
  const some = Array.from({ length: random(4) }, () => choices[random(choices.length)] ?? choices[0]);
  return question(name, {
    ...terms,
    payload: random(65_536),
    options: some,
    ednsFlags: random(65_536),
    version: random(6) === 0 ? 1 : 0,
  });
}

function addressOf(data: StaticData): string {
  return data.type === 'address' ? data.address : '';
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port: free } = socket.address();
  socket.close();
  return free;
}

function octets(count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random(256)));
}

function fail(reason: string): never {
  console.error(`fuzzing with --seed ${seed} failed: ${reason}`);
  process.exit(1);
}
