import { describe, expect, it } from 'vitest';
import type { Address, Cidr } from '../src/record.ts';
import { contains, meet, rangeOf } from '../src/subnet.ts';

describe('a subnet', () => {
  it.each([
    ['172.17.0.0/16', '172.17.255.255', true],
    ['172.17.0.0/16', '172.18.0.0', false],
    ['0.0.0.0/0', '192.0.2.7', true],
    ['0.0.0.0/0', '2001:db8::7', false],
    ['172.17.0.1/16', '172.17.0.0', true],
    ['192.0.2.7/32', '192.0.2.7', true],
    ['192.0.2.7/32', '192.0.2.8', false],
    ['2001:db8::/32', '2001:db8::7', true],
    ['2001:db8::/32', '2001:db9::7', false],
    ['2001:db8:1:2:3:4:5:0/112', '2001:db8:1:2:3:4:5:6', true],
    ['fe80::/10', 'febf::1', true],
    ['::/0', '::', true],
    ['::/0', '192.0.2.7', false],
    ['::ffff:c000:200/120', '192.0.2.7', false],
  ])('%s contains %s: %s', (subnet, address, contained) => {
    expect(contains(subnet as Cidr, address as Address)).toBe(contained);
  });
  it.each([
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.1.0.0/16', '10.0.0.0/8', true],
    ['10.1.0.0/16', '10.2.0.0/16', false],
    ['0.0.0.0/0', '::/0', false],
  ])('%s has addresses in common with %s: %s', (one, other, common) => {
    expect(meet(rangeOf(one as Cidr), rangeOf(other as Cidr))).toBe(common);
  });
});
