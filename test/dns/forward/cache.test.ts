import { describe, expect, it } from 'vitest';
import { forwardDefaults } from '../../../src/config.ts';
import { Cache, timeToLive } from '../../../src/dns/forward/cache.ts';
import { readMessage } from '../../../src/dns/forward/message.ts';
import { type Question, readQuestion } from '../../../src/dns/forward/question.ts';
import { encodeOpt } from '../../../src/dns/opt.ts';
import { check, Query } from '../../../src/dns/query.ts';
import { ReplyBuffers } from '../../../src/dns/reply-buffers.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { a, nameOctets, type QueryWishes, queryFor, type ReplyWishes, replyTo, soa, types } from './packets.ts';

const limits = forwardDefaults.cache;
const alias = { ...a('', 30), type: types.CNAME, data: nameOctets('t.example') };
const referral = { ...alias, section: 'authority', type: types.NS } as const;
const delegationTtl = { ...referral, ttl: 10 } as const;

describe('how long an answer may be remembered', () => {
  it.each<[string, ReplyWishes, number]>([
    ['the lowest time to live of an answer', { records: [a('192.0.2.1', 60), a('192.0.2.2', 40)] }, 40],
    ['the lowest of all sections', { records: [a('192.0.2.1', 60), delegationTtl] }, 10],
    ['not beyond a day', { records: [a('192.0.2.1', 2_000_000)] }, limits.maxTtlSeconds],
    ['not at all with time to live 0', { records: [a('192.0.2.1', 0)] }, 0],
    ['not at all with the highest bit set (RFC 2181)', { records: [a('192.0.2.1', 0x8000_0001)] }, 0],
    ['NXDOMAIN by the minimum of its SOA', { rcode: 3, records: [soa(300, 60)] }, 60],
    ['NXDOMAIN by the time to live of its SOA if lower', { rcode: 3, records: [soa(30, 60)] }, 30],
    ['NXDOMAIN not beyond an hour', { rcode: 3, records: [soa(90_000, 90_000)] }, limits.maxNegativeTtlSeconds],
    ['NXDOMAIN without SOA not at all', { rcode: 3 }, 0],
    ['NODATA by its SOA', { records: [soa(300, 20)] }, 20],
    ['an alias that ends in nothing by both', { records: [alias, soa(300, 60)] }, 30],
    ['an alias that ends in nothing without SOA not at all', { records: [alias] }, 0],
    ['a referral not at all', { records: [referral] }, 0],
    ['an error not at all', { rcode: 2, records: [a('192.0.2.1')] }, 0],
    ['a cut answer not at all', { flags: 0x8380, records: [a('192.0.2.1')] }, 0],
  ])('%s', (_, wishes, seconds) => {
    expect(timeToLive(message(wishes), limits)).toBe(seconds);
  });
});

