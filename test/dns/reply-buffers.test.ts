import { describe, expect, it } from 'vitest';
import { ReplyBuffers } from '../../src/dns/reply-buffers.ts';

describe('buffers of replies', () => {
  it('are used again once everything was sent', () => {
    const buffers = new ReplyBuffers();
    buffers.watch(() => 0);
    const seen = new Set(Array.from({ length: 1000 }, () => buffers.take(90)));
    expect(seen.size).toBeLessThan(100);
  });

  it('are left alone while any socket has not sent them', () => {
    const buffers = new ReplyBuffers();
    let queued = 0;
    buffers.watch(() => 0);
    const forget = buffers.watch(() => queued);
    const before = Array.from({ length: 20 }, () => buffers.take(90));
    queued = 20;
    const meanwhile = Array.from({ length: 200 }, () => buffers.take(90));
    for (const buffer of before) expect(meanwhile.includes(buffer)).toBe(false);
    expect(new Set(meanwhile).size).toBe(200);
    forget();
    expect(new Set(Array.from({ length: 1000 }, () => buffers.take(90))).size).toBeLessThan(100);
  });

  it('have the length that was asked for', () => {
    const buffers = new ReplyBuffers();
    for (const octets of [12, 512, 1232, 4096, 65_535]) expect(buffers.take(octets)).toHaveLength(octets);
  });
});
