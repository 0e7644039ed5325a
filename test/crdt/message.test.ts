import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkAhead,
  decodeEnvelope,
  type EnvelopeKind,
  sealEnvelope,
  verifyEnvelope,
} from '../../src/crdt/envelope.ts';
import { type Item, ItemReader, toChunks } from '../../src/crdt/item.ts';
import { decodeRequest, encodeRequest, type Request } from '../../src/crdt/request.ts';
import { decodeSignOfLife, dialledBy, encodeSignOfLife, endingOf } from '../../src/crdt/sign-of-life.ts';
import { decodeEdit, encodeEdit } from '../../src/crdt/static-edit.ts';
import { kindNumbers } from '../../src/crdt/wire.ts';
import { testSigner } from '../support/signer.ts';

const signer = testSigner(1);
const host = fc.integer({ min: 1, max: 5 }).map((number) => testSigner(number).hostId);
const whole = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 300 });
const kind = fc.constantFrom(...(Object.keys(kindNumbers) as EnvelopeKind[]));
const clock = fc.record({ host, epoch: whole, sequence: whole, beatEpoch: whole, beat: whole });
const seen = fc.array(fc.tuple(host, whole), { maxLength: 5 }).map((pairs) => new Map(pairs));
const dot = fc.record({ writer: host, number: whole, index: fc.nat(9) });
const summary = fc.record(
  { seen, alive: fc.array(dot), hash: fc.uint8Array({ minLength: 16, maxLength: 16 }) },
  { requiredKeys: ['seen', 'alive'] },
);
const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ type: fc.constant('compare' as const), hash: bytes }),
  fc.record({ type: fc.constant('ask' as const), about: fc.array(clock) }),
  fc.record({ type: fc.constant('pull' as const), whole: fc.boolean(), have: fc.array(clock) }),
  fc.record({
    type: fc.constant('pull' as const),
    whole: fc.boolean(),
    have: fc.array(clock),
    statics: fc.record({ hash: bytes, seen }),
  }),
  fc.record({
    type: fc.constant('pull' as const),
    whole: fc.boolean(),
    have: fc.array(clock),
    takesPacked: fc.constant(true as const),
  }),
);
const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record({ type: fc.constant('verdict' as const), same: fc.boolean() }),
  fc.record({ type: fc.constant('envelope' as const), bytes: fc.uint8Array({ maxLength: 200_000, size: 'medium' }) }),
  fc.record({ type: fc.constant('packed' as const), length: whole, held: bytes }),
  fc.record({ type: fc.constant('heard' as const), ageMs: fc.nat(), bytes }),
  fc.record({ type: fc.constant('forgotten' as const), host, epoch: whole, beat: whole }),
  fc.record({ type: fc.constant('alive' as const), summary }),
);

