import { describe, expect, it } from 'vitest';
import { question, read } from './message.ts';
import { Twin } from './twin.ts';
import { fixed } from './zone-words.ts';

// RFC 8906 section 8, with the dig lines it gives; `zone` is weave.local here.

const twin = new Twin([fixed('db', '192.0.2.7')]);
const zone = 'weave.local';
const soa = [expect.stringContaining('weave.local 1 SOA ns.dns.weave.local')];

describe('basic DNS (RFC 8906 section 8.1)', () => {
  it('8.1.1 dig +noedns +noad +norec soa zone: the SOA, aa', () => {
    expect(twin.ask(zone, { type: 'SOA', flags: 0 })).toMatchObject({
      rcode: 'NOERROR',
      flags: 'qr aa ra',
      answers: soa,
      opt: undefined,
    });
  });

  it('8.1.2 dig +noedns +noad +norec type1000 zone: NOERROR, empty', () => {
    expect(twin.ask(zone, { type: 1000, flags: 0 })).toMatchObject({ rcode: 'NOERROR', answers: [], authority: soa });
  });

  it.each([
    ['8.1.3.1 +cd', 0x0010, 'qr aa ra cd'],
    ['8.1.3.2 +zflag', 0x0040, 'qr aa ra'],
    ['8.1.3.3 +ad', 0x0020, 'qr aa ra'],
    ['8.1.3.4 +rec', 0x0100, 'qr aa rd ra'],
    ['+aaflag +tcflag +raflag', 0x0680, 'qr aa ra'],
  ])('%s: answered, unknown flags not copied', (_, flags, expected) => {
    expect(twin.ask(zone, { type: 'SOA', flags })).toMatchObject({ rcode: 'NOERROR', flags: expected, answers: soa });
  });

  it.each([1, 2, 3, 4, 5, 6, 15])('8.1.4 dig +noedns +opcode=%d +header-only: NOTIMP, header only', (opcode) => {
    const header = Buffer.alloc(12);
    header.writeUInt16BE(0xabcd, 0);
    header[2] = opcode << 3;
    const reply = twin.send(header);
    expect(read(reply)).toMatchObject({ id: 0xabcd, rcode: 'NOTIMP', octets: 12 });
    expect(reply?.[2]).toBe(0x80 | (opcode << 3));
  });

  it('8.1.5 dig +noedns +noad +norec +tcp soa zone', () => {
    expect(twin.ask(zone, { type: 'SOA', flags: 0, transport: 'tcp' })).toMatchObject({
      rcode: 'NOERROR',
      answers: soa,
    });
  });
});

describe('EDNS (RFC 8906 section 8.2)', () => {
  const edns0 = expect.objectContaining({ version: 0, options: new Map() });

  it('8.2.1 dig +nocookie +edns=0 +noad +norec soa zone: SOA and OPT version 0', () => {
    expect(twin.ask(zone, { type: 'SOA', flags: 0, payload: 4096 })).toMatchObject({
      rcode: 'NOERROR',
      answers: soa,
      opt: edns0,
    });
  });

  it('8.2.2 dig +edns=1 +noednsneg soa zone: BADVERS, no SOA, OPT version 0', () => {
    const reply = twin.ask(zone, { type: 'SOA', flags: 0, payload: 4096, version: 1 });
    expect(reply).toMatchObject({ rcode: 'BADVERS', answers: [], authority: [], opt: edns0 });
  });

  it('8.2.3 dig +edns=0 +ednsopt=100 soa zone: SOA, the option not copied', () => {
    const options = [[100, Buffer.alloc(0)]] as const;
    expect(twin.ask(zone, { type: 'SOA', payload: 4096, options })).toMatchObject({
      rcode: 'NOERROR',
      answers: soa,
      opt: edns0,
    });
  });

  it('8.2.4 dig +edns=0 +ednsflags=0x40 soa zone: SOA, the flag not copied', () => {
    const reply = twin.send(question(zone, { type: 'SOA', payload: 4096, ednsFlags: 0x0040 }));
    expect(read(reply)).toMatchObject({ rcode: 'NOERROR', answers: soa, opt: edns0 });
    expect(reply?.subarray(-4)).toEqual(Buffer.of(0, 0, 0, 0));
  });

  it('8.2.5 dig +edns=1 +ednsflags=0x40: BADVERS, the flag not copied', () => {
    const reply = twin.ask(zone, { type: 'SOA', payload: 4096, version: 1, ednsFlags: 0x0040 });
    expect(reply).toMatchObject({ rcode: 'BADVERS', opt: edns0 });
  });

  it('8.2.6 dig +edns=1 +ednsopt=100: BADVERS, the option not copied', () => {
    const options = [[100, Buffer.alloc(0)]] as const;
    expect(twin.ask(zone, { type: 'SOA', payload: 4096, version: 1, options })).toMatchObject({
      rcode: 'BADVERS',
      opt: edns0,
    });
  });

  it('8.2.7 dig +edns=0 +dnssec +bufsize=512 dnskey zone: NOERROR, OPT', () => {
    expect(twin.ask(zone, { type: 48, payload: 512, ednsFlags: 0x8000 })).toMatchObject({
      rcode: 'NOERROR',
      opt: { version: 0 },
    });
  });

  it('8.2.8 dig +edns=0 +dnssec soa zone: SOA, DO copied', () => {
    const reply = twin.ask(zone, { type: 'SOA', payload: 4096, ednsFlags: 0x8000 });
    expect(reply).toMatchObject({ answers: soa, opt: { dnssecOk: true } });
    expect(twin.ask(zone, { type: 'SOA', payload: 4096 }).opt?.dnssecOk).toBe(false);
  });

  it('8.2.10 dig +edns=0 +cookie soa zone: SOA and a cookie of ours behind the client’s', () => {
    const options = [[10, Buffer.from('2464c4abcf10c957', 'hex')]] as const;
    const cookie = twin.ask(zone, { type: 'SOA', payload: 4096, options }).opt?.options.get(10);
    expect(cookie).toHaveLength(24);
    expect(cookie?.subarray(0, 8).toString('hex')).toBe('2464c4abcf10c957');
  });
});

