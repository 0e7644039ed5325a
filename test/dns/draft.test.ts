import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressRr, rr } from '../../src/dns/draft.ts';
import { rrType } from '../../src/dns/wire.ts';
import { parseAddress } from '../../src/record.ts';

describe('the record of an address', () => {
  it('is what the packet library makes of it', () => {
    const ttl = fc.oneof(fc.nat(100_000), fc.constantFrom(0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff));
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), ttl, (text, ttlSeconds) => {
        const parsed = parseAddress(text);
        if (!parsed.ok) return;
        const type = parsed.value.includes(':') ? rrType.AAAA : rrType.A;
        const made = addressRr('node0.weave.local', ttlSeconds, parsed.value);
        const { owner, octets } = rr('node0.weave.local', ttlSeconds, { type, address: parsed.value });
        expect(made.owner).toBe(owner);
        expect(Buffer.from(made.octets).equals(octets)).toBe(true);
      }),
    );
  });
});
