import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deframer, frame } from '../../../src/dns/forward/frame.ts';

describe('messages on a stream', () => {
  it('come out as they went in, wherever the stream cut them', () => {
    const cuts = fc.array(fc.nat(6_000), { maxLength: 20 });
    const messages = fc.array(fc.uint8Array({ maxLength: 3_000 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(messages, cuts, (sent, places) => {
        const stream = Uint8Array.from(sent.flatMap((message) => [...frame(message)]));
        const ends = [...places.filter((place) => place < stream.length), stream.length].toSorted((a, b) => a - b);
        const deframer = new Deframer();
        const out = ends.flatMap((end, index) => deframer.push(stream.subarray(ends[index - 1] ?? 0, end)));
        expect(out).toEqual(sent);
      }),
    );
  });

  it('may be 65,535 octets long, and wait for their ends', () => {
    const message = new Uint8Array(65_535).fill(7);
    const deframer = new Deframer();
    const framed = Uint8Array.from([...frame(message), 0, 1]);
    expect(deframer.push(framed.subarray(0, 40_000))).toHaveLength(0);
    const [whole, ...others] = deframer.push(framed.subarray(40_000));
    expect([Buffer.compare(whole ?? new Uint8Array(), message), others.length]).toEqual([0, 0]);
    expect(deframer.push(Uint8Array.of(9))).toEqual([Uint8Array.of(9)]);
  });

  it('have octets of their own', () => {
    const deframer = new Deframer();
    const [first] = deframer.push(frame(Uint8Array.of(1, 2, 3)));
    deframer.push(frame(Uint8Array.of(4, 5, 6)));
    expect(first).toEqual(Uint8Array.of(1, 2, 3));
  });
});
