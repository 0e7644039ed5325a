import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forwardDefaults } from '../../../src/config.ts';
import { createForwarder, type UpstreamForwarder } from '../../../src/dns/forward/forwarder.ts';
import type { ForwardOptions } from '../../../src/dns/forward/options.ts';
import type { Asker } from '../../../src/dns/forwarder.ts';
import { silentLog } from '../../../src/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { a, queryFor, replyTo, soa, types, u16 } from './packets.ts';
import { until } from './until.ts';
import { type Asked, type Script, UpstreamTwin } from './upstream-twin.ts';

const udp: Asker = { address: '127.0.0.1', port: 40_000, transport: 'udp' };
const tcp: Asker = { ...udp, transport: 'tcp' };
const { times, cache } = forwardDefaults;

let clock: ManualClock;
let twins: UpstreamTwin[];
let forwarders: UpstreamForwarder[];

beforeEach(() => {
  clock = new ManualClock();
  twins = [];
  forwarders = [];
});

afterEach(async () => {
  for (const forwarder of forwarders) await forwarder.stop();
  for (const twin of twins) await twin.stop();
  await until(() => expect(openSockets()).toBe(0));
});

describe('forwarding', () => {
  it('passes an answer on as it came, with the asker’s id', async () => {
    const extended = [...u16(15), ...u16(4), ...u16(0), 0x68, 0x69];
    const answer = (query: Uint8Array) =>
      replyTo(query, { flags: 0x87a0, records: [a('192.0.2.1'), a('192.0.2.2')], opt: extended });
    const { forwarder } = await start([({ query, reply }) => reply(answer(query))]);
    const query = queryFor('www.example.com', { id: 0xbeef, edns: 1232 });
    expect(await forwarder.resolve(query, udp)).toEqual(answer(query));
  });

  it.each([
    ['NXDOMAIN', 3, [soa(300, 60)]],
    ['NODATA', 0, [soa(300, 60)]],
  ])('trap 23: %s is an answer, asked of one upstream only', async (_, rcode, records) => {
    const { forwarder, twins } = await start([answering({ rcode, records }), answering({ records: [a('192.0.2.9')] })]);
    const query = queryFor('nobody.example.com');
    expect(await forwarder.resolve(query, udp)).toEqual(replyTo(query, { rcode, records }));
    expect(twins[1]?.questions).toEqual([]);
  });

  it.each([
    ['SERVFAIL', 2],
    ['REFUSED', 5],
  ])('trap 23: %s moves on to the next upstream at once', async (_, rcode) => {
    const { forwarder } = await start([answering({ rcode }), answering({ records: [a('192.0.2.9')] })]);
    const query = queryFor('www.example.com');
    expect(await forwarder.resolve(query, udp)).toEqual(replyTo(query, { records: [a('192.0.2.9')] }));
  });

  it('passes on what the upstreams said in declining when all declined, SERVFAIL before REFUSED', async () => {
    const { forwarder } = await start([answering({ rcode: 5 }), answering({ rcode: 2 }), answering({ rcode: 5 })]);
    const query = queryFor('bogus.example.com');
    expect(await forwarder.resolve(query, udp)).toEqual(replyTo(query, { rcode: 2 }));
  });

  it('moves on at once when nobody listens at an upstream', async () => {
    const gone = await twin(() => {});
    await gone.stop();
    twins = [];
    const alive = await twin(answering({ records: [a('192.0.2.9')] }));
    const forwarder = await running({ upstreams: [gone.endpoint, alive.endpoint] });
    expect(rcodeOf(await forwarder.resolve(queryFor('www.example.com'), udp))).toBe(0);
  });

  it('asks the second upstream after a head start and takes the first answer', async () => {
    const { forwarder, twins } = await start([() => {}, answering({ records: [a('192.0.2.9')] })]);
    const reply = forwarder.resolve(queryFor('www.example.com'), udp);
    await until(() => expect(twins[0]?.questions).toHaveLength(1));
    clock.advance(times.headStartMs - 1);
    expect(twins[1]?.questions).toEqual([]);
    clock.advance(1);
    expect(rcodeOf(await reply)).toBe(0);
    await forwarder.resolve(queryFor('other.example.com'), udp);
    expect(twins[0]?.questions).toHaveLength(1);
  });

  it('sends a question again, from another port and with another id, when it is not answered', async () => {
    const { forwarder, twins } = await start([() => {}]);
    const reply = forwarder.resolve(queryFor('www.example.com'), udp);
    await until(() => expect(twins[0]?.questions).toHaveLength(1));
    clock.advance(times.resendMs);
    await until(() => expect(twins[0]?.questions).toHaveLength(2));
    const [first, second] = twins[0]?.questions ?? [];
    expect(second?.from.port).not.toBe(first?.from.port);
    first?.reply(replyTo(first.query, { records: [a('192.0.2.1')] }));
    expect(rcodeOf(await reply)).toBe(0);
  });

  it('answers SERVFAIL with an extended error before the asker gives up when no upstream answers', async () => {
    const { forwarder, twins } = await start([() => {}, () => {}]);
    const query = queryFor('www.example.com', { edns: 1232, dnssecOk: true });
    const reply = forwarder.resolve(query, udp);
    await until(() => expect(twins[0]?.questions).toHaveLength(1));
    clock.advance(4_500);
    const answer = Buffer.from((await reply) ?? []);
    expect(rcodeOf(answer)).toBe(2);
    expect(extendedErrors(answer)).toEqual([22]);
    expect(forwarder.stats()).toMatchObject({ inFlight: 0, waiting: 0, counts: { failed: 1 } });
  });

  it('answers SERVFAIL at once when there is no upstream', async () => {
    const forwarder = await running({ upstreams: [] });
    const answer = await forwarder.resolve(queryFor('www.example.com'), udp);
    expect(Buffer.from(answer ?? [])).toEqual(Buffer.from(replyTo(queryFor('www.example.com'), { rcode: 2 })));
  });

  it('trap 17: offers recursion whatever the upstream says', async () => {
    const { forwarder } = await start([answering({ flags: 0x8500, records: [a('192.0.2.1')] })]);
    const answer = await forwarder.resolve(queryFor('www.example.com'), udp);
    expect(answer?.[2]).toBe(0x85);
    expect(answer?.[3]).toBe(0x80);
  });

  it('sends each question to the upstreams of its longest domain', async () => {
    const [corp, deep, rest] = [await twin(() => {}), await twin(() => {}), await twin(() => {})];
    const forwarder = await running({
      upstreams: [rest.endpoint],
      perDomain: [
        { domain: 'Corp.example', upstreams: [corp.endpoint] },
        { domain: 'deep.corp.example', upstreams: [deep.endpoint] },
      ],
    });
    const names = ['corp.example', 'A.CORP.example', 'x.deep.corp.example', 'notcorp.example'];
    for (const name of names) void forwarder.resolve(queryFor(name), udp);
    await until(() =>
      expect([corp, deep, rest].map(namesAsked)).toEqual([
        ['corp.example', 'A.CORP.example'],
        ['x.deep.corp.example'],
        ['notcorp.example'],
      ]),
    );
  });

  it('has the upstreams of a domain when those of the host cannot be read', async () => {
    const corp = await twin(answering({ records: [a('192.0.2.1')] }));
    const forwarder = await running({
      upstreams: { resolvConf: '/nonexistent/resolv.conf' },
      perDomain: [{ domain: 'corp.example', upstreams: [corp.endpoint] }],
    });
    expect(rcodeOf(await forwarder.resolve(queryFor('www.corp.example'), udp))).toBe(0);
    expect(rcodeOf(await forwarder.resolve(queryFor('www.example'), udp))).toBe(2);
    expect(forwarder.stats().upstreams).toMatchObject([{ domains: ['corp.example'], state: 'up' }]);
  });

  it.each([249, 250, 251, 252, 41])('forwards no question of type %i, which is between neighbours', async (type) => {
    const { forwarder, twins } = await start([() => {}]);
    expect(rcodeOf(await forwarder.resolve(queryFor('example.com', { type }), tcp))).toBe(5);
    expect(twins[0]?.questions).toEqual([]);
  });

  it('asks upstreams by IPv6', async () => {
    const six = new UpstreamTwin(answering({ records: [a('192.0.2.6')] }), '::1');
    twins.push(await six.start());
    const forwarder = await running({ upstreams: [six.endpoint] });
    expect(rcodeOf(await forwarder.resolve(queryFor('www.example.com'), udp))).toBe(0);
    expect(rcodeOf(await forwarder.resolve(queryFor('big.example.com'), tcp))).toBe(0);
  });

  it('asks equal questions of several askers once, and gives each its own id and spelling', async () => {
    const { forwarder, twins } = await start([() => {}]);
    const queries = [queryFor('www.example.com', { id: 1 }), queryFor('wWw.eXample.COM', { id: 2 })];
    const replies = queries.map((query) => forwarder.resolve(query, udp));
    await until(() => expect(twins[0]?.questions).toHaveLength(1));
    const [only] = twins[0]?.questions ?? [];
    only?.reply(replyTo(only.query, { records: [a('192.0.2.1')] }));
    for (const [index, query] of queries.entries())
      expect(await replies[index]).toEqual(replyTo(query, { records: [a('192.0.2.1')] }));
    expect(forwarder.stats().counts).toMatchObject({ questions: 2, joined: 1, answered: 2 });
  });
});

