import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deframer, frame } from '../../../src/dns/forward/frame.ts';

describe('messages on a stream', () => {
  it('come out as they went in, wherever the stream cut them', () => {
    const cuts = fc.array(fc.nat(4_000), { maxLength: 20 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 4_000 }), cuts, (message, places) => {
        const framed = frame(message);
        const ends = [...places.filter((place) => place < framed.length), framed.length].toSorted((a, b) => a - b);
        const deframer = new Deframer();
        const out = ends.map((end, index) => deframer.push(framed.subarray(ends[index - 1] ?? 0, end)));
        expect(out.filter((piece) => piece !== undefined).at(-1)).toEqual(message);
      }),
    );
  });

  it('may be 65,535 octets long, and not followed by anything', () => {
    const message = new Uint8Array(65_535).fill(7);
    expect(new Deframer().push(frame(message))).toEqual(message);
    expect(new Deframer().push(Uint8Array.from([...frame(message), 0]))).toBe('excess');
    expect(new Deframer().push(Uint8Array.from([0, 1, 7, 0]))).toBe('excess');
  });
});
