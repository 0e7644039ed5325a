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

  it('finds a name at each address that one of its owners has, for as long as one has it', () => {
    const at = (name: string, ...addresses: readonly string[]) =>
      owner(
        hostA,
        container(
          name,
          addresses.map((address) => on(bridgeA, address)),
        ),
      );
    const zone = new Zone<number>();
    const touched = new Set<string>();
    const put = (...owners: readonly ReturnType<typeof owner>[]) =>
      zone.put(entry('web', owners), (each) => touched.add(each));
    const found = (address: string) => zone.named(address).map(({ name }) => name);
    put(at('one', '10.1.0.1'), at('two', '10.1.0.1', '10.1.0.2'));
    expect(['10.1.0.1', '10.1.0.2'].map(found)).toEqual([['web'], ['web']]);
    touched.clear();
    put(at('one', '10.1.0.1'), at('three', '10.1.0.3'));
    expect(['10.1.0.1', '10.1.0.2', '10.1.0.3'].map(found)).toEqual([['web'], [], ['web']]);
    expect(touched).toEqual(new Set(['10.1.0.1', '10.1.0.2', '10.1.0.3']));
    put();
    expect(['10.1.0.1', '10.1.0.3'].map(found)).toEqual([[], []]);
  });
});