describe('sizes and transports', () => {
  const many = Array.from({ length: 100 }, (_, index) => a(`192.0.2.${index}`));

  it('gives an OPT record only to those who sent one', async () => {
    const { forwarder } = await start([answering({ records: [a('192.0.2.1')], opt: [] })]);
    const query = queryFor('www.example.com');
    expect(await forwarder.resolve(query, udp)).toEqual(replyTo(query, { records: [a('192.0.2.1')] }));
  });

  it('sends upstream an OPT record of its own, without the options of the asker', async () => {
    const { forwarder, twins } = await start([answering({ records: [a('192.0.2.1')], opt: [] })]);
    const plain = queryFor('www.example.com', { edns: 4096, dnssecOk: true });
    const cookie = [...u16(10), ...u16(8), 1, 2, 3, 4, 5, 6, 7, 8];
    await forwarder.resolve(Uint8Array.from([...plain.subarray(0, -2), ...u16(cookie.length), ...cookie]), udp);
    const sent = twins[0]?.questions[0]?.query ?? new Uint8Array();
    expect(Uint8Array.from(sent.subarray(2))).toEqual(
      queryFor('www.example.com', { edns: 1232, dnssecOk: true }).slice(2),
    );
  });

  it.each([
    ['512 octets without EDNS', undefined, 29],
    ['what the asker offers', 700, 41],
    ['1,232 octets at most', 4096, 74],
  ])('trap 13: fills a reply by UDP up to %s and sets TC', async (_, edns, count) => {
    const { forwarder } = await start([answering({ records: many, ...(edns ? { opt: [] } : {}) })]);
    const query = queryFor('big.example.com', edns ? { edns } : {});
    const expected = replyTo(query, { flags: 0x8380, records: many.slice(0, count), ...(edns ? { opt: [] } : {}) });
    const answer = (await forwarder.resolve(query, udp)) ?? new Uint8Array();
    expect(answer).toEqual(expected);
    expect(answer.length + 16).toBeGreaterThan(Math.min(edns ?? 512, 1232));
  });

  it('passes on TC as it came to those who ask by UDP, and remembers nothing of it', async () => {
    const { forwarder, twins } = await start([answering({ flags: 0x8380, records: [a('192.0.2.1')] })]);
    for (let turn = 0; turn < 2; turn++) {
      const query = queryFor('big.example.com');
      expect(await forwarder.resolve(query, udp)).toEqual(replyTo(query, { flags: 0x8380, records: [a('192.0.2.1')] }));
    }
    expect(twins[0]?.questions).toHaveLength(2);
  });

  it('asks by TCP for those who came by TCP, and gives all', async () => {
    const { forwarder, twins } = await start([
      ({ query, transport, reply }) =>
        reply(replyTo(query, transport === 'tcp' ? { records: many } : { flags: 0x8380 })),
    ]);
    const query = queryFor('big.example.com');
    expect(await forwarder.resolve(query, udp)).toEqual(replyTo(query, { flags: 0x8380 }));
    expect(await forwarder.resolve(query, tcp)).toEqual(replyTo(query, { records: many }));
    expect(twins[0]?.questions.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
  });

  it('takes no cut answer that came by TCP', async () => {
    const { forwarder } = await start([answering({ flags: 0x8380 }), answering({ records: many })]);
    const query = queryFor('big.example.com');
    expect(await forwarder.resolve(query, tcp)).toEqual(replyTo(query, { records: many }));
  });

  it('uses a TCP connection again, and closes it when it was idle for long', async () => {
    const { forwarder, twins } = await start([answering({ records: [a('192.0.2.1')] })]);
    const [only] = twins;
    for (const name of ['a.example.com', 'b.example.com', 'c.example.com'])
      expect(rcodeOf(await forwarder.resolve(queryFor(name), tcp))).toBe(0);
    expect(only?.accepted).toBe(1);
    expect(forwarder.stats().idleConnections).toBe(1);
    clock.advance(times.idleMs);
    await until(() => expect(only?.openConnections).toBe(0));
    expect(forwarder.stats().idleConnections).toBe(0);
  });

  it('asks again on a fresh connection when the kept one was closed meanwhile', async () => {
    const { forwarder, twins } = await start([answering({ records: [a('192.0.2.1')] })]);
    await forwarder.resolve(queryFor('a.example.com'), tcp);
    twins[0]?.closeConnections();
    expect(rcodeOf(await forwarder.resolve(queryFor('b.example.com'), tcp))).toBe(0);
    expect(twins[0]?.accepted).toBe(2);
  });
});

describe('memory', () => {
  it('answers again from memory with aged times to live, in the asker’s spelling', async () => {
    const { forwarder, twins } = await start([answering({ flags: 0x8580, records: [a('192.0.2.1', 60)] })]);
    await forwarder.resolve(queryFor('www.example.com'), udp);
    clock.advance(41_500);
    const query = queryFor('WWW.example.com', { id: 7 });
    expect(await forwarder.resolve(query, udp)).toEqual(replyTo(query, { records: [a('192.0.2.1', 19)] }));
    expect(twins[0]?.questions).toHaveLength(1);
    clock.advance(18_500);
    await forwarder.resolve(queryFor('www.example.com'), udp);
    expect(twins[0]?.questions).toHaveLength(2);
  });

  it('remembers NXDOMAIN as long as the SOA says (RFC 2308)', async () => {
    const { forwarder, twins } = await start([answering({ rcode: 3, records: [soa(300, 20)] })]);
    for (const [elapsedMs, asked] of [
      [0, 1],
      [19_999, 1],
      [1, 2],
    ] as const) {
      clock.advance(elapsedMs);
      expect(rcodeOf(await forwarder.resolve(queryFor('nobody.example.com'), udp))).toBe(3);
      expect(twins[0]?.questions).toHaveLength(asked);
    }
  });

  it('tells questions apart by type, and by what they ask of DNSSEC', async () => {
    const { forwarder, twins } = await start([answering({ records: [a('192.0.2.1')] })]);
    const questions = [
      {},
      { type: types.AAAA },
      { type: types.HTTPS },
      { type: 97 },
      { edns: 1232, dnssecOk: true },
      { flags: 0x0110 },
    ];
    for (const wishes of questions) await forwarder.resolve(queryFor('www.example.com', wishes), udp);
    expect(twins[0]?.questions).toHaveLength(questions.length);
    await forwarder.resolve(queryFor('www.example.com', { edns: 1232 }), udp);
    expect(twins[0]?.questions).toHaveLength(questions.length);
  });

  it('answers stale with an extended error when upstreams fail, and fresh again when they are back (RFC 8767)', async () => {
    const { forwarder, twins } = await start([answering({ records: [a('192.0.2.1', 60)] })]);
    const [only] = twins;
    const query = queryFor('www.example.com', { edns: 1232 });
    await forwarder.resolve(query, udp);
    clock.advance(3_600_000);
    if (only) only.script = answering({ rcode: 2 });
    const stale = Buffer.from((await forwarder.resolve(query, udp)) ?? []);
    expect(rcodeOf(stale)).toBe(0);
    expect(extendedErrors(stale)).toEqual([3]);
    expect(stale.readUInt32BE(12 + 21 + 6)).toBe(cache.staleTtlSeconds);
    await forwarder.resolve(query, udp);
    expect(only?.questions).toHaveLength(2);
    if (only) only.script = answering({ records: [a('192.0.2.2', 60)] });
    clock.advance(cache.staleRetrySeconds * 1000);
    expect(await forwarder.resolve(queryFor('www.example.com'), udp)).toEqual(
      replyTo(queryFor('www.example.com'), { records: [a('192.0.2.2', 60)] }),
    );
  });

  it('answers stale when a fresh answer is late, and takes the late one in', async () => {
    const { forwarder, twins } = await start([answering({ records: [a('192.0.2.1', 60)] })]);
    const [only] = twins;
    await forwarder.resolve(queryFor('www.example.com'), udp);
    clock.advance(61_000);
    if (only) only.script = () => {};
    const reply = forwarder.resolve(queryFor('www.example.com'), udp);
    await until(() => expect(only?.questions).toHaveLength(2));
    clock.advance(times.staleAfterMs);
    expect(rcodeOf(await reply)).toBe(0);
    const late = only?.questions.at(-1);
    late?.reply(replyTo(late.query, { records: [a('192.0.2.2', 60)] }));
    await until(() => expect(forwarder.stats().inFlight).toBe(0));
    expect(await forwarder.resolve(queryFor('www.example.com'), udp)).toEqual(
      replyTo(queryFor('www.example.com'), { records: [a('192.0.2.2', 60)] }),
    );
  });

  it('forgets what former upstreams said when it is given others', async () => {
    const { forwarder } = await start([answering({ records: [a('192.0.2.1')] })]);
    await forwarder.resolve(queryFor('www.example.com'), udp);
    const other = await twin(answering({ records: [a('198.51.100.1')] }));
    forwarder.setUpstreams([other.endpoint]);
    const query = queryFor('www.example.com');
    expect(await forwarder.resolve(query, udp)).toEqual(replyTo(query, { records: [a('198.51.100.1')] }));
  });
});

describe('upstreams that are replaced', () => {
  it('are waited for by those who asked before, and by nobody else', async () => {
    const { forwarder, twins } = await start([() => {}]);
    const query = queryFor('www.example.com');
    const before = forwarder.resolve(query, udp);
    await until(() => expect(twins[0]?.questions).toHaveLength(1));
    const other = await twin(answering({ records: [a('198.51.100.1')] }));
    forwarder.setUpstreams([other.endpoint]);
    const expected = replyTo(query, { records: [a('198.51.100.1')] });
    expect(await forwarder.resolve(query, udp)).toEqual(expected);
    answerAll(twins[0]?.questions ?? []);
    expect(await before).toEqual(replyTo(query, { records: [a('192.0.2.1')] }));
    expect(await forwarder.resolve(query, udp)).toEqual(expected);
  });
});

describe('hostile upstreams', () => {
  const right = (query: Uint8Array) => replyTo(query, { records: [a('192.0.2.1')] });
  const wrongId = (query: Uint8Array) => right(Uint8Array.from([(query[0] ?? 0) ^ 0xff, ...query.subarray(1)]));
  const wrongName = () => right(queryFor('evil.example.com'));
  const wrongType = (query: Uint8Array) => Uint8Array.from(right(query).with(12 + 18, 28));

  it.each<[string, (query: Uint8Array) => Uint8Array]>([
    ['a wrong id', wrongId],
    ['a wrong name', (query) => Uint8Array.from([...query.subarray(0, 2), ...wrongName().subarray(2)])],
    ['a wrong type', wrongType],
    ['the question itself', (query) => query],
    ['nothing but a header', (query) => query.subarray(0, 12)],
    ['an empty datagram', () => new Uint8Array()],
  ])('ignores %s and waits for the true answer', async (_, lie) => {
    const { forwarder } = await start([
      ({ query, reply }) => {
        reply(lie(query));
        reply(right(query));
      },
    ]);
    const query = queryFor('www.example.com');
    expect(await forwarder.resolve(query, udp)).toEqual(right(query));
    expect(forwarder.stats().counts.mismatched).toBe(1);
  });

  it('hears nobody but the one it asked', async () => {
    const stranger = createSocket('udp4');
    await new Promise<void>((resolve) => void stranger.bind(0, '127.0.0.1', resolve));
    const { forwarder, twins } = await start([() => {}]);
    const query = queryFor('www.example.com');
    const reply = forwarder.resolve(query, udp);
    await until(() => expect(twins[0]?.questions).toHaveLength(1));
    const [asked] = twins[0]?.questions ?? [];
    if (!asked) throw new Error('it was not asked');
    const forged = replyTo(asked.query, { records: [a('203.0.113.66')] });
    await new Promise<void>((resolve) => void stranger.send(forged, asked.from.port, '127.0.0.1', () => resolve()));
    stranger.close();
    asked.reply(right(asked.query));
    expect(await reply).toEqual(right(query));
  });

  it('gives an upstream up whose answers keep not fitting: somebody is guessing', async () => {
    const { forwarder } = await start([
      ({ query, reply }) => {
        for (let guess = 0; guess < 20; guess++) reply(wrongId(query));
      },
    ]);
    expect(rcodeOf(await forwarder.resolve(queryFor('www.example.com'), udp))).toBe(2);
    expect(forwarder.stats().counts.mismatched).toBe(forwardDefaults.limits.mismatches);
  });

  const endless = (query: Uint8Array) => replyTo(query, { records: [{ ...a('192.0.2.1'), owner: [0xc0, 33] }] });
  it.each<[string, (query: Uint8Array) => Uint8Array]>([
    ['endless compression', endless],
    ['octets behind the last record', (query) => Uint8Array.from([...right(query), 0])],
    ['a record that ends too soon', (query) => right(query).slice(0, -1)],
    ['more records announced than there are', (query) => Uint8Array.from(right(query).with(7, 200))],
    ['an address of three octets', (query) => replyTo(query, { records: [{ ...a('192.0.2.1'), data: [192, 0, 2] }] })],
    [
      'two OPT records',
      (query) =>
        replyTo(query, { records: [{ ...a(''), owner: [0], section: 'additional', type: 41, data: [] }], opt: [] }),
    ],
    [
      '60 KiB of garbage behind the question',
      (query) => Uint8Array.from([...replyTo(query), ...new Uint8Array(60_000).fill(0xc0)]),
    ],
  ])('takes no answer with %s, and asks the next upstream', async (_, broken) => {
    const { forwarder } = await start([
      ({ query, reply }) => reply(broken(query)),
      answering({ records: [a('192.0.2.9')] }),
    ]);
    for (const asker of [udp, tcp]) {
      const query = queryFor(`${asker.transport}.example.com`);
      expect(await forwarder.resolve(query, asker)).toEqual(replyTo(query, { records: [a('192.0.2.9')] }));
    }
    expect(forwarder.stats().counts.malformed).toBe(2);
  });

  it('lets no late answer through, neither to its asker nor to another', async () => {
    const { forwarder, twins } = await start([() => {}]);
    const reply = forwarder.resolve(queryFor('www.example.com'), udp);
    await until(() => expect(twins[0]?.questions).toHaveLength(1));
    clock.advance(4_500);
    expect(rcodeOf(await reply)).toBe(2);
    const [late] = twins[0]?.questions ?? [];
    late?.reply(right(late.query));
    const next = forwarder.resolve(queryFor('www.example.com'), udp);
    await until(() => expect(twins[0]?.questions.length).toBeGreaterThan(1));
    const asked = twins[0]?.questions.at(-1);
    asked?.reply(replyTo(asked.query, { records: [a('198.51.100.7')] }));
    expect(await next).toEqual(replyTo(queryFor('www.example.com'), { records: [a('198.51.100.7')] }));
  });

  it.each<[string, Script]>([
    ['sends half an answer and stops', ({ query, reply }) => reply(right(query).subarray(0, 20))],
    ['sends two answers for one question', ({ query, reply }) => [reply(right(query)), reply(right(query))]],
    ['stays silent', () => {}],
  ])('is not held up by an upstream that by TCP %s', async (_, script) => {
    const { forwarder } = await start([script, answering({ records: [a('192.0.2.1')] })]);
    const reply = forwarder.resolve(queryFor('www.example.com'), tcp);
    await until(() => expect(twins[0]?.questions).toHaveLength(1));
    clock.advance(times.headStartMs);
    expect(rcodeOf(await reply)).toBe(0);
    expect(forwarder.stats().inFlight).toBe(0);
  });
});

describe('upstreams that do not know EDNS (RFC 6891 section 7)', () => {
  const hasOpt = (query: Uint8Array) => query[11] === 1;
  const old =
    (rcode: number, whole = true): Script =>
    ({ query, reply }) => {
      const error = replyTo(query, { rcode });
      if (hasOpt(query)) reply(whole ? error : error.with(5, 0).subarray(0, 12));
      else reply(replyTo(query, { records: [a('192.0.2.1')] }));
    };

  it.each<[string, Script]>([
    ['FORMERR', old(1)],
    ['NOTIMP', old(4)],
    ['FORMERR without the question', old(1, false)],
  ])('are asked again without it when they say %s, and so at once the next time', async (_, script) => {
    const { forwarder, twins } = await start([script, answering({ records: [a('192.0.2.9')] })]);
    for (const asker of [udp, tcp]) {
      const query = queryFor(`${asker.transport}.example.com`, { edns: 1232 });
      expect(await forwarder.resolve(query, asker)).toEqual(replyTo(query, { records: [a('192.0.2.1')], opt: [] }));
    }
    expect(twins.map((twin) => twin.questions.map(({ query }) => hasOpt(query)))).toEqual([[true, false, false], []]);
    expect(forwarder.stats().upstreams).toMatchObject([{ plain: true }, { plain: false }]);
  });

  it('are asked with it again after a while', async () => {
    const { forwarder, twins } = await start([old(1)]);
    await forwarder.resolve(queryFor('a.example', { edns: 1232 }), udp);
    clock.advance(times.plainMs);
    await forwarder.resolve(queryFor('b.example', { edns: 1232 }), udp);
    expect(twins[0]?.questions.map(({ query }) => hasOpt(query))).toEqual([true, false, true, false]);
  });

  it('come after others when signatures are asked for', async () => {
    const { forwarder, twins } = await start([old(1), answering({ records: [a('192.0.2.9')], opt: [] })]);
    await forwarder.resolve(queryFor('a.example', { edns: 1232 }), udp);
    await forwarder.resolve(queryFor('b.example', { edns: 1232, dnssecOk: true }), udp);
    expect(twins.map(namesAsked)).toEqual([['a.example', 'a.example'], ['b.example']]);
  });

  it.each([
    ['FORMERR', 1],
    ['NOTIMP', 4],
    ['NOTAUTH', 9],
  ])(
    'trap 23: %s in any case moves on to one that can do better, and is passed on where none can',
    async (_, rcode) => {
      const { forwarder, twins } = await start([answering({ rcode }), answering({ records: [a('192.0.2.9')] })]);
      expect(rcodeOf(await forwarder.resolve(queryFor('a.example', { edns: 1232 }), udp))).toBe(0);
      expect(forwarder.stats().upstreams).toMatchObject([{ plain: false }, { plain: false }]);
      for (const each of twins) each.script = answering({ rcode });
      expect(rcodeOf(await forwarder.resolve(queryFor('b.example'), udp))).toBe(rcode);
    },
  );
});

describe('questions that failed (RFC 9520)', () => {
  const query = queryFor('www.example.com', { edns: 1232 });
  const codesOf = async (forwarder: UpstreamForwarder, from = udp, asked = query) => {
    const reply = Buffer.from((await forwarder.resolve(asked, from)) ?? []);
    return [rcodeOf(reply), ...extendedErrors(reply)];
  };

  it('are not asked again for a second, then for twice as long each time, up to half a minute', async () => {
    const { forwarder, twins } = await start([answering({ rcode: 2 })]);
    let asked = 0;
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      expect(await codesOf(forwarder)).toEqual([2]);
      asked++;
      clock.advance(seconds * 1000 - 1);
      expect(await codesOf(forwarder)).toEqual([2, 13]);
      expect(twins[0]?.questions).toHaveLength(asked);
      clock.advance(1);
    }
    expect(forwarder.stats().counts).toMatchObject({ failed: 7, failedAgain: 7 });
  });

  it('begin anew once they were answered, or long after the last failure', async () => {
    const { forwarder, twins } = await start([answering({ rcode: 2 })]);
    const [only] = twins;
    for (const _turn of ['first', 'second']) {
      await codesOf(forwarder);
      clock.advance(2_000);
    }
    if (only) only.script = answering({ records: [a('192.0.2.1', 1)] });
    expect(await codesOf(forwarder)).toEqual([0]);
    if (only) only.script = answering({ rcode: 2 });
    clock.advance(cache.staleSeconds * 1000 + 1_000);
    await codesOf(forwarder);
    clock.advance(1_000);
    const before = only?.questions.length ?? 0;
    await codesOf(forwarder);
    expect(only?.questions).toHaveLength(before + 1);
  });

  it('fail again in the words of the upstream', async () => {
    const bogus = [...u16(15), ...u16(4), ...u16(6), 0x68, 0x69];
    const { forwarder } = await start([answering({ rcode: 2, opt: bogus })]);
    expect(await codesOf(forwarder)).toEqual([2, 6]);
    expect(await codesOf(forwarder)).toEqual([2, 13, 6]);
  });

  it('tell silence from a broken path', async () => {
    const { forwarder, twins } = await start([() => {}]);
    const silent = codesOf(forwarder);
    await until(() => expect(twins[0]?.questions).toHaveLength(1));
    clock.advance(times.questionMs);
    expect(await silent).toEqual([2, 22]);
    await twins[0]?.stop();
    const gone = queryFor('gone.example.com', { edns: 1232 });
    expect(await codesOf(forwarder, udp, gone)).toEqual([2, 23]);
    expect(await codesOf(forwarder, udp, gone)).toEqual([2, 13, 23]);
  });

  it('are asked again at once by another transport, of other upstreams, and when an upstream is back', async () => {
    const { forwarder, twins } = await start([answering({ rcode: 2 })]);
    const [only] = twins;
    await codesOf(forwarder);
    await codesOf(forwarder, tcp);
    expect(only?.questions).toHaveLength(2);
    const other = await twin(answering({ rcode: 5 }));
    forwarder.setUpstreams([other.endpoint]);
    other.probes = () => {};
    for (const seconds of [1, 2, 4, 0]) {
      expect(await codesOf(forwarder)).toEqual([5]);
      await clock.advanceAsync(seconds * 1000);
    }
    expect(forwarder.stats().upstreams).toMatchObject([{ state: 'down' }]);
    expect(await codesOf(forwarder)).toEqual([5, 13]);
    other.script = answering({ records: [a('192.0.2.1')] });
    other.probes = answering({ rcode: 3 });
    await clock.advanceAsync(times.probeMs);
    await until(() => expect(forwarder.stats().upstreams).toMatchObject([{ state: 'up' }]));
    expect(await codesOf(forwarder)).toEqual([0]);
  });

  it('do not hide what is still known as stale', async () => {
    const { forwarder, twins } = await start([answering({ records: [a('192.0.2.1', 1)] })]);
    await codesOf(forwarder);
    clock.advance(1_000);
    for (const each of twins) each.script = answering({ rcode: 2 });
    for (let turn = 0; turn < 3; turn++) {
      expect(await codesOf(forwarder)).toEqual([0, 3]);
      clock.advance(cache.staleRetrySeconds * 1000);
    }
  });

  it('are bounded, and none where there was no upstream to ask', async () => {
    const { forwarder, twins } = await start([answering({ rcode: 2 })], {
      failed: { ...forwardDefaults.failed, entries: 2 },
    });
    for (const name of ['a.example', 'b.example', 'c.example', 'a.example'])
      await forwarder.resolve(queryFor(name), udp);
    expect(namesAsked(twins[0])).toEqual(['a.example', 'b.example', 'c.example', 'a.example']);
    const none = await running({ upstreams: [] });
    for (const _turn of ['first', 'second']) expect(await codesOf(none)).toEqual([2, 22]);
    expect(none.stats().counts).toMatchObject({ failed: 2, failedAgain: 0 });
  });
});

