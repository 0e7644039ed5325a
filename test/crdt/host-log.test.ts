import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { envelopeItem } from '../../src/crdt/answers.ts';
import { DocumentWriter } from '../../src/crdt/document.ts';
import { type Envelope, type EnvelopeKind, sealEnvelope } from '../../src/crdt/envelope.ts';
import { nextEpoch } from '../../src/crdt/epoch.ts';
import { HostLog } from '../../src/crdt/host-log.ts';
import { unpackArrival } from '../../src/crdt/packed-envelope.ts';
import { Publisher } from '../../src/crdt/publisher.ts';
import { testSigner } from '../support/signer.ts';

const signer = testSigner(1);
const maxBytes = 16 * 1024 * 1024;
/** Containers of the host whose churn is measured. */
const living = 50;

/** What an owner does: sets or removes a key, or begins again. */
const deed = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      value: fc.option(fc.string(), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.constant('begin' as const) },
);

describe('a log of one host', () => {
  it('says the same in the end, whatever was lost, repeated or came in any order', () => {
    const parts = fc.record({
      deeds: fc.array(deed, { maxLength: 80 }),
      arrivals: fc.array(fc.nat(), { maxLength: 200 }),
    });
    fc.assert(
      fc.property(parts, ({ deeds, arrivals }) => {
        const owner = new Owner();
        for (const each of deeds) owner.do(each);
        const log = new HostLog(maxBytes);
        for (const index of arrivals) receive(log, owner.sent[index % owner.sent.length]);
        for (const envelope of owner.log.after(log.epoch, log.sequence)) receive(log, envelope);
        expect(log.values()).toEqual(owner.truth());
        expect(log.values()).toEqual(owner.log.values());
      }),
      { numRuns: 150 },
    );
  });

  it('takes no snapshot of what is here already that makes it longer than one host may have', () => {
    const owner = new Owner();
    owner.do({ key: 'a', value: 'x'.repeat(1_000) });
    const log = new HostLog(6_000);
    for (let change = 0; change < 3; change += 1) owner.do({ key: 'b', value: `${change}${'y'.repeat(1_000)}` });
    for (const envelope of owner.sent) log.take(envelope);
    const { epoch, sequence, storedBytes } = log;
    expect(storedBytes).toBeGreaterThan(3_000);
    const payload = new DocumentWriter([['a', 'z'.repeat(5_500)]]).state();
    const long = sealEnvelope(signer, 'snapshot', epoch, 2, payload);
    expect(log.wants(long)).toBe(true);
    expect(log.take(long)).toEqual({ type: 'too much' });
    expect(log).toMatchObject({ epoch, sequence, storedBytes });
  });

  it('tells of exactly the values that changed, also when a new epoch replaces all', () => {
    const owner = new Owner();
    owner.do({ key: 'a', value: '1' });
    owner.do({ key: 'b', value: '1' });
    const log = new HostLog(maxBytes);
    for (const envelope of owner.log.after(0, 0)) log.take(envelope);
    const [update] = owner.publisher.change(
      new Map([
        ['b', '2'],
        ['c', '3'],
        ['a', '1'],
      ]),
    );
    expect(update && log.take(update)).toEqual({
      type: 'merged',
      changes: new Map([
        ['b', '2'],
        ['c', '3'],
      ]),
    });
    const snapshot = owner.publisher.begin([
      ['b', '2'],
      ['d', '4'],
    ]);
    expect(log.take(snapshot)).toEqual({
      type: 'merged',
      changes: new Map([
        ['a', undefined],
        ['c', undefined],
        ['d', '4'],
      ]),
    });
  });

  it('keeps the snapshot and the updates after it, and gives each host what it lacks', () => {
    const owner = new Owner();
    for (let step = 0; step < 5; step += 1) owner.do({ key: 'a', value: `${step}` });
    const [snapshot, ...updates] = owner.sent;
    expect(owner.log.after(0, 0)).toEqual([snapshot, ...updates]);
    expect(owner.log.after(owner.log.epoch, 3)).toEqual(updates.slice(2));
    expect(owner.log.after(owner.log.epoch, owner.log.sequence)).toEqual([]);
    expect(owner.log.after(owner.log.epoch + 2 ** 20, 1)).toEqual([]);
  });

  it('is sent as it is kept to those who take that, and verbatim to all others', () => {
    const owner = new Owner();
    owner.do({ key: 'varied', value: createHash('shake256', { outputLength: 2_000 }).digest('hex').repeat(2) });
    owner.do({ key: 'alike', value: 'a'.repeat(200_000) });
    owner.do('begin');
    const [snapshot] = owner.log.after(0, 0);
    const [kept] = owner.log.keptAfter(0, 0);
    if (kept === undefined || snapshot === undefined) throw new Error('a snapshot');
    const verbatim = { type: 'envelope', bytes: snapshot.bytes };
    expect(envelopeItem(kept, false)).toEqual(verbatim);
    // What packs too well would be taken for an attack.
    expect(envelopeItem(kept, true)).toEqual(verbatim);
    owner.do({ key: 'alike', value: undefined });
    owner.do('begin');
    const [usual] = owner.log.keptAfter(0, 0);
    if (usual === undefined) throw new Error('a snapshot');
    expect(envelopeItem(usual, true)).toEqual({ type: 'packed', length: usual.length, held: usual.held });
    expect(unpackArrival(usual.held, usual.length)).toEqual({ ok: true, value: owner.log.after(0, 0)[0]?.bytes });
  });

  it('keeps a long update packed, as it keeps a long snapshot', () => {
    const owner = new Owner();
    owner.do({ key: 'a', value: JSON.stringify(Array.from({ length: 1_000 }, (_, index) => `container ${index}`)) });
    const [, update] = owner.log.keptAfter(0, 0);
    expect(update?.packed).toBe(true);
    expect(update?.held.length).toBeLessThan((update?.length ?? 0) / 2);
    const octets = (envelopes: readonly Envelope[]) => envelopes.map(({ bytes }) => Buffer.from(bytes));
    expect(octets(owner.log.after(0, 0))).toEqual(octets(owner.sent));
  });

  it('takes no more than one host may store', () => {
    const owner = new Owner();
    owner.do({ key: 'a', value: 'x'.repeat(5_000) });
    const log = new HostLog(4_000);
    expect(owner.sent.map((envelope) => log.take(envelope).type)).toEqual(['merged', 'too much']);
    expect(log.storedBytes).toBeLessThan(4_000);
  });

  it('keeps what came early only as far as one host may store, and counts it', () => {
    const owner = new Owner();
    for (let step = 0; step < 12; step += 1) owner.do({ key: `${step}`, value: 'x'.repeat(500) });
    const [snapshot, , ...early] = owner.sent;
    const log = new HostLog(4_000);
    receive(log, snapshot);
    for (const update of early) receive(log, update);
    expect(log.storedBytes).toBeGreaterThan(3_000);
    expect(log.storedBytes).toBeLessThan(4_000);
    expect(log.sequence).toBe(1);
  });

  it('is read again from the next snapshot after an update that could not be read', () => {
    const writer = new DocumentWriter([['a', '1']]);
    const [log, snapshot] = [new HostLog(maxBytes), () => writer.state()];
    const change = (key: string) => writer.change(new Map([[key, '2']])) ?? new Uint8Array();
    const take = (kind: EnvelopeKind, sequence: number, payload: Uint8Array) =>
      log.take(sealEnvelope(signer, kind, 1, sequence, payload));
    expect(take('snapshot', 1, snapshot()).type).toBe('merged');
    change('lost');
    expect(take('update', 2, Uint8Array.of(9)).type).toBe('spoiled');
    expect(take('update', 3, change('b')).type).toBe('spoiled');
    expect(log.spoiled).toBe(true);
    const changes = new Map([
      ['lost', '2'],
      ['b', '2'],
    ]);
    expect(take('snapshot', 3, snapshot())).toEqual({ type: 'merged', changes });
    expect(take('update', 4, change('c'))).toEqual({ type: 'merged', changes: new Map([['c', '2']]) });
    expect([...log.values().keys()].sort()).toEqual(['a', 'b', 'c', 'lost']);
    expect(log.spoiled).toBe(false);
  });

  it('is as short after three thousand starts and stops as it would be fresh', () => {
    const owner = new Owner();
    for (let step = 0; step < 3_000; step += 1) {
      owner.do({ key: `container${step}`, value: `{"id":"container${step}",${' '.repeat(450)}}` });
      if (step >= living) owner.do({ key: `container${step - living}`, value: undefined });
    }
    const fresh = new DocumentWriter(owner.truth()).state().length;
    const snapshot = owner.log.after(0, 0)[0]?.bytes.length ?? 0;
    expect(owner.log.values().size).toBe(living);
    expect(snapshot).toBeLessThan(1.2 * fresh);
    expect(owner.log.storedBytes).toBeLessThan(2 * fresh);
  });
});

