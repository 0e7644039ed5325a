import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dnsDefaults, forwardDefaults } from '../../../src/config.ts';
import { createForwarder, type UpstreamForwarder } from '../../../src/dns/forward/forwarder.ts';
import { Responder } from '../../../src/dns/responder.ts';
import { silentLog } from '../../../src/log.ts';
import type { Cidr } from '../../../src/record.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { data, type QuestionTerms, question, type Reply, read } from '../message.ts';
import { bridgeA, dnsOptions, fixed } from '../zone-words.ts';
import { a, replyTo, soa } from './packets.ts';
import { type Script, UpstreamTwin } from './upstream-twin.ts';

/** On this host's bridge, and outside. */
const [near, stranger] = ['10.1.0.9', '203.0.113.9'];
const clientCookie = Buffer.from('2464c4abcf10c957', 'hex');
const types = { NS: 2, SOA: 6, DS: 43, DNSKEY: 48, HTTPS: 65 };

let clock: ManualClock;
let upstream: UpstreamTwin;
let forwarder: UpstreamForwarder;
let responder: Responder;

beforeEach(async () => {
  clock = new ManualClock();
  upstream = await new UpstreamTwin(answering([a('192.0.2.1')])).start();
  const options = dnsOptions({
    limits: dnsDefaults.limits,
    allow: ['198.51.100.0/24'] as Cidr[],
    forward: {
      ...dnsOptions().forward,
      ...forwardDefaults,
      allowed: ['198.51.100.0/24'],
      upstreams: [upstream.endpoint],
      loopToken: 'test-token',
    },
  });
  const isAllowed = (address: string) => responder.isNear(address);
  forwarder = createForwarder(options.forward, { clock, log: silentLog, isAllowed });
  responder = new Responder({ options, forwarder, clock });
  responder.setNetworks([bridgeA]);
  responder.update([fixed('db', '10.1.0.7')]);
  await forwarder.start();
});

afterEach(async () => {
  await forwarder.stop();
  await upstream.stop();
});

describe('a foreign name', () => {
  it('is asked upstream once, and answered from memory in the same turn from then on', async () => {
    const first = await ask('www.example.com');
    expect(data(first)).toEqual(['192.0.2.1']);
    clock.advance(20_000);
    const reply = responder.respond(question('WWW.example.com', { id: 7 }), asker());
    expect(reply).toBeInstanceOf(Buffer);
    expect(read(await reply)).toMatchObject({
      id: 7,
      question: 'WWW.example.com A',
      answers: ['WWW.example.com 40 A 192.0.2.1'],
      flags: 'qr rd ra',
    });
    expect(upstream.questions).toHaveLength(1);
    expect(forwarder.stats().counts).toMatchObject({ questions: 2, cached: 1, answered: 1 });
    expect(responder.counters.stats()).toMatchObject({ counts: { forwarded: 2 }, replies: { NOERROR: 2 } });
  });

  it.each(['udp', 'tcp'] as const)(
    'has the client’s cookie made whole in its reply by %s, asked or remembered',
    async (transport) => {
      for (const turn of ['asked', 'remembered']) {
        const options = [[10, clientCookie] as const];
        const { opt } = await ask('www.example.com', { payload: 1232, options, transport });
        expect([turn, [...(opt?.options.keys() ?? [])]]).toEqual([turn, [10]]);
        expect(opt?.options.get(10)).toHaveLength(24);
        expect(opt?.options.get(10)?.subarray(0, 8)).toEqual(clientCookie);
      }
    },
  );

  it('has a cookie in its reply when asking failed, too', async () => {
    upstream.script = answering([], 2);
    const { opt, rcode } = await ask('www.example.com', { payload: 1232, options: [[10, clientCookie]] });
    expect([rcode, opt?.options.get(10)?.length]).toEqual(['SERVFAIL', 24]);
  });

  it('has an OPT record of ours in its reply, with DO as it was asked', async () => {
    for (const ednsFlags of [0, 0x8000])
      for (const _turn of ['asked', 'remembered'])
        expect((await ask('www.example.com', { payload: 4096, ednsFlags })).opt).toEqual({
          payload: 1232,
          version: 0,
          dnssecOk: ednsFlags !== 0,
          options: new Map(),
        });
  });

  it('fits what its asker can take, cookie and all', async () => {
    upstream.script = answering(Array.from({ length: 100 }, (_, index) => a(`192.0.2.${index}`)));
    for (const _turn of ['asked', 'remembered']) {
      const plain = await ask('big.example.com');
      expect([plain.octets <= 512, plain.flags]).toEqual([true, 'qr tc rd ra']);
      const options = [[10, clientCookie] as const];
      const large = await ask('big.example.com', { payload: 1232, options });
      expect([large.octets <= 1232, large.flags, large.answers.length]).toEqual([true, 'qr tc rd ra', 72]);
      expect((await ask('big.example.com', { transport: 'tcp' })).answers).toHaveLength(100);
    }
  });

  it('is cut when only the cookie makes it too large', async () => {
    upstream.script = answering(Array.from({ length: 74 }, (_, index) => a(`192.0.2.${index}`)));
    for (const _turn of ['asked', 'remembered']) {
      const whole = await ask('big.example.com', { payload: 1232 });
      expect([whole.octets, whole.flags, whole.answers.length]).toEqual([1228, 'qr rd ra', 74]);
      const cut = await ask('big.example.com', { payload: 1232, options: [[10, clientCookie]] });
      expect([cut.octets <= 1232, cut.flags, cut.answers.length]).toEqual([true, 'qr tc rd ra', 72]);
    }
    expect(upstream.questions).toHaveLength(1);
  });

  it('is ours from the moment that it is, whatever was remembered of it', async () => {
    upstream.script = answering([soa(300, 300)], 3);
    const reverse = '9.2.0.192.in-addr.arpa';
    for (const _turn of ['asked', 'remembered']) expect((await ask(reverse, { type: 'PTR' })).rcode).toBe('NXDOMAIN');
    expect(upstream.questions).toHaveLength(1);
    responder.update([fixed('web', '192.0.2.9')]);
    expect((await ask(reverse, { type: 'PTR' })).answers).toEqual([`${reverse} 1 PTR web.weave.local`]);
    expect((await ask('nobody', { type: types.DS })).rcode).toBe('NXDOMAIN');
    responder.update([fixed('nobody', '192.0.2.8')]);
    expect(await ask('nobody', { type: types.DS })).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      flags: 'qr aa rd ra',
    });
  });
});