describe('who may ask', () => {
  const stranger: Asker = { address: '203.0.113.7', port: 40_000, transport: 'udp' };

  it('refuses strangers with an extended error, and lets in who is allowed', async () => {
    const { forwarder, twins } = await start([answering({ records: [a('192.0.2.1')] })]);
    const answer = Buffer.from((await forwarder.resolve(queryFor('www.example.com', { edns: 1232 }), stranger)) ?? []);
    expect(rcodeOf(answer)).toBe(5);
    expect(extendedErrors(answer)).toEqual([18]);
    expect(twins[0]?.questions).toEqual([]);
    forwarder.setAllowed(['203.0.113.0/24']);
    expect(rcodeOf(await forwarder.resolve(queryFor('www.example.com'), stranger))).toBe(0);
  });

  it('refuses strangers what it remembers too', async () => {
    const { forwarder } = await start([answering({ records: [a('192.0.2.1')] })]);
    await forwarder.resolve(queryFor('www.example.com'), udp);
    expect(rcodeOf(await forwarder.resolve(queryFor('www.example.com'), stranger))).toBe(5);
  });

  it('answers nothing to what is no question', async () => {
    const { forwarder } = await start([() => {}]);
    for (const bytes of [new Uint8Array(), queryFor('a.example').subarray(0, 20), replyTo(queryFor('a.example'))])
      expect(await forwarder.resolve(bytes, udp)).toBeUndefined();
    expect(forwarder.stats().counts.unreadable).toBe(3);
  });
});

