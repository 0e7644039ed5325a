import { describe, expect, it } from 'vitest';
import { Zone } from '../../src/dns/zone.ts';
import { heldBy } from '../support/held-by.ts';
import { bridgeA, container, entry, hostA, on, owner } from './zone-words.ts';

describe('a zone', () => {
  it('holds a container with two names in less than 300 octets beside its records', () => {
    const entries = Array.from({ length: 10_000 }, (_, index) => {
      const owners = [owner(hostA, container(`name${index}`, [on(bridgeA, `10.1.${index >> 8}.${index & 255}`)]))];
      return [entry(`name${index}`, owners), entry(`id${index}`, owners)];
    }).flat();
    const held = heldBy(() => {
      const zone = new Zone<number>();
      for (const each of entries) zone.put(each);
      return zone;
    });
    expect(held / 10_000).toBeLessThan(300);
  });
});