describe('a single label', () => {
  it.each(Object.entries({ NS: 2, SOA: 6, DS: 43, DNSKEY: 48 }))(
    'of the public tree is asked upstream for %s, by which validating resolvers climb',
    async (_, type) => {
      await ask('example', { type });
      expect(upstream.questions.map(({ name }) => name)).toEqual(['example']);
    },
  );

  it('of ours, or above ours, is not: it has no such record', async () => {
    for (const name of ['db', 'local'])
      for (const type of [types.DS, types.DNSKEY, types.SOA])
        expect(await ask(name, { type })).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(upstream.questions).toEqual([]);
  });

  it('never leaves for any other type', async () => {
    for (const type of [1, 28, types.HTTPS, 16, 255]) expect((await ask('example', { type })).rcode).toBe('NXDOMAIN');
    expect(upstream.questions).toEqual([]);
  });
});

describe('who asks', () => {
  it('is refused outside, from memory too, and so many times a second only', async () => {
    await ask('www.example.com');
    const replies = [];
    for (let each = 0; each < 300; each++)
      replies.push(responder.respond(question('www.example.com'), asker(stranger)));
    const read = (await Promise.all(replies)).map((reply) => reply && (reply[3] ?? 0) & 0x0f);
    expect(read.filter((code) => code === 5)).toHaveLength(dnsDefaults.limits.strangerRepliesPerSecond);
    expect(read.filter((code) => code === undefined)).toHaveLength(100);
    expect(responder.counters.counts).toMatchObject({ rateDropped: 100, rateTruncated: 100 });
    expect(upstream.questions).toHaveLength(1);
  });

  it.each([near, '127.0.0.1', '198.51.100.9'])('is answered without limit where it is %s', async (from) => {
    for (let each = 0; each < 300; each++) expect((await ask('www.example.com', { from })).rcode).toBe('NOERROR');
    expect(upstream.questions).toHaveLength(1);
  });
});

function answering(records: readonly ReturnType<typeof a>[], rcode = 0): Script {
  return ({ query, reply }) => reply(replyTo(query, { records, rcode, opt: [0, 3, 0, 2, 7, 7] }));
}

type Terms = QuestionTerms & { readonly from?: string; readonly transport?: 'udp' | 'tcp' };

async function ask(name: string, { from, transport, ...terms }: Terms = {}): Promise<Reply> {
  return read(await responder.respond(question(name, terms), asker(from, transport)));
}

function asker(address = near, transport: 'udp' | 'tcp' = 'udp') {
  return { address, port: 5353, transport };
}
