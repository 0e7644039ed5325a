import { describe, expect, it } from 'vitest';
import { type Domain, parseAddress, parseCidr, parseDomain, parseHostId, parseName } from '../src/record.ts';

const domains = ['weave.local', 'weft.internal'] as Domain[];
const label63 = 'a'.repeat(63);

describe('a name is read in any spelling and kept in one', () => {
  it.each([
    ['db', 'db'],
    ['DB', 'db'],
    ['db.weave.local', 'db'],
    ['db.weave.local.', 'db'],
    ['Db.Weft.INTERNAL.', 'db'],
    ['node0.sub1', 'node0.sub1'],
    ['my_app-1', 'my_app-1'],
    ['_mongodb._tcp.db', '_mongodb._tcp.db'],
    [label63, label63],
  ])('%s is %s', (text, name) => {
    expect(parseName(text, domains)).toEqual({ ok: true, value: name });
  });

  it.each([
    ['', 'must not be empty'],
    ['.', 'must end in .weave.local or .weft.internal'],
    ['weave.local', 'is the domain itself'],
    ['db.example.com.', 'must end in .weave.local or .weft.internal'],
    ['a..b', 'has an empty label'],
    [`${label63}a`, 'of more than 63 characters'],
    [Array(4).fill(label63).join('.'), 'is longer than'],
    ['sp ace', 'only letters, digits'],
    ['bücher', 'only letters, digits'],
    ['-db', 'only letters, digits'],
    ['db-', 'only letters, digits'],
    ['*.db', 'only letters, digits'],
  ])('%j is refused: it %s', (text, problem) => {
    expect(parseName(text, domains)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  it('takes a star in front only where wildcards are allowed', () => {
    expect(parseName('*.apps', domains, true)).toEqual({ ok: true, value: '*.apps' });
    expect(parseName('a.*.apps', domains, true).ok).toBe(false);
    expect(parseName('*', domains, true).ok).toBe(false);
  });

  it('leaves room for the longest domain behind it', () => {
    const long = parseDomain(`${label63}.${label63}.example`);
    if (!long.ok) throw new Error(long.problem);
    const name = `${label63}.${label63}`;
    expect(parseName(name, domains).ok).toBe(true);
    expect(parseName(name, [long.value]).ok).toBe(false);
  });
});

describe('an address has one spelling', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:DB8:0:0:0:0:0:7', '2001:db8::7'],
    ['::FFFF:192.0.2.7', '::ffff:c000:207'],
  ])('%s is %s', (text, address) => {
    expect(parseAddress(text)).toEqual({ ok: true, value: address });
  });

  it.each(['', '192.0.2', '192.0.2.256', '0192.0.2.7', 'db', '2001:db8::7::1', 'fe80::1%eth0', '192.0.2.7/24'])(
    '%j is none, and the message shows one',
    (text) => {
      expect(parseAddress(text)).toEqual({ ok: false, problem: expect.stringContaining('such as 192.0.2.7') });
    },
  );
});

describe('subnets, domains and host ids', () => {
  it('reads a subnet', () => {
    expect(parseCidr('172.17.0.0/16')).toEqual({ ok: true, value: '172.17.0.0/16' });
    expect(parseCidr('2001:DB8::/32')).toEqual({ ok: true, value: '2001:db8::/32' });
  });
  it.each(['172.17.0.0', '172.17.0.0/33', '2001:db8::/129', '/16', '10.0.0.0/8/8'])(
    'refuses %j as a subnet',
    (text) => {
      expect(parseCidr(text).ok).toBe(false);
    },
  );
  it('reads a domain with and without its last dot', () => {
    expect(parseDomain('Foo.Bar.')).toEqual({ ok: true, value: 'foo.bar' });
    expect(parseDomain('foo.bar')).toEqual({ ok: true, value: 'foo.bar' });
  });
  it.each(['', '.', 'a..b', 'foo bar', `${label63}.${label63}.${label63}.example`])(
    'refuses %j as a domain',
    (text) => {
      expect(parseDomain(text).ok).toBe(false);
    },
  );
  it('takes only the peer ids of Ed25519 keys as host ids', () => {
    const id = `12D3KooW${'A'.repeat(44)}`;
    expect(parseHostId(id)).toEqual({ ok: true, value: id });
    expect(parseHostId('QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG').ok).toBe(false);
  });
});