describe('overload', () => {
  const limits = { ...forwardDefaults.limits, inFlight: 2, waiting: 2, perClient: 10 };

  it('trap 25: serves the newest that waits first, drops the oldest, counts it', async () => {
    const { forwarder, twins } = await start([() => {}], { limits });
    const names = ['one', 'two', 'three', 'four', 'five'].map((label) => `${label}.example`);
    const replies = names.map((name) => forwarder.resolve(queryFor(name), udp));
    await until(() => expect(twins[0]?.questions).toHaveLength(2));
    expect(await replies[2]).toBeUndefined();
    answerAll(twins[0]?.questions.slice(0, 1) ?? []);
    await until(() => expect(namesAsked(twins[0])).toEqual(['one.example', 'two.example', 'five.example']));
    answerAll(twins[0]?.questions.slice(1) ?? []);
    await until(() => expect(namesAsked(twins[0])).toContain('four.example'));
    answerAll(twins[0]?.questions.slice(3) ?? []);
    for (const index of [0, 1, 3, 4]) expect(rcodeOf(await replies[index])).toBe(0);
    expect(forwarder.stats()).toMatchObject({ inFlight: 0, waiting: 0, counts: { droppedOverload: 1 } });
  });

  it('trap 24: one client with too many questions does not take the places of another', async () => {
    const { forwarder, twins } = await start([() => {}], { limits: { ...limits, perClient: 1 } });
    void forwarder.resolve(queryFor('a.example'), udp);
    void forwarder.resolve(queryFor('b.example'), udp);
    void forwarder.resolve(queryFor('c.example'), { ...udp, address: '127.0.0.9' });
    await until(() => expect(namesAsked(twins[0])).toEqual(['a.example', 'c.example']));
    expect(forwarder.stats()).toMatchObject({ inFlight: 2, waiting: 1 });
  });

  it('trap 25: takes a question that another client joins for the newest, and for theirs', async () => {
    const { forwarder, twins } = await start([() => {}], { limits: { ...limits, inFlight: 3, perClient: 1 } });
    const other = { ...udp, address: '127.0.0.9' };
    for (const name of ['a.example', 'b.example']) void forwarder.resolve(queryFor(name), udp);
    void forwarder.resolve(queryFor('b.example'), other);
    await until(() => expect(namesAsked(twins[0])).toEqual(['a.example', 'b.example']));
    answerAll(twins[0]?.questions ?? []);
    await until(() => expect(forwarder.stats()).toMatchObject({ inFlight: 0, waiting: 0 }));
  });

  it('lets any number of clients wait for one answer, and each for so many', async () => {
    const { forwarder, twins } = await start([() => {}], { limits: { ...limits, waiting: 1_000, perClient: 2 } });
    const clients = Array.from({ length: 300 }, (_, index) => ({
      ...udp,
      address: `127.0.${index >> 8}.${index & 255}`,
    }));
    const replies = clients.map((from) => forwarder.resolve(queryFor('a.example'), from));
    const greedy = Array.from({ length: 10 }, () => forwarder.resolve(queryFor('a.example'), udp));
    await until(() => expect(twins[0]?.questions).toHaveLength(1));
    answerAll(twins[0]?.questions ?? []);
    expect((await Promise.all(replies)).filter((reply) => rcodeOf(reply) === 0)).toHaveLength(300);
    expect((await Promise.all(greedy)).filter((reply) => rcodeOf(reply) === 0)).toHaveLength(3);
    expect(forwarder.stats().counts).toMatchObject({ droppedPerClient: 7, droppedOverload: 0 });
  });

  it('tells those on a connection that they were dropped', async () => {
    const { forwarder } = await start([() => {}], { limits: { ...limits, waiting: 0 } });
    const replies = ['a', 'b', 'c'].map((name) => forwarder.resolve(queryFor(`${name}.example`), tcp));
    expect(rcodeOf(await replies[2])).toBe(2);
  });
});