describe('what is no question', () => {
  const fine = question('db.weave.local', { payload: 1232 });
  const cut = (length: number) => fine.subarray(0, length);
  const patched = (at: number, ...octets: number[]) => {
    const packet = Buffer.from(fine);
    packet.set(octets, at);
    return packet;
  };
  const twoOpts = Buffer.concat([patched(10, 0, 2), fine.subarray(-11)]);

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half a header', cut(11)],
    ['a reply', patched(2, 0x81)],
  ])('%s is not answered', (_, packet) => {
    expect(twin.send(packet)).toBeUndefined();
  });

  it.each([
    ['a header that promises a question', cut(12)],
    ['half a name', cut(20)],
    ['no class', cut(12 + 16 + 2)],
    ['two questions', patched(4, 0, 2)],
    ['no question', patched(4, 0, 0)],
    ['an answer in a question', patched(6, 0, 1)],
    ['an authority in a question', patched(8, 0, 1)],
    ['a record that is not there', patched(10, 0, 2)],
    ['65,535 records that are not there', patched(10, 255, 255)],
    ['something behind the end', Buffer.concat([fine, Buffer.of(0)])],
    ['a compressed name', patched(12, 0xc0, 0x0c)],
    ['a label of 64', patched(12, 64)],
    ['two OPT records', twoOpts],
    ['an OPT that is not the root’s', Buffer.concat([fine.subarray(0, -11), Buffer.of(1, 97), fine.subarray(-11)])],
    [
      'an option longer than its record',
      question('db', { payload: 1232, options: [[10, Buffer.alloc(8)]] }).subarray(0, -1),
    ],
    ['a cookie of 7 octets', question('db', { payload: 1232, options: [[10, Buffer.alloc(7)]] })],
    ['a cookie of 41 octets', question('db', { payload: 1232, options: [[10, Buffer.alloc(41)]] })],
    [
      'a hundred options',
      question('db', { payload: 1232, options: Array.from({ length: 100 }, () => [100, Buffer.alloc(0)] as const) }),
    ],
  ])('%s is FORMERR', (_, packet) => {
    expect(read(twin.send(packet))).toMatchObject({ rcode: 'FORMERR', octets: 12 });
  });

  it('records behind a question that are no OPT do not go upstream with it', async () => {
    const fresh = new Twin();
    const asked = question('www.example.com', { payload: 1232 });
    const odd = Buffer.concat([
      asked.subarray(0, -11),
      Buffer.from('c0ff24010001000000000001ff', 'hex'),
      asked.subarray(-11),
    ]);
    odd.writeUInt16BE(2, 10);
    await fresh.responder.respond(odd, { address: '127.0.0.1', port: 5353, transport: 'udp' });
    expect(fresh.forwarder.asked).toEqual([asked]);
  });

  it('a name of 255 octets is a name, one of 256 is none', () => {
    const label = 'a'.repeat(63);
    expect(twin.ask(`${label}.${label}.${label}.${'a'.repeat(49)}.weave.local`).rcode).toBe('NXDOMAIN');
    expect(twin.ask(`${label}.${label}.${label}.${'a'.repeat(50)}.weave.local`).rcode).toBe('FORMERR');
  });

  it.each([0, 2, 3, 4, 254, 255])('class %d is REFUSED', (other) => {
    expect(twin.ask('db.weave.local', { class: other })).toMatchObject({
      rcode: 'REFUSED',
      question: 'db.weave.local A',
    });
  });

  it.each(['AXFR', 'IXFR'] as const)('%s is REFUSED', (type) => {
    expect(twin.ask(zone, { type, transport: 'tcp' })).toMatchObject({ rcode: 'REFUSED', answers: [] });
  });

  it('IXFR is REFUSED with the SOA record that belongs to it (RFC 1995 section 3), which nothing else may have', () => {
    const soa = Buffer.from('c00c00060001000000000016c00cc00c0000000100000002000000030000000400000005', 'hex');
    soa.writeUInt16BE(soa.length - 12, 10);
    const withSoa = (type: 'IXFR' | 'A') => {
      const packet = Buffer.concat([question(zone, { type }), soa]);
      packet.writeUInt16BE(1, 8);
      return read(twin.send(packet)).rcode;
    };
    expect(withSoa('IXFR')).toBe('REFUSED');
    expect(withSoa('A')).toBe('FORMERR');
  });
});
