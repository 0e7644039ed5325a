import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/crdt/codec.ts';
import { Gone, maxRuns } from '../../src/crdt/static-gone.ts';
import { testSigner } from '../support/signer.ts';

const writer = testSigner(1).hostId;
const numbers = fc.array(fc.nat(60), { maxLength: 30 });

describe('edits that are gone', () => {
  it('are those that were added, however they were joined, and no others', () => {
    fc.assert(
      fc.property(numbers, numbers, (some, more) => {
        const joined = goneOf(some);
        joined.join(goneOf(more));
        const all = new Set([...some, ...more]);
        for (let number = 0; number <= 61; number += 1) expect(joined.has(writer, number)).toBe(all.has(number));
        expect(joined.last(writer)).toBe(Math.max(0, ...all));
        expect(joined.includes(goneOf(some))).toBe(true);
        expect(goneOf(some).includes(joined)).toBe(more.every((number) => some.includes(number)));
      }),
    );
  });

  it('are the same after a passage over the wire', () => {
    fc.assert(
      fc.property(numbers, (some) => {
        const read = decode(
          encode((to) => goneOf(some).write(to)),
          Gone.read,
        );
        if (!read.ok) throw new Error(read.problem);
        for (let number = 0; number <= 61; number += 1)
          expect(read.value.has(writer, number)).toBe(some.includes(number));
      }),
    );
  });

  it('take a few octets for a life of edits', () => {
    const gone = goneOf(Array.from({ length: 100_000 }, (_, index) => 2 ** 40 + index));
    expect(encode((to) => gone.write(to)).length).toBeLessThan(70);
  });

  it('are refused where they are more runs than anybody needs to tell', () => {
    const odd = (count: number) => goneOf(Array.from({ length: count }, (_, index) => 2 * index + 1));
    expect(
      decode(
        encode((to) => odd(maxRuns).write(to)),
        Gone.read,
      ).ok,
    ).toBe(true);
    expect(
      decode(
        encode((to) => odd(maxRuns + 1).write(to)),
        Gone.read,
      ).ok,
    ).toBe(false);
  });
});

function goneOf(some: readonly number[]): Gone {
  const gone = new Gone();
  gone.add(writer, some);
  return gone;
}