describe('loops', () => {
  it('trap 22: asks neither itself nor Docker’s resolver', async () => {
    const listen = [
      { address: '127.0.0.53', port: 53 },
      { address: '0.0.0.0', port: 5353 },
    ];
    const upstreams = [
      { address: '127.0.0.53', port: 53 },
      { address: '127.0.0.11', port: 53 },
      { address: '127.0.0.1', port: 5353 },
    ];
    const forwarder = await running({ upstreams, listen });
    expect(forwarder.stats().upstreams).toEqual([]);
    expect(forwarder.stats().skipped.map(({ text }) => text)).toEqual([
      '127.0.0.53:53',
      '127.0.0.11:53',
      '127.0.0.1:5353',
    ]);
  });

  it('trap 22: finds an upstream that asks us in turn, leaves it out, and takes it back when it stops', async () => {
    let circling = true;
    const round: Script = ({ query, reply }) => {
      if (!circling) return reply(replyTo(query, { rcode: 3 }));
      void first?.resolve(query, udp).then((answer) => answer && reply(answer));
    };
    const sane = await twin(answering({ records: [a('192.0.2.1')] }));
    const circle = await twin(() => {});
    circle.probes = round;
    const forwarder = await running({ upstreams: [circle.endpoint, sane.endpoint] });
    const first: UpstreamForwarder | undefined = forwarder;
    await until(() => expect(forwarder.stats().upstreams[0]?.state).toBe('looping'));
    expect(rcodeOf(await forwarder.resolve(queryFor('www.example.com'), udp))).toBe(0);
    expect(circle.questions).toEqual([]);
    circling = false;
    clock.advance(times.probeMs);
    await until(() => expect(forwarder.stats().upstreams[0]?.state).toBe('up'));
  });

  it('trap 22: knows the probe of another thread of the same agent', async () => {
    const [one, other] = [await running({ upstreams: [] }), await running({ upstreams: [] })];
    const circle = await twin(() => {});
    circle.probes = ({ query, reply }) => void other.resolve(query, udp).then((answer) => answer && reply(answer));
    one.setUpstreams([circle.endpoint]);
    await until(() => expect(one.stats().upstreams[0]?.state).toBe('looping'));
    expect(other.stats().counts.loops).toBe(1);
  });
});

