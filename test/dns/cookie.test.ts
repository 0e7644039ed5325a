import { describe, expect, it } from 'vitest';
import { addressOctets } from '../../src/dns/address-octets.ts';
import { CookieJar } from '../../src/dns/cookie.ts';
import { sipHash } from '../../src/dns/siphash.ts';
import { question, read } from './message.ts';
import { Twin } from './twin.ts';
import { fixed } from './zone-words.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('cookies', () => {
  it('hash as the authors of SipHash-2-4 give it', () => {
    const octets = Uint8Array.from({ length: 16 }, (_, index) => index);
    expect(sipHash(octets, octets.subarray(0, 15)).toString('hex')).toBe('e545be4961ca29a1');
    expect(sipHash(octets, octets.subarray(0, 0)).toString('hex')).toBe('310e0edd47db6f72');
  });

  it.each([
    // RFC 9018 appendix A.1, A.3 and A.4
    [
      'e5e973e5a6b2a43f48e7dc849e37bfcf',
      '2464c4abcf10c957',
      1_559_731_985,
      '198.51.100.100',
      '010000005cf79f111f8130c3eee29480',
    ],
    [
      'e5e973e5a6b2a43f48e7dc849e37bfcf',
      'fc93fc62807ddb86',
      1_559_734_700,
      '203.0.113.203',
      '010000005cf7a9acf73a7810aca2381e',
    ],
    [
      '445536bcd2513298075a5d379663c962',
      '22681ab97d52c298',
      1_559_741_961,
      '2001:db8:220:1:59de:d0f4:8769:82b8',
      '010000005cf7c609a6bb79d16625507a',
    ],
  ])('are baked as in the appendix of RFC 9018 (%#)', (secret, client, seconds, address, server) => {
    const jar = new CookieJar(hex(secret), () => seconds);
    expect(jar.answer(hex(client), address).toString('hex')).toBe(client + server);
  });

  it('are good for the address they were made for, for an hour', () => {
    let now = 1_000_000;
    const jar = new CookieJar(Buffer.alloc(16, 7), () => now);
    const cookie = jar.answer(Buffer.alloc(8, 1), '192.0.2.7');
    expect(jar.isValid(cookie, '192.0.2.7')).toBe(true);
    expect(jar.isValid(cookie, '192.0.2.8')).toBe(false);
    expect(jar.isValid(Buffer.alloc(24), '192.0.2.7')).toBe(false);
    now += 3600;
    expect(jar.isValid(cookie, '192.0.2.7')).toBe(true);
    now += 1;
    expect(jar.isValid(cookie, '192.0.2.7')).toBe(false);
    now -= 3601 + 301;
    expect(jar.isValid(cookie, '192.0.2.7')).toBe(false);
  });

  it('read every spelling of an address', () => {
    expect(addressOctets('192.0.2.7')).toEqual(Buffer.of(192, 0, 2, 7));
    expect(addressOctets('::1').toString('hex')).toBe(`${'0'.repeat(31)}1`);
    expect(addressOctets('2001:db8::7').toString('hex')).toBe('20010db8000000000000000000000007');
    expect(addressOctets('::').toString('hex')).toBe('0'.repeat(32));
  });

  it('can be fetched without a question (RFC 7873 section 5.4)', () => {
    const twin = new Twin();
    const packet = question('', { payload: 1232, options: [[10, Buffer.alloc(8, 3)]] });
    const empty = Buffer.concat([packet.subarray(0, 12), packet.subarray(17)]);
    empty.writeUInt16BE(0, 4);
    const reply = read(twin.send(empty));
    expect(reply).toMatchObject({ rcode: 'NOERROR', question: '', answers: [] });
    expect(reply.opt?.options.get(10)).toHaveLength(24);
  });
});

describe('strangers', () => {
  const stranger = '203.0.113.9';

  it('are limited: most replies over the rate are withheld, some cut so that they come by TCP', () => {
    const twin = new Twin([fixed('db', '192.0.2.7')]);
    const replies = Array.from({ length: 300 }, () => twin.send(question('db.weave.local'), { from: stranger }));
    const sent = replies.filter((reply) => reply !== undefined).map((reply) => read(reply));
    expect(sent.filter((reply) => reply.answers.length === 1)).toHaveLength(100);
    expect(sent.filter((reply) => reply.flags.includes('tc'))).toHaveLength(100);
    expect(read(twin.send(question('db.weave.local'), { from: stranger, transport: 'tcp' })).answers).toHaveLength(1);
    twin.clock.advance(1000);
    expect(twin.ask('db.weave.local', { from: stranger }).answers).toHaveLength(1);
  });

  it.each([
    ['of another class', question('db.weave.local', { class: 3 })],
    ['of an EDNS version that does not exist', question('db.weave.local', { payload: 1232, version: 1 })],
    ['of an opcode that is not known', question('db.weave.local', { flags: 0x2800 })],
    ['that cannot be read', question('db.weave.local').subarray(0, -1)],
  ])('are limited in errors for questions %s', (_, packet) => {
    const twin = new Twin();
    const send = (from: string) => Array.from({ length: 300 }, () => twin.send(packet, { from }));
    expect(send(stranger).filter((reply) => reply !== undefined)).toHaveLength(100);
    expect(send('10.1.0.9').filter((reply) => reply !== undefined)).toHaveLength(300);
  });

  it('are limited by network, so that an address more gives no more', () => {
    const twin = new Twin([fixed('db', '192.0.2.7')]);
    const replies = Array.from({ length: 200 }, (_, host) =>
      twin.send(question('db.weave.local'), { from: `203.0.113.${host}` }),
    );
    expect(replies.filter((reply) => reply && read(reply).answers.length === 1)).toHaveLength(100);
  });

  it('get OPT for OPT also where a reply is cut for its rate, and a cookie to come back with', () => {
    const twin = new Twin([fixed('db', '192.0.2.7')]);
    const options = [[10, Buffer.alloc(8, 1)]] as const;
    const packet = question('db.weave.local', { payload: 1232, options });
    const replies = Array.from({ length: 102 }, () => twin.send(packet, { from: stranger }));
    const cut = read(replies.at(-1));
    expect([cut.flags, cut.opt?.payload, cut.opt?.options.get(10)?.length]).toEqual(['qr tc rd ra', 1232, 24]);
  });

  it('are not limited once a cookie proves their address', () => {
    const twin = new Twin([fixed('db', '192.0.2.7')]);
    const bare = [[10, Buffer.alloc(8, 1)]] as const;
    const cookie = twin.ask('db.weave.local', { from: stranger, payload: 1232, options: bare }).opt?.options.get(10);
    if (cookie === undefined) throw new Error('there was no cookie');
    const options = [[10, cookie]] as const;
    for (let each = 0; each < 300; each++)
      expect(twin.ask('db.weave.local', { from: stranger, payload: 1232, options }).answers).toHaveLength(1);
  });

  it('in a range that is allowed are none', () => {
    const twin = new Twin([fixed('db', '192.0.2.7')], { allow: ['203.0.113.0/24' as never] });
    for (let each = 0; each < 300; each++) expect(twin.ask('db', { from: stranger }).answers).toHaveLength(1);
  });
});
