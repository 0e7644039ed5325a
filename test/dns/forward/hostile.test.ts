import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { forwardDefaults } from '../../../src/config.ts';
import { createForwarder, type UpstreamForwarder } from '../../../src/dns/forward/forwarder.ts';
import { silentLog } from '../../../src/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { a, nameIn, queryFor, questionEnd, replyTo, soa, u16 } from './packets.ts';
import { until } from './until.ts';
import { type Asked, UpstreamTwin } from './upstream-twin.ts';

const questions = 300;
const atOnce = 30;
/** Names are asked for twice, in two spellings, so that memory and shared answers take part. */
const names = questions / 2;
/** Short, so that silence costs little. */
const times = { ...forwardDefaults.times, headStartMs: 10, resendMs: 30, attemptMs: 80, questionMs: 150 };

let forwarder: UpstreamForwarder | undefined;
let twins: UpstreamTwin[] = [];

afterEach(async () => {
  await forwarder?.stop();
  await Promise.all(twins.map((twin) => twin.stop()));
  twins = [];
});

it('gives a right answer or SERVFAIL to every question, whatever upstreams do, and has nothing open afterwards', async () => {
  const chance = new ManualClock({ seed: 20_260_101 });
  const misbehave = (asked: Asked) => pick(behaviours, chance)(asked);
  for (let count = 0; count < 3; count++) twins.push(await new UpstreamTwin(misbehave).start());
  const upstreams = twins.map(({ endpoint }) => endpoint);
  const options = { upstreams, perDomain: [], allowed: [], listen: [], loopToken: 'test-token' };
  const running = createForwarder({ ...options, ...forwardDefaults, times }, { clock: systemClock, log: silentLog });
  forwarder = running;
  await running.start();

  let right = 0;
  for (let first = 0; first < questions; first += atOnce) {
    const asked = Array.from({ length: atOnce }, (_, index) => ask(running, first + index));
    for (const { query, reply } of await Promise.all(asked)) if (isRight(Buffer.from(query), reply)) right++;
  }

  const { counts } = running.stats();
  expect(right).toBeGreaterThan(0);
  expect(counts.mismatched).toBeGreaterThan(0);
  expect(counts.malformed).toBeGreaterThan(0);
  await until(() => expect(running.stats()).toMatchObject({ inFlight: 0, waiting: 0 }));
  await running.stop();
  await Promise.all(twins.map((twin) => twin.stop()));
  twins = [];
  await until(() => expect(process.getActiveResourcesInfo().filter((name) => /UDP|TCP/.test(name))).toEqual([]));
});

async function ask(running: UpstreamForwarder, index: number) {
  const transport = index % 3 === 0 ? 'tcp' : 'udp';
  const name = index % 2 === 0 ? `n${index % names}.example` : `N${index % names}.EXAMPLE`;
  const query = queryFor(name, { id: index, ...(index % 5 === 0 ? { edns: 1232 } : {}) });
  const reply = await running.resolve(query, { address: `127.0.0.${1 + (index % 9)}`, port: 40_000, transport });
  return { query, reply: Buffer.from(reply ?? []) };
}

/** What an upstream may do with a question; the first two are right. */
const behaviours: readonly ((asked: Asked) => void)[] = [
  ({ query, reply }) => reply(right(query)),
  ({ query, reply }) => reply(replyTo(query, { rcode: 3, records: [soa(60, 60)] })),
  () => {},
  ({ query, reply }) => void setTimeout(() => reply(right(query)), 150),
  ({ query, reply }) => reply(wrong(query).with(0, (query[0] ?? 0) ^ 1)),
  ({ query, reply }) =>
    reply(replyTo(queryFor('other.example', { id: idOf(query) }), { records: [a('203.0.113.66')] })),
  ({ query, reply }) => [reply(wrong(query).with(1, (query[1] ?? 0) ^ 1)), reply(right(query))],
  ({ query, reply }) => reply(replyTo(query, { rcode: 2 })),
  ({ query, reply }) => reply(replyTo(query, { rcode: 5 })),
  ({ query, reply }) => reply(replyTo(query, { rcode: query[11] === 1 ? 1 : 4 })),
  ({ query, reply }) => reply(query[11] === 1 ? replyTo(query, { rcode: 1 }).with(5, 0).subarray(0, 12) : right(query)),
  ({ query, reply }) => [reply(right(query)), reply(wrong(query)), reply(wrong(query))],
  ({ query, reply }) => reply(otherCase(right(query))),
  ({ reply, transport }) => transport === 'tcp' && [reply(new Uint8Array()), reply(new Uint8Array(65_535))],
  ({ query, reply }) => reply(replyTo(query, { records: [{ ...a('203.0.113.66'), owner: [0xc0, 0x0e, 0xc0, 0x0c] }] })),
  ({ query, reply }) => reply(replyTo(query, { flags: 0x8380, records: [] })),
  ({ query, reply }) => reply(replyTo(query, { records: [{ ...a('203.0.113.66'), owner: [0xc0, 0xff] }] })),
  ({ query, reply }) => reply(Uint8Array.from([...wrong(query), 0xff])),
  ({ query, reply }) => reply(Uint8Array.from([...replyTo(query), ...new Uint8Array(60_000).fill(0xc0)])),
  ({ reply }) => reply(new Uint8Array(65_000).fill(0xc0)),
  ({ query, reply }) => reply(query.subarray(0, 7)),
  ({ query, reply }) => reply(query),
];

/** The question in other letters than it was asked in. */
function otherCase(reply: Uint8Array): Uint8Array {
  const end = questionEnd(reply) - 4;
  const isLetter = (octet: number) => (octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x7a;
  return reply.map((octet, at) => (at > 12 && at < end && isLetter(octet) ? octet ^ 0x20 : octet));
}

/** The one right address of a name. */
function addressOf(name: string): string {
  const number = Number(/\d+/.exec(name)?.[0] ?? 0);
  return `198.18.${number >> 8}.${number & 0xff}`;
}

function right(query: Uint8Array): Uint8Array {
  return replyTo(query, { records: [a(addressOf(nameIn(query)))] });
}

function wrong(query: Uint8Array): Uint8Array {
  return replyTo(query, { records: [a('203.0.113.66')] });
}

/** Whether it has the right address; never a wrong one, and never something else than was asked for. */
function isRight(query: Buffer, reply: Buffer): boolean {
  expect(reply.subarray(0, 2)).toEqual(query.subarray(0, 2));
  expect(nameIn(reply)).toBe(nameIn(query));
  expect(reply.includes(Buffer.from([203, 0, 113, 66]))).toBe(false);
  const rcode = (reply[3] ?? 0) & 0x0f;
  const octets = addressOf(nameIn(query)).split('.').map(Number);
  const cut = ((reply[2] ?? 0) & 0x02) !== 0;
  expect([0, 1, 2, 3, 4, 5]).toContain(rcode);
  expect(reply.includes(Buffer.from([...u16(4), ...octets]))).toBe(rcode === 0 && !cut);
  return rcode === 0 && !cut;
}

function idOf(query: Uint8Array): number {
  return ((query[0] ?? 0) << 8) | (query[1] ?? 0);
}

function pick<T>(list: readonly T[], chance: ManualClock): T {
  const picked = list[Math.floor(chance.random() * list.length)];
  if (picked === undefined) throw new Error('the list is empty');
  return picked;
}
