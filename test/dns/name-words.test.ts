import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NameWords } from '../../src/dns/name-words.ts';
import { folded, headerOctets } from '../../src/dns/wire.ts';

/** Labels of any octets, those around the letters often: a case that is folded wrongly is one of them. */
const octet = fc.oneof(fc.nat(255), fc.constantFrom(0x40, 0x41, 0x5a, 0x5b, 0x60, 0x61, 0x7a, 0x7b, 0xc1, 0xda, 0xe1));
const labels = fc.array(fc.array(octet, { minLength: 1, maxLength: 12 }), { maxLength: 6 });

describe('a name in words', () => {
  it('is spelled as another if and only if all octets are equal, and equals it in any case of letters', () => {
    fc.assert(
      fc.property(labels, fc.nat(), octet, fc.nat(3), (name, place, changed, shift) => {
        const one = packetOf(name);
        const other = Buffer.from(one);
        const octets = name.flat().length;
        if (octets > 0) other[placeOf(name, place % octets)] = changed;
        const words = new NameWords();
        words.read(other, other.length - 4);
        const page = pageOf(one, shift);
        const first = headerOctets / 4 + shift;
        expect(words.isSpelledAs(page, first)).toBe(one.equals(other));
        expect(words.equals(page, first)).toBe(inLowerCase(one).equals(inLowerCase(other)));
      }),
      { numRuns: 2000 },
    );
  });

  it('is not the one that it begins with', () => {
    const words = new NameWords();
    const short = packetOf([[0x61, 0x62, 0x63]]);
    words.read(short, short.length - 4);
    const long = pageOf(packetOf([[0x61, 0x62, 0x63], [0x64]]), 0);
    expect(words.equals(long, headerOctets / 4)).toBe(false);
    const longest = packetOf([0, 1, 2, 3].map((label) => Array(label < 3 ? 63 : 61).fill(0x61)));
    words.read(longest, longest.length - 4);
    expect(words.equals(pageOf(short, 0), headerOctets / 4)).toBe(false);
  });

  it('has one hash in any case of letters, and never 0', () => {
    fc.assert(
      fc.property(labels, (name) => {
        const packet = packetOf(name);
        const words = new NameWords();
        const hash = words.read(packet, packet.length - 4);
        expect(words.read(inLowerCase(packet), packet.length - 4)).toBe(hash);
        expect(hash).not.toBe(0);
      }),
    );
  });

  it('is written over another in other letters, and over nothing else', () => {
    fc.assert(
      fc.property(labels, fc.nat(3), (name, shift) => {
        const packet = packetOf(name);
        const words = new NameWords();
        words.read(packet, packet.length - 4);
        const page = pageOf(inLowerCase(packet), shift);
        words.spell(page, headerOctets / 4 + shift);
        expect(page).toEqual(pageOf(packet, shift));
      }),
    );
  });

  it('has distinct hashes for numbered names, so that a table of them has short ways', () => {
    const words = new NameWords();
    const hashes = Array.from({ length: 20_000 }, (_, number) => {
      const packet = packetOf([[...Buffer.from(`name${number}`)], [...Buffer.from('weave')]]);
      return words.read(packet, packet.length - 4);
    });
    expect(new Set(hashes).size).toBeGreaterThan(19_900);
    expect(new Set(hashes.map((hash) => hash & 0xffff)).size).toBeGreaterThan(15_000);
  });
});

/** A header, the name, and type and class behind it. */
function packetOf(name: readonly (readonly number[])[]): Buffer {
  const octets = [...name.flatMap((label) => [label.length, ...label]), 0];
  return Buffer.from([...Array(headerOctets).fill(7), ...octets, 0, 1, 0, 1]);
}

/** The offset of the n-th octet of all labels. */
function placeOf(name: readonly (readonly number[])[], index: number): number {
  let at = headerOctets;
  let left = index;
  for (const label of name) {
    if (left < label.length) return at + 1 + left;
    left -= label.length;
    at += 1 + label.length;
  }
  return at;
}

function inLowerCase(packet: Buffer): Buffer {
  return Buffer.from(packet.map((each) => folded[each] ?? 0));
}

/** The packet in a page, some words behind its start. */
function pageOf(packet: Buffer, shift: number): Int32Array {
  const page = new Int32Array(Math.ceil(packet.length / 4) + shift);
  Buffer.from(page.buffer).set(packet, shift * 4);
  return page;
}