describe('epochs', () => {
  it('grow, and differ between two lives that lost their count', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 30),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (previous, chance) => {
          expect(nextEpoch(previous, chance)).toBeGreaterThan(previous);
        },
      ),
    );
    expect(nextEpoch(0, 0.25)).not.toBe(nextEpoch(0, 0.75));
  });
});

/** The owner of a log, and everything it ever sent. */
class Owner {
  readonly publisher: Publisher;
  readonly log = new HostLog(maxBytes);
  readonly sent: Envelope[] = [];
  readonly #truth = new Map<string, string>();
  #epoch = 0;

  constructor() {
    this.publisher = new Publisher(signer, () => {
      this.#epoch = nextEpoch(this.#epoch, 0.5);
      return this.#epoch;
    });
    this.publisher.jump();
    this.#say([this.publisher.begin([])]);
  }

  do(each: { readonly key: string; readonly value: string | undefined } | 'begin'): void {
    if (each !== 'begin' && each.value === undefined) this.#truth.delete(each.key);
    if (each !== 'begin' && each.value !== undefined) this.#truth.set(each.key, each.value);
    const change = () => (each === 'begin' ? [] : this.publisher.change(new Map([[each.key, each.value]])));
    this.#say(each === 'begin' ? [this.publisher.begin(this.#truth)] : change());
  }

  truth(): Map<string, string> {
    return this.#truth;
  }

  #say(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) this.log.take(envelope);
    if (this.sent.length < 1_000) this.sent.push(...envelopes);
  }
}

function receive(log: HostLog, envelope: Envelope | undefined): void {
  if (envelope === undefined || !log.wants(envelope)) return;
  for (let next: Envelope | undefined = envelope; next !== undefined; next = log.nextEarly()) log.take(next);
}