describe('health', () => {
  it('asks an upstream last that went silent, counts it as down while probes fail, and as up when one is answered', async () => {
    const { forwarder, twins } = await start([answering({ rcode: 3 }), answering({ rcode: 3 })]);
    const [first] = twins;
    if (!first) throw new Error('there is no upstream');
    first.script = () => {};
    first.probes = () => {};
    const reply = forwarder.resolve(queryFor('one.example'), udp);
    await until(() => expect(namesAsked(first)).toEqual(['one.example']));
    clock.advance(times.headStartMs);
    await reply;
    for (let turn = 0; turn < forwardDefaults.limits.failures; turn++)
      await clock.advanceAsync(times.probeMs + times.attemptMs);
    expect(forwarder.stats().upstreams[0]?.state).toBe('down');
    await forwarder.resolve(queryFor('two.example'), udp);
    expect(namesAsked(first)).toEqual(['one.example']);
    const probed = first.asked.length;
    first.probes = answering({ rcode: 3 });
    await clock.advanceAsync(times.probeMs);
    await until(() => expect(first.asked.length).toBeGreaterThan(probed));
    await until(() => expect(forwarder.stats().upstreams[0]?.state).toBe('up'));
  });
});

describe('stopping', () => {
  it('settles all that waits, frees all it held, and may be done twice', async () => {
    const { forwarder, twins } = await start([() => {}]);
    const replies = [forwarder.resolve(queryFor('a.example'), udp), forwarder.resolve(queryFor('b.example'), tcp)];
    await until(() => expect(twins[0]?.questions).toHaveLength(2));
    await forwarder.stop();
    await forwarder.stop();
    expect(await replies[0]).toBeUndefined();
    expect(rcodeOf(await replies[1])).toBe(2);
    expect(clock.pending).toBe(0);
    await until(() => expect(twins[0]?.openConnections).toBe(0));
  });
});

