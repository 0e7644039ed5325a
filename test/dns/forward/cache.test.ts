import { describe, expect, it } from 'vitest';
import { forwardDefaults } from '../../../src/config.ts';
import { Cache, timeToLive } from '../../../src/dns/forward/cache.ts';
import { readMessage } from '../../../src/dns/forward/message.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { a, nameOctets, queryFor, type ReplyWishes, replyTo, soa, types } from './packets.ts';

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
    cache.keep('key', message({ records: [a('192.0.2.1', 60)] }));
    clock.advance(59_999);
    expect(cache.find('key')).toMatchObject({ stale: false, ageSeconds: 59 });
    clock.advance(1);
    expect(cache.find('key')).toMatchObject({ stale: true, resting: false });
    clock.advance(limits.staleSeconds * 1000);
    expect(cache.find('key')).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it('drops what a newer answer contradicts, even if that one is not kept; an error contradicts nothing', () => {
    const { cache } = create();
    cache.keep('key', message({ records: [a('192.0.2.1')] }));
    cache.keep('key', message({ rcode: 2 }));
    expect(cache.find('key')).toBeDefined();
    cache.keep('key', message({ rcode: 3 }));
    expect(cache.find('key')).toBeUndefined();
  });

  it('stays within its bounds, dropping what was not asked for longest', () => {
    const { cache } = create({ entries: 2 });
    for (const key of ['one', 'two']) cache.keep(key, message({ records: [a('192.0.2.1')] }));
    cache.find('one');
    cache.keep('three', message({ records: [a('192.0.2.1')] }));
    expect(['one', 'two', 'three'].map((key) => cache.find(key) !== undefined)).toEqual([true, false, true]);
    const small = create({ octets: 1_000 }).cache;
    for (let index = 0; index < 10; index++) small.keep(String(index), message({ records: [a('192.0.2.1')] }));
    expect(small.octets).toBeLessThanOrEqual(1_000);
  });

  it('keeps octets of its own', () => {
    const { cache } = create();
    const received = message({ records: [a('192.0.2.1')] });
    cache.keep('key', received);
    received.bytes.fill(0);
    expect(cache.find('key')?.message.bytes).toEqual(message({ records: [a('192.0.2.1')] }).bytes);
  });
});

function create(bounds: Partial<{ entries: number; octets: number }> = {}) {
  const clock = new ManualClock();
  return { clock, cache: new Cache(clock, { ...limits, ...bounds }) };
}

function message(wishes: ReplyWishes) {
  const read = readMessage(Buffer.from(replyTo(queryFor('www.example.com'), wishes)));
  if (!read.ok) throw new Error(read.problem);
  return { ...read.value, bytes: Uint8Array.from(read.value.bytes) };
}
