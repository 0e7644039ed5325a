import { describe, expect, it } from 'vitest';
import { fromMultiaddr, parseDialAddress, toMultiaddr } from '../../src/mesh/address.ts';

describe('an address to dial', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1:6783', '/ip4/192.0.2.1/tcp/6783'],
    ['192.0.2.1:9000', '192.0.2.1:9000', '/ip4/192.0.2.1/tcp/9000'],
    ['2001:db8::1', '[2001:db8::1]:6783', '/ip6/2001:db8::1/tcp/6783'],
    ['[2001:db8::1]', '[2001:db8::1]:6783', '/ip6/2001:db8::1/tcp/6783'],
    ['[2001:db8::1]:9000', '[2001:db8::1]:9000', '/ip6/2001:db8::1/tcp/9000'],
    [' Host1.Example.com ', 'host1.example.com:6783', '/dns/host1.example.com/tcp/6783'],
    ['host1:9000', 'host1:9000', '/dns/host1/tcp/9000'],
  ])('is read from %j', (text, address, multiaddress) => {
    expect(parseDialAddress(text, 6783)).toEqual({ ok: true, value: address });
    expect(toMultiaddr(address).toString()).toBe(multiaddress);
    expect(fromMultiaddr(toMultiaddr(address))).toBe(address);
  });

  it.each([
    '',
    ':6783',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '192.0.2.1:http',
    '192.0.2',
    '[2001:db8::1]x',
    'a b',
    '/nope/x',
    '/unix/run%2Fdocker.sock',
    '/dnsaddr/hosts.example',
  ])('is refused when it is %j', (text) => {
    expect(parseDialAddress(text, 6783)).toMatchObject({ ok: false, problem: expect.stringContaining('address') });
  });

  it('loses the peer’s id when it is shown', () => {
    const peer = '12D3KooWFcFqcctk9RQEX2uxtV2741wBPsr4BnSrP7GKM1cUvei4';
    expect(fromMultiaddr(toMultiaddr(`/ip4/192.0.2.1/tcp/6783/p2p/${peer}`))).toBe('192.0.2.1:6783');
    expect(fromMultiaddr(toMultiaddr(`/memory/a/p2p/${peer}`))).toBe('/memory/a');
  });
});