async function start(scripts: Script[], options: Partial<ForwardOptions> = {}) {
  const started = [];
  for (const script of scripts) started.push(await twin(script));
  const forwarder = await running({ upstreams: started.map(({ endpoint }) => endpoint), ...options });
  return { forwarder, twins: started };
}

async function twin(script: Script): Promise<UpstreamTwin> {
  const started = await new UpstreamTwin(script).start();
  twins.push(started);
  return started;
}

async function running(options: Partial<ForwardOptions>): Promise<UpstreamForwarder> {
  const forwarder = createForwarder(
    { upstreams: [], perDomain: [], allowed: [], listen: [], loopToken: 'test-token', ...forwardDefaults, ...options },
    { clock, log: silentLog },
  );
  forwarders.push(forwarder);
  await forwarder.start();
  return forwarder;
}

/** Answers probes with NXDOMAIN and everything else as told. */
function answering(wishes: Parameters<typeof replyTo>[1]): Script {
  return ({ query, reply }) => reply(replyTo(query, wishes));
}

function answerAll(asked: readonly Asked[]): void {
  for (const { query, reply } of asked) reply(replyTo(query, { records: [a('192.0.2.1')] }));
}

function namesAsked(twin: UpstreamTwin | undefined): string[] {
  return twin?.questions.map(({ name }) => name) ?? [];
}

function rcodeOf(reply: Uint8Array | undefined): number | undefined {
  return reply && (reply[3] ?? 0) & 0x0f;
}

/** The info codes of a reply whose last record is an OPT record. */
function extendedErrors(reply: Buffer): number[] {
  const opt = reply.lastIndexOf(Buffer.from([0, ...u16(types.OPT), ...u16(1232)]));
  const codes: number[] = [];
  for (let at = opt + 11; at < reply.length; at += 4 + reply.readUInt16BE(at + 2))
    if (reply.readUInt16BE(at) === 15) codes.push(reply.readUInt16BE(at + 4));
  return codes;
}

/** Sockets of this process that are open. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /UDP|TCP/.test(name)).length;
}
