import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../src/dns/forward/message.ts';
import { a, nameOctets, queryFor, replyTo, soa, type TestRecord, types, u16, u32 } from './packets.ts';

const query = queryFor('www.example.com');
/** Behind the header and the question of `query`. */
const firstRecord = 12 + 17 + 4;

describe('the strict walk', () => {
  it('finds the question, the records by section and the OPT record', () => {
    const bytes = replyTo(query, { rcode: 3, records: [a('192.0.2.1'), soa(300, 60)], opt: [] });
    const read = readMessage(bytes);
    if (!read.ok) throw new Error(read.problem);
    const { rcode, questionEnd, records, opt } = read.value;
    expect({ rcode, questionEnd }).toEqual({ rcode: 3, questionEnd: firstRecord });
    expect(records.map(({ section, type }) => [section, type])).toEqual([
      [0, types.A],
      [1, types.SOA],
    ]);
    expect(opt?.end).toBe(bytes.length);
  });

  it.each<[string, TestRecord[]]>([
    ['to the question', [a('192.0.2.1')]],
    ['into the question', [record({ owner: [0xc0, 16] })]],
    ['to a root label', [record({ owner: [0xc0, 28] })]],
    [
      'to a name in data',
      [record({ type: types.CNAME, data: nameOctets('t.example') }), record({ owner: [0xc0, firstRecord + 12] })],
    ],
    [
      'to the target of a service',
      [
        record({ type: types.SRV, data: [0, 0, 0, 0, 0, 53, ...nameOctets('t.example')] }),
        record({ owner: [0xc0, firstRecord + 12 + 6] }),
      ],
    ],
    ['from data', [record({ type: types.CNAME, data: [1, 0x78, 0xc0, 16] })]],
  ])('takes pointers %s', (_, records) => {
    expect(readMessage(replyTo(query, { records }))).toMatchObject({ ok: true });
  });

  it.each<[string, TestRecord[]]>([
    ['to itself', [record({ owner: [0xc0, firstRecord] })]],
    ['to a label of its own name', [record({ owner: [1, 0x78, 0xc0, firstRecord] })]],
    ['forward', [record({ owner: [0xc0, firstRecord + 16] }), a('192.0.2.1')]],
    ['into the header', [record({ owner: [0xc0, 0] })]],
    ['between two labels', [record({ owner: [0xc0, 13] })]],
    ['to another pointer', [a('192.0.2.1'), record({ owner: [0xc0, firstRecord] })]],
    ['behind the end', [record({ owner: [0xff, 0xff] })]],
    ['of one octet', [record({ type: types.CNAME, data: [0xc0] })]],
    ['to each other from data', [record({ type: types.NS, data: [0xc0, firstRecord + 12] })]],
  ])('refuses pointers %s', (_, records) => {
    expect(readMessage(replyTo(query, { records }))).toMatchObject({ ok: false });
  });

  it.each<[string, Uint8Array]>([
    ['less than a header', query.subarray(0, 11)],
    ['no question', Uint8Array.from([0, 1, 0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['two questions', query.with(5, 2)],
    ['a question that ends too soon', query.subarray(0, query.length - 1)],
    ['more than 65,535 octets', new Uint8Array(65_536)],
    ['a label of 64 octets', replyTo(query, { records: [record({ owner: [64, ...new Array(64).fill(0x78), 0] })] })],
    ['data that ends before its name', replyTo(query, { records: [record({ type: types.CNAME, data: [3, 0x78] })] })],
    ['an SOA record without its numbers', replyTo(query, { records: [record({ type: types.SOA, data: [0, 0] })] })],
    [
      'an OPT record among the answers',
      replyTo(query, { records: [record({ owner: [0], type: types.OPT, data: [] })] }),
    ],
    [
      'an OPT record with a name',
      replyTo(query, { records: [record({ section: 'additional', type: types.OPT, data: [] })] }),
    ],
    ['an option longer than its record', replyTo(query, { opt: [0, 15, 0, 9, 0] })],
  ])('refuses %s', (_, bytes) => {
    expect(readMessage(bytes)).toMatchObject({ ok: false });
  });

  it('refuses a name that grows beyond 255 octets by pointing at names that grew', () => {
    const label = [63, ...new Array(63).fill(0x78)];
    const first = record({ owner: [...label, 0xc0, 12] });
    const octets = label.length + 2 + 14;
    const next = (index: number) => record({ owner: [...label, 0xc0, firstRecord + index * octets] });
    expect(readMessage(replyTo(query, { records: [first, next(0), next(1), next(2)] }))).toMatchObject({
      ok: false,
    });
    expect(readMessage(replyTo(query, { records: [first, next(0), next(1)] }))).toMatchObject({ ok: true });
  });

  it('takes or refuses anything, and throws at nothing', () => {
    const seeds = [query, replyTo(query, { records: [a('192.0.2.1'), soa(300, 60)], opt: [0, 15, 0, 2, 0, 3] })];
    const changes = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...seeds), changes, fc.nat(20), (seed, octets, cut) => {
        const bytes = seed.slice(0, seed.length - cut);
        for (const [at, octet] of octets) if (at < bytes.length) bytes[at] = octet;
        const read = readMessage(bytes);
        if (read.ok) expect(read.value.records.every(({ end }) => end <= bytes.length)).toBe(true);
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => typeof readMessage(bytes).ok === 'boolean'));
  });

  it('looks at every octet a few times at most, however names point at each other', () => {
    const pointing = Array.from({ length: 3_600 }, () =>
      [1, 0x78, 0xc0, 12, 0, 1, 0, 1, ...u32(0), 0, 4, 1, 2, 3, 4].slice(0, 18),
    );
    const bytes = Uint8Array.from([
      ...query.subarray(0, 6),
      ...u16(pointing.length),
      0,
      0,
      0,
      0,
      ...query.subarray(12),
      ...pointing.flat(),
    ]);
    let looks = 0;
    const watched = new Proxy(bytes, {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) looks++;
        return Reflect.get(target, key, target);
      },
    });
    expect(readMessage(watched)).toMatchObject({ ok: true });
    expect(looks).toBeLessThan(6 * bytes.length);
  });
});

function record(wishes: Partial<TestRecord>): TestRecord {
  return { ...a('192.0.2.1'), ...wishes };
}
