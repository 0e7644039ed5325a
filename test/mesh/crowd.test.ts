import { describe, expect, it } from 'vitest';
import { oldestOfMost } from '../../src/mesh/crowd.ts';

const goes = (...addresses: string[]) => {
  const waiting = addresses.map((address, index) => ({ address, index }));
  return oldestOfMost(waiting)?.index;
};

describe('who makes room at the port', () => {
  it('is the oldest of the address that has most places', () => {
    expect(goes()).toBeUndefined();
    expect(goes('192.0.2.1', '192.0.2.2', '192.0.2.3')).toBe(0);
    expect(goes('192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.2', '192.0.2.2')).toBe(1);
  });

  it('is one of the IPv6 network that comes from ever another address of its own', () => {
    expect(goes('2001:db8:0:1::1', '192.0.2.1', '2001:db8:0:2::1', '2001:db8:0:2::2')).toBe(2);
    expect(goes('2001:db8::1', '2001:db8:0:1::1', '2001:db8:0:1:a:b:c:d')).toBe(1);
    expect(goes('::ffff:192.0.2.1', '::ffff:192.0.2.2', '2001:db8::1', '2001:db8::2')).toBe(2);
  });

  it('is not a host of a crowded network where another address holds more', () => {
    expect(goes('2001:db8::1', '2001:db8::2', '2001:db8::3', '192.0.2.1', '192.0.2.1')).toBe(3);
  });
});