describe('the memory of answers', () => {
  it('is stale after the time to live, and gone a day later', () => {
    const { clock, cache } = create();
    cache.keep(asked(), message({ records: [a('192.0.2.1', 60)] }));
    clock.advance(59_999);
    expect(cache.find(asked())).toMatchObject({ stale: false });
    expect(recalled(cache)).toEqual(replyTo(queryFor('www.example.com'), { records: [a('192.0.2.1', 1)] }));
    clock.advance(1);
    expect(cache.find(asked())).toMatchObject({ stale: true, resting: false });
    expect(recalled(cache)).toBeUndefined();
    clock.advance(limits.staleSeconds * 1000);
    expect(cache.find(asked())).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it('drops what a newer answer contradicts, even if that one is not kept; an error contradicts nothing', () => {
    const { cache } = create();
    cache.keep(asked(), message({ records: [a('192.0.2.1')] }));
    cache.keep(asked(), message({ rcode: 2 }));
    expect(recalled(cache)).toBeDefined();
    cache.keep(asked(), message({ rcode: 3 }));
    expect(cache.find(asked())).toBeUndefined();
    expect(recalled(cache)).toBeUndefined();
  });

  it('stays within its bounds, dropping what was not asked for longest', () => {
    const names = ['one.example', 'two.example', 'three.example'];
    const { cache, clock } = create({ entries: 2 });
    for (const name of names.slice(0, 2)) cache.keep(asked(name), message({ records: [a('192.0.2.1')] }, name));
    clock.advance(1_000);
    expect(recalled(cache, 'one.example')).toBeDefined();
    cache.keep(asked('three.example'), message({ records: [a('192.0.2.1')] }, 'three.example'));
    expect(names.map((name) => cache.find(asked(name)) !== undefined)).toEqual([true, false, true]);
    expect(names.map((name) => recalled(cache, name) !== undefined)).toEqual([true, false, true]);
    const small = create({ octets: 3_000 }).cache;
    for (let index = 0; index < 10; index++) {
      const name = `${index}.example`;
      small.keep(asked(name), message({ records: [a('192.0.2.1')] }, name));
    }
    expect(small.size).toBeGreaterThan(2);
    expect(small.octets).toBeLessThanOrEqual(3_000);
  });

  it('keeps octets of its own', () => {
    const { cache } = create();
    const received = message({ records: [a('192.0.2.1')] });
    cache.keep(asked(), received);
    received.bytes.fill(0);
    expect(recalled(cache)).toEqual(replyTo(queryFor('www.example.com'), { records: [a('192.0.2.1')] }));
  });

  it('recalls for a packet what it finds for a question, whatever their letters, and nothing for any other question', () => {
    const { cache } = create();
    cache.keep(asked('WWW.example.com'), message({ records: [a('192.0.2.1')] }, 'www.EXAMPLE.com'));
    expect(recalled(cache, 'wWw.Example.com')).toEqual(
      replyTo(queryFor('wWw.Example.com'), { records: [a('192.0.2.1')] }),
    );
    for (const wishes of [{ type: types.AAAA }, { flags: 0x0000 }, { flags: 0x0110 }, { edns: 1232, dnssecOk: true }])
      expect(recalled(cache, 'www.example.com', wishes)).toBeUndefined();
    for (const name of ['www.example.org', 'ww.example.com', 'www.example.com.example'])
      expect(recalled(cache, name)).toBeUndefined();
  });

  it('does not mistake one name for another of the same hash, and finds both by their questions', () => {
    // Found by search: what the first four octets change in the hash is taken back by the next four.
    const [one, other] = ['aanaaaa.example', 'aaaaoaf.example'];
    expect(hashOf(one)).toBe(hashOf(other));
    const { cache } = create();
    for (const [index, name] of [one, other].entries())
      cache.keep(asked(name), message({ records: [a(`192.0.2.${index}`)] }, name));
    expect(recalled(cache, one)).toBeUndefined();
    expect(recalled(cache, other)).toEqual(replyTo(queryFor(other), { records: [a('192.0.2.1')] }));
    expect(cache.find(asked(one))).toBeDefined();
  });
});

describe('one answer as it is stored', () => {
  it.each([
    ['without OPT record', {}, undefined],
    ['with one', { edns: 1232 }, []],
  ])('is the whole reply %s, whichever way it is asked for', (_, wishes, opt) => {
    const { cache, clock } = create();
    const records = [
      a('192.0.2.1', 60),
      a('192.0.2.2', 90),
      { ...referral, section: 'additional', type: 1, data: [192, 0, 2, 3] } as const,
    ];
    cache.keep(asked(), message({ flags: 0x8580, records }));
    clock.advance(10_999);
    const query = queryFor('www.example.com', { id: 0xbeef, ...wishes });
    const aged = records.map((record) => ({ ...record, ttl: record.ttl - 10 }));
    const expected = replyTo(query, { records: aged, ...(opt ? { opt } : {}) });
    expect(recalled(cache, 'www.example.com', { id: 0xbeef, ...wishes })).toEqual(expected);
    const question = readQuestion(query, 'udp', 1232);
    if (!question) throw new Error('the question is none');
    const tail = opt ? encodeOpt({ payloadOctets: 1232 }) : new Uint8Array();
    expect(cache.find(question)?.reply.replyTo(question, tail)).toEqual({ bytes: expected, cut: false });
  });

  it('leaves out the OPT record of the upstream and what lay behind it', () => {
    const { cache } = create();
    cache.keep(asked(), message({ records: [a('192.0.2.1')], opt: [0, 3, 0, 2, 1, 2] }));
    expect(recalled(cache)).toEqual(replyTo(queryFor('www.example.com'), { records: [a('192.0.2.1')] }));
  });
});

function create(bounds: Partial<{ entries: number; octets: number }> = {}) {
  const clock = new ManualClock();
  return { clock, cache: new Cache(clock, { ...limits, ...bounds }) };
}

function asked(name = 'www.example.com'): Question {
  const question = readQuestion(queryFor(name), 'udp', 1232);
  if (!question) throw new Error('the question is none');
  return question;
}

/** The reply to a packet, if it is recalled. */
function hashOf(name: string): number {
  const query = new Query();
  query.read(queryFor(name));
  return query.hash;
}

function recalled(cache: Cache, name = 'www.example.com', wishes: QueryWishes = {}): Uint8Array | undefined {
  const packet = queryFor(name, wishes);
  const query = new Query();
  expect(query.read(packet)).toBe(check.fine);
  const opt = query.hasOpt ? encodeOpt({ payloadOctets: 1232, dnssecOk: query.dnssecOk }) : new Uint8Array();
  const reply = cache.recall(packet, query)?.reply(packet, query, opt, new ReplyBuffers());
  return reply && Uint8Array.from(reply);
}

function message(wishes: ReplyWishes, name = 'www.example.com') {
  const read = readMessage(Buffer.from(replyTo(queryFor(name), wishes)));
  if (!read.ok) throw new Error(read.problem);
  return { ...read.value, bytes: Uint8Array.from(read.value.bytes) };
}