describe('an envelope', () => {
  it('is read as it was written, and carries its owner’s signature', () => {
    fc.assert(
      fc.property(kind, whole, whole, bytes, (each, epoch, sequence, payload) => {
        const sealed = sealEnvelope(signer, each, epoch, sequence, payload);
        const read = decodeEnvelope(sealed.bytes);
        expect(read).toMatchObject({ ok: true, value: { kind: each, owner: signer.hostId, epoch, sequence } });
        if (!read.ok) return;
        expect(Buffer.from(read.value.payload)).toEqual(Buffer.from(payload));
        expect(verifyEnvelope(signer, read.value)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('is checked once, where that was done ahead', async () => {
    const sealed = sealEnvelope(signer, 'update', 5, 6, Buffer.from('payload'));
    const forged = { ...sealed, owner: testSigner(2).hostId };
    const [good, bad] = [await checkAhead(signer, sealed), await checkAhead(signer, forged)];
    const verify = () => expect.unreachable('checked again');
    expect([good, bad].map((each) => verifyEnvelope({ ...signer, verify }, each))).toEqual([true, false]);
  });

  it('is refused or unsigned when any bit of it is changed', () => {
    const { bytes: original } = sealEnvelope(signer, 'update', 5, 6, Buffer.from('payload'));
    for (let bit = 0; bit < original.length * 8; bit += 1) {
      const changed = original.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const read = decodeEnvelope(changed);
      expect(read.ok && verifyEnvelope(signer, read.value)).toBe(false);
    }
  });
});

describe('messages', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(request, (each) => {
        const read = decodeRequest(encodeRequest(each));
        expect(read.ok && comparable(read.value)).toEqual(comparable(each));
      }),
    );
    const sign = { beat: 7, restarting: true, intervalMs: 1_000, edited: 9 };
    const beat = sealEnvelope(signer, 'heartbeat', 1, 2, encodeSignOfLife(sign));
    expect(decodeSignOfLife(beat)).toEqual({ ok: true, value: sign });
    const dialled = [2, 3].map((number) => testSigner(number).hostId);
    const telling = sealEnvelope(signer, 'heartbeat', 1, 2, encodeSignOfLife({ ...sign, dialled }));
    expect(decodeSignOfLife(telling)).toEqual({ ok: true, value: sign });
    expect(dialledBy(telling)).toEqual(dialled.map(endingOf));
    expect(dialledBy({ ...beat, payload: beat.payload.subarray(0, -1) })).toEqual([]);
    const about = { host: testSigner(2).hostId, epoch: 3, beat: 4 };
    const doubt = sealEnvelope(signer, 'doubt', 1, 2, encodeSignOfLife({ ...sign, about }));
    expect(decodeSignOfLife(doubt)).toEqual({ ok: true, value: { ...sign, about } });
    const removed = [{ writer: signer.hostId, number: 5, index: 1 }];
    const edit = sealEnvelope(signer, 'edit', 1, 9, encodeEdit(5, removed, ['{}']));
    expect(decodeEdit(edit)).toMatchObject({ ok: true, value: { previous: 5, removed, added: ['{}'], number: 9 } });
  });

  it('never throw, whatever they are made of', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        decodeRequest(noise);
        decodeEnvelope(noise);
        const signed = sealEnvelope(signer, 'heartbeat', 1, 1, noise);
        for (const kindOfIt of ['heartbeat', 'doubt'] as const) decodeSignOfLife({ ...signed, kind: kindOfIt });
        decodeEdit(signed);
        new ItemReader(1_000).push(noise);
      }),
      { numRuns: 500 },
    );
  });
});

describe('answers', () => {
  it('arrive whole, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), fc.integer({ min: 100, max: 70_000 }), (items, cut) => {
        const reader = new ItemReader(1_000_000);
        const read: Item[] = [];
        for (const chunk of toChunks(items))
          for (let from = 0; from < chunk.length; from += cut) {
            const part = reader.push(chunk.subarray(from, from + cut));
            if (part.ok) read.push(...part.value);
          }
        expect(read.map(comparable)).toEqual(items.map(comparable));
      }),
      { numRuns: 40 },
    );
  });

  it('come in chunks of at most 64 KiB', () => {
    const items: Item[] = Array.from({ length: 50 }, () => ({ type: 'envelope', bytes: new Uint8Array(9_000) }));
    const sizes = Array.from(toChunks(items), (chunk) => chunk.length);
    expect(Math.max(...sizes)).toBe(65_536);
    expect(sizes.length).toBe(Math.ceil((50 * 9_000) / 65_536));
  });

  it('are refused when an item is longer than any may be', () => {
    const [chunk] = toChunks([{ type: 'envelope', bytes: new Uint8Array(5_000) }]);
    expect(new ItemReader(1_000).push(chunk ?? new Uint8Array())).toEqual({ ok: false, problem: 'too large' });
    const endless = new Uint8Array(100).fill(0xff);
    expect(new ItemReader(1_000).push(endless)).toMatchObject({ ok: false });
  });

  it('leave out items of a later version', () => {
    expect(new ItemReader(1_000).push(Uint8Array.from([2, 99, 1, 2, 1, 1]))).toEqual({
      ok: true,
      value: [{ type: 'unknown' }, { type: 'verdict', same: true }],
    });
  });
});

/** The same in plain values, so that views and buffers compare. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, each) => {
      if (each instanceof Map) return [...each];
      return each instanceof Uint8Array ? Buffer.from(each).toString('hex') : each;
    }),
  );
}
