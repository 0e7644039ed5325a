import { describe, expect, it } from 'vitest';
import { Permission } from '../../../src/dns/forward/permission.ts';
import { Routes } from '../../../src/dns/forward/routes.ts';

const own = (address: string) => address === '198.51.100.1';

describe('which upstreams are used', () => {
  it.each([
    ['our own address and port', '192.0.2.1', 53, false],
    ['our own address on another port', '192.0.2.1', 54, true],
    ['an address of this host where we listen on all', '198.51.100.1', 5353, false],
    ['the loopback where we listen on all', '127.0.0.9', 5353, false],
    ['all addresses where we listen on all', '0.0.0.0', 5353, false],
    ['an address of this host on another port', '198.51.100.1', 53, true],
    ['Docker’s resolver', '127.0.0.11', 53, false],
    ['the stub of systemd-resolved', '127.0.0.53', 53, true],
    ['anybody else', '203.0.113.53', 53, true],
  ])('%s', (_, address, port, used) => {
    const routes = create();
    routes.setDefaults([{ address, port }]);
    expect(routes.upstreams).toHaveLength(used ? 1 : 0);
    expect(routes.skipped).toHaveLength(used ? 0 : 1);
  });

  it('names each once, and keeps what is known of those that stay', () => {
    const routes = create();
    const [one, two] = [
      { address: '203.0.113.1', port: 53 },
      { address: '203.0.113.2', port: 53 },
    ];
    expect(routes.setDefaults([one, one, two])).toBe(true);
    const [first] = routes.upstreams;
    first?.answered(20);
    expect(routes.setDefaults([two, one])).toBe(true);
    expect(routes.setDefaults([two, one])).toBe(false);
    expect(routes.upstreams.map(({ endpoint, rttMs }) => [endpoint.address, rttMs])).toEqual([
      ['203.0.113.2', undefined],
      ['203.0.113.1', 20],
    ]);
  });
});

describe('who may ask', () => {
  const permission = new Permission(
    ['10.0.0.0/8', '2001:db8::/32', 'nonsense', '192.0.2.0/99'],
    own,
    (address) => address === '172.17.0.2',
  );

  it.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['10.255.0.1', true],
    ['::ffff:10.255.0.1', true],
    ['2001:db8:1::1', true],
    ['172.17.0.2', true],
    ['198.51.100.1', true],
    ['192.0.2.1', false],
    ['2001:db9::1', false],
    ['fe80::1%eth0', false],
    ['nonsense', false],
    ['', false],
  ])('%s: %s', (address, allowed) => {
    expect(permission.allows(address)).toBe(allowed);
  });

  it('follows the ranges it is given', () => {
    const changing = new Permission(['10.0.0.0/8'], own, () => false);
    changing.setRanges(['192.0.2.0/24']);
    expect(['10.0.0.1', '192.0.2.1'].map((address) => changing.allows(address))).toEqual([false, true]);
  });
});

function create(): Routes {
  const listen = [
    { address: '192.0.2.1', port: 53 },
    { address: '0.0.0.0', port: 5353 },
  ];
  return new Routes({ listen, perDomain: [], failures: 3, isOwn: own });
}
