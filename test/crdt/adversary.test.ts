import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { DocumentWriter } from '../../src/crdt/document.ts';
import { decodeEnvelope, type EnvelopeKind, kindOf, sealEnvelope } from '../../src/crdt/envelope.ts';
import { type Item, toChunks } from '../../src/crdt/item.ts';
import { hostToJson } from '../../src/crdt/record-json.ts';
import { decodeRequest, type Request } from '../../src/crdt/request.ts';
import type { Signer } from '../../src/crdt/signer.ts';
import { contentOf, encodeEdit } from '../../src/crdt/static-edit.ts';
import type { TransportHandler, Verdict } from '../../src/crdt/transport.ts';
import type { HostId } from '../../src/record.ts';
import type { Result } from '../../src/result.ts';
import { CrdtLab, containerRecord, hostRecord, name, sent, staticRecord } from '../support/crdt-lab.ts';
import { documentOf, forge, noise, signOfLife } from '../support/forgery.ts';
import { bufferBytes } from '../support/held-by.ts';
import type { MemoryMesh } from '../support/memory-mesh.ts';
import { testSigner } from '../support/signer.ts';

describe('a member that lies', () => {
  it('cannot say anything for another host', async () => {
    const { lab, one, mallory } = await trio();
    const before = one.show();
    const forged = documentOf({ 'container/c1': sent(one.id, containerRecord(one.id, 'c1', ['mine'], '10.6.6.6')) });
    for (const kind of ['snapshot', 'update', 'farewell', 'heartbeat', 'doubt', 'forget', 'edit'] as const)
      mallory.mesh.broadcast(forge(mallory.signer, one.id, kind, 2 ** 40, 9, forged));
    await lab.run(5_000);
    for (const host of lab.hosts) {
      expect(host.show()).toBe(before);
      expect(offences(host, mallory.id)).toMatchObject({ 'wrong signature': 5, malformed: 2 });
    }
  });

  it('cannot change a bit of what another host said', async () => {
    const { lab, one, two, mallory } = await trio();
    const [original] = mallory.heardFrom(one.id);
    if (original === undefined) throw new Error('an envelope of the first host');
    for (let index = 0; index < original.length; index += 7) {
      const changed = original.slice();
      changed[index] = (changed[index] ?? 0) ^ 1;
      two.replica.received(mallory.id, changed);
    }
    await lab.run(100);
    expect(two.answers('mine')).toEqual(['10.1.0.1']);
  });

  it('cannot bring back what a host said before', async () => {
    const { lab, one, two, mallory } = await trio();
    const old = mallory.heardFrom(one.id);
    one.remove('c1');
    await lab.run(100);
    await one.stop('restart');
    await one.start();
    await lab.run(2_000);
    for (const bytes of old) mallory.mesh.broadcast(bytes);
    await lab.run(100);
    expect(two.answers('mine')).toEqual([]);
    expect(two.status(one)).toBe('alive');
    await one.crash();
    await lab.until(() => two.status(one) === 'quiet', 10_000);
    for (const bytes of mallory.heardFrom(one.id)) mallory.mesh.broadcast(bytes);
    await lab.run(100);
    expect(two.status(one)).toBe('quiet');
  });

  it('is parted from when it says again and again what a host said in an epoch that is over', async () => {
    const { lab, one, two, mallory } = await trio();
    const old = mallory.heardFrom(one.id);
    await one.stop('restart');
    await one.start();
    await lab.run(2_000);
    for (let round = 0; round < 30; round += 1) {
      for (const bytes of old) mallory.mesh.broadcast(bytes);
      await lab.run(50);
    }
    for (const host of [one, two]) {
      const { 'stale epoch': stale = 0, repeated = 0 } = offences(host, mallory.id);
      expect(stale).toBeGreaterThan(0);
      expect(stale + repeated).toBeGreaterThan(20);
      expect(host.mesh.neighbours()).not.toContain(mallory.id);
      expect(host.mesh.blamed().map(({ peer }) => peer)).toEqual([mallory.id]);
    }
  });

  it('is parted from when it floods and goes on, and those who passed it on are not', async () => {
    const { lab, one, two, mallory } = await trio();
    lab.net.cut(mallory.id, two.id);
    mallory.publish({ host: hostRecord('mallory') });
    for (let number = 0; number < 12_000; number += 1) mallory.send('heartbeat', signOfLife(number + 10));
    await lab.run(1_000);
    expect(one.mesh.neighbours()).not.toContain(mallory.id);
    expect(two.mesh.blamed()).toEqual([]);
    expect(two.mesh.neighbours()).toContain(one.id);
  });

  it('is parted from when it sends garbage and huge frames', async () => {
    const { lab, one, mallory } = await trio();
    for (let length = 0; length < 40; length += 1) mallory.mesh.broadcast(noise(length * 17, length));
    mallory.mesh.broadcast(new Uint8Array(lab.options.maxHostBytes + 1).fill(1));
    await lab.run(1_000);
    expect(one.mesh.neighbours()).not.toContain(mallory.id);
    expect(one.answers('mine')).toEqual(['10.1.0.1']);
    expect(Object.keys(offences(one, mallory.id)).length).toBeGreaterThan(0);
  });

  it('fills no memory by flooding, nor the mesh', async () => {
    const { lab, one, two, mallory } = await trio();
    mallory.publish({ host: hostRecord('mallory') });
    for (let number = 0; number < 2_500; number += 1)
      mallory.change({
        'container/x': sent(mallory.id, containerRecord(mallory.id, 'x', [`flood${number}`], '10.6.0.1')),
      });
    await lab.run(1_000);
    const { envelopes, storedBytes } = one.replica.stats();
    expect(envelopes.flood).toBeGreaterThan(1_000);
    expect(storedBytes).toBeLessThan(2 * 1024 * 1024);
    one.put(one.container('c9', ['after'], '10.1.0.9'));
    await lab.run(100);
    expect(two.answers('after')).toEqual(['10.1.0.9']);
  });

  it('fills no memory with invented hosts', async () => {
    const { lab, one } = await trio({ maxHosts: 20 });
    for (let number = 100; number < 200; number += 1)
      one.replica.received(one.id, sealEnvelope(testSigner(number), 'heartbeat', 1, 0, signOfLife(1)).bytes);
    await lab.run(100);
    expect(one.directory.hosts().length).toBeLessThanOrEqual(21);
    expect(one.replica.stats().envelopes['no room']).toBeGreaterThan(70);
  });

  it('keeps no long log from being told anew, as long as that is no longer, by filling the store', async () => {
    const { lab, one, two, mallory } = await trio({ maxStoredBytes: 100_000, fairShareBytes: 8_000 });
    for (let index = 0; index < 100; index += 1) one.truth.set(`x${index}`, one.container(`x${index}`, [`x${index}`]));
    one.list();
    await lab.run(2_000);
    const before = two.replica.stats().storedBytes;
    mallory.publishJson({ 'container/x': 'x'.repeat(99_500 - before) });
    await lab.run(2_000);
    expect(two.replica.stats().storedBytes).toBeGreaterThan(99_000);
    await one.stop('restart');
    for (let index = 0; index < 10; index += 1) one.truth.delete(`x${index}`);
    await one.start();
    await lab.until(() => two.answers('x1').length === 0, 10_000);
    expect(two.answers('x99')).toEqual(['10.0.0.1']);
  });

  it('silences no host with a long log by filling the store to the last octet', async () => {
    const { lab, one, two, mallory } = await trio({
      maxStoredBytes: 100_000,
      fairShareBytes: 8_000,
      preserveMs: 1_000,
    });
    for (let index = 0; index < 100; index += 1) one.truth.set(`x${index}`, one.container(`x${index}`, [`x${index}`]));
    one.list();
    await lab.run(2_000);
    mallory.publishJson({ 'container/x': 'x'.repeat(99_500 - two.replica.stats().storedBytes) });
    await lab.run(1_000);
    mallory.change({ 'container/y': { fill: 'y'.repeat(99_800 - two.replica.stats().storedBytes) } });
    await lab.run(1_000);
    expect(two.replica.stats().storedBytes).toBeGreaterThan(99_950);
    one.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    await lab.run(20_000);
    expect(two.status(one)).toBe('alive');
    expect(two.answers('db')).toEqual(['192.0.2.7']);
  });

  it('fills no memory with long signs of life', async () => {
    const { lab, one, mallory } = await trio();
    const long = Buffer.concat([signOfLife(1), noise(60_000, 1)]);
    for (let number = 100; number < 120; number += 1)
      one.replica.received(mallory.id, sealEnvelope(testSigner(number), 'heartbeat', 1, 0, long).bytes);
    await lab.run(100);
    expect(one.directory.hosts()).toHaveLength(2);
    expect(offences(one, mallory.id)['too large']).toBeGreaterThan(10);
  });

  it('fills no memory with what is short and comes packed', async () => {
    const { lab, one, mallory } = await trio();
    const hosts = 500;
    const signs = Array.from({ length: hosts }, (_, number) =>
      sealEnvelope(testSigner(1_000 + number), 'heartbeat', 1, 0, signOfLife(1)),
    );
    mallory.answersWith(
      signs.map(({ bytes }) => ({ type: 'packed', length: bytes.length, held: zstdCompressSync(bytes) })),
    );
    lab.net.cut(one.id, mallory.id);
    await lab.run(10_000);
    const before = bufferBytes();
    lab.net.heal();
    await lab.until(() => one.directory.hosts().length > hosts);
    expect((bufferBytes() - before) / hosts).toBeLessThan(8_000);
  });

  it('spoils only its own records with updates that no document writes', async () => {
    const { lab, one, two, mallory } = await trio();
    mallory.publish({ host: hostRecord('mallory') });
    await lab.run(10);
    for (const payload of badUpdates()) mallory.send('update', payload);
    await lab.run(1_000);
    for (const host of [one, two]) {
      expect(host.answers('mine')).toEqual(['10.1.0.1']);
      expect(offences(host, mallory.id).spoiled).toBe(badUpdates().length);
    }
    mallory.publish({
      host: hostRecord('mallory'),
      'container/x': sent(mallory.id, containerRecord(mallory.id, 'x', ['fine'], '10.6.0.1')),
    });
    await lab.run(1_000);
    expect(two.answers('fine')).toEqual(['10.6.0.1']);
    for (const host of [one, two]) expect(host.directory.quarantine()).toEqual([]);
  });

  it('has its bad records shown and its good ones used', async () => {
    const { lab, one, two, mallory } = await trio();
    const good = sent(mallory.id, containerRecord(mallory.id, 'good', ['fine'], '10.6.0.1'));
    mallory.publishJson({
      host: hostToJson(hostRecord('mallory'), mallory.id),
      'container/good': JSON.stringify(good),
      'container/a': '{"id":',
      'container/b': JSON.stringify({ ...good, names: ['UPPER case'] }),
      'container/c': JSON.stringify({ ...good, addresses: [{ address: '10.6.0.1', network: 'own:x' }] }),
      'container/d': JSON.stringify({
        ...good,
        addresses: [{ address: '10.0.0.256', network: 'x', networkName: '' }],
      }),
      'container/e': JSON.stringify(containerRecord(one.id, 'e', ['theft'])),
      'container/f': JSON.stringify({ ...good, image: 'x'.repeat(40_000) }),
      'container/g': JSON.stringify({ ...good, state: 'hibernating' }),
      'later/version': 'whatever it means',
    });
    await lab.run(1_000);
    expect(two.answers('fine')).toEqual(['10.6.0.1']);
    expect(two.answers('theft')).toEqual([]);
    const bad = two.directory.quarantine().map(({ key, problem }) => `${key}: ${problem}`);
    expect(bad.sort()).toEqual([
      'a: record is not JSON',
      'b: name "UPPER case" has the label "upper case": only letters, digits, "_" and inner "-" are allowed',
      'c: networkName is not a text',
      expect.stringContaining('d: address "10.0.0.256"'),
      'e: network is neither a shared network nor one of its own host',
      'f: record is longer than 32768 characters',
      'g: state is none of running, paused, draining',
    ]);
    expect(two.directory.hosts().find(({ id }) => id === mallory.id)).toMatchObject({ records: 1, badRecords: 7 });
  });

  it('gains nothing by packing too much into a few octets, or something else than it says', async () => {
    const { lab, one, mallory } = await trio();
    const before = one.show();
    const bomb = zstdCompressSync(new Uint8Array(8 * 1024 * 1024));
    const forged = forge(mallory.signer, one.id, 'snapshot', 2 ** 40, 9, noise(8_000, 1));
    mallory.answersWith([
      { type: 'packed', length: 8 * 1024 * 1024, held: bomb },
      { type: 'packed', length: lab.options.maxHostBytes + 1, held: bomb },
      { type: 'packed', length: 5_000, held: zstdCompressSync(noise(5_001, 1)) },
      { type: 'packed', length: 5_000, held: noise(5_000, 2) },
      { type: 'packed', length: 0, held: new Uint8Array() },
      { type: 'packed', length: forged.length, held: zstdCompressSync(forged) },
    ]);
    lab.net.cut(one.id, mallory.id);
    await lab.run(10_000);
    lab.net.heal();
    await lab.until(() => offences(one, mallory.id)['wrong signature'] !== undefined);
    expect(offences(one, mallory.id)).toMatchObject({ malformed: expect.any(Number), 'too large': expect.any(Number) });
    expect(offences(one, mallory.id).malformed).toBe(4 * (offences(one, mallory.id)['too large'] ?? 0));
    expect(one.show()).toBe(before);
  });

  it('gains nothing by answering requests with garbage, or without end', async () => {
    const { lab, one, two, mallory } = await trio();
    mallory.answers = async function* () {
      yield noise(1_000, 1);
      for (let chunk = 0; chunk < 1_000; chunk += 1) yield noise(65_536, chunk);
    };
    await lab.run(60_000);
    for (const host of [one, two]) {
      expect(host.answers('mine')).toEqual(['10.1.0.1']);
      expect(Object.values(offences(host, mallory.id)).some((count) => count > 0)).toBe(true);
    }
  });

  it('gains nothing by bad requests', async () => {
    const { lab, one, mallory } = await trio();
    for (let length = 0; length < 30; length += 1)
      for await (const chunk of one.replica.answer(mallory.id, noise(length * 5, length)))
        expect(chunk.length).toBeLessThan(100);
    await lab.run(100);
    expect(offences(one, mallory.id).malformed).toBeGreaterThan(20);
  });

  it('cannot hide a living host by doubting it', async () => {
    const { lab, one, two, mallory } = await trio();
    const hidden: string[] = [];
    two.directory.onHosts((changes) => {
      for (const change of changes) if (change.type === 'gone' || change.host.status === 'quiet') hidden.push('hidden');
    });
    for (let round = 0; round < 100; round += 1) {
      const about = { host: one.id, epoch: 2 ** 40, beat: 2 ** 30 };
      mallory.send('doubt', signOfLife(round + 10, about));
      mallory.send('forget', signOfLife(round + 10.5 + 500, about));
      await lab.run(100);
    }
    expect(hidden).toEqual([]);
  });

  it('cannot bury a host for longer than it is gone, by the epitaph of a beat that it never reaches', async () => {
    const { lab, one, two, mallory } = await trio();
    const about = { host: one.id, epoch: 2 ** 50, beat: 2 ** 50 };
    await one.crash();
    await lab.until(() => two.status(one) === 'quiet', 10_000);
    mallory.send('forget', signOfLife(10, about));
    await lab.run(1_000);
    expect(two.directory.hosts().map(({ id }) => id)).not.toContain(one.id);
    await one.start();
    await lab.run(5_000);
    expect(two.status(one)).toBe('alive');
    expect(two.answers('mine')).toEqual(['10.1.0.1']);
  });

  it('cannot have static records dropped by saying that it saw them go', async () => {
    const { lab, one, two, mallory } = await trio();
    one.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    await lab.run(1_000);
    const seen = new Map([one, two].map(({ id }) => [id, 2 ** 45]));
    mallory.answersWith([
      { type: 'verdict', same: false },
      { type: 'alive', summary: { seen, alive: [] } },
    ]);
    await lab.until(() => !one.mesh.neighbours().includes(mallory.id), 600_000);
    await lab.until(() => !two.mesh.neighbours().includes(mallory.id), 600_000);
    for (const host of [one, two]) {
      expect(host.answers('db')).toEqual(['192.0.2.7']);
      expect(offences(host, mallory.id).unproven).toBeGreaterThan(10);
      expect(host.replica.stats().offences.filter(({ peer }) => peer !== mallory.id)).toEqual([]);
    }
  });

  it('cannot have them dropped through a host that it told only half of what there is', async () => {
    const { lab, one, two, mallory } = await trio();
    one.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    one.replica.addStatic([staticRecord('web', '192.0.2.8')]);
    await lab.run(1_000);
    const newest = mallory
      .heardFrom(one.id)
      .filter((bytes) => kindOf(bytes) === 'edit')
      .at(-1);
    const edit = newest && decodeEnvelope(newest);
    if (newest === undefined || !edit?.ok) throw new Error('an edit of the first host');
    const three = lab.add();
    lab.net.cut(three.id, one.id);
    lab.net.cut(three.id, two.id);
    mallory.answersWith([
      { type: 'envelope', bytes: newest },
      { type: 'alive', summary: { seen: new Map([[one.id, edit.value.sequence]]), alive: [] } },
    ]);
    await three.start();
    await lab.until(() => three.answers('web').length > 0, 10_000);
    expect(three.answers('db')).toEqual([]);
    lab.net.heal();
    await lab.until(() => three.answers('db').length > 0, 30_000);
    await lab.run(30_000);
    for (const host of lab.hosts) {
      expect(host.answers('db')).toEqual(['192.0.2.7']);
      const blamed = host.replica.stats().offences.filter(({ peer }) => peer !== mallory.id);
      expect(blamed.every(({ count }) => count < 3)).toBe(true);
      expect(host.mesh.neighbours().length).toBeGreaterThanOrEqual(2);
    }
  });

  it('cannot use up what another host may say, by saying again what nobody keeps of it', async () => {
    const { lab, one, two, mallory } = await trio();
    const words = [mallory.raw(9, noise(100, 1), one.signer), mallory.raw(9, noise(100, 2), one.signer)];
    for (let time = 0; time < 3_000; time += 1) two.replica.received(mallory.id, words[time % 2] ?? noise(1, 1));
    expect(two.replica.stats().envelopes['unknown kind']).toBe(2);
    one.put(one.container('c9', ['said'], '10.1.0.9'));
    await lab.run(100);
    expect(two.answers('said')).toEqual(['10.1.0.9']);
    expect(offences(two, one.id)).toEqual({});
    expect(offences(two, mallory.id).repeated).toBeGreaterThan(1_000);
  });

  it('keeps nobody busy with edits of one number, each greater than the one before, and all have the same in the end', async () => {
    const { lab, one, two, mallory } = await trio();
    const edits = Array.from({ length: 500 }, (_, index) => {
      const payload = encodeEdit(0, [], [JSON.stringify(staticRecord(`m${index}`, '192.0.2.1'))]);
      return sealEnvelope(mallory.signer, 'edit', 1, 2 ** 21, payload);
    });
    edits.sort((before, after) => (contentOf(before) < contentOf(after) ? -1 : 1));
    for (const { bytes } of edits) for (const host of [one, two]) host.replica.received(mallory.id, bytes);
    await lab.run(1_000);
    for (const { replica } of [one, two]) {
      const {
        'edit merged': merged = 0,
        'edit put off': putOff = 0,
        'edit known': known = 0,
      } = replica.stats().envelopes;
      expect(merged).toBeLessThan(15);
      expect(merged + putOff + known).toBe(500);
    }
    await lab.run(30_000);
    const shown = [one, two].map(({ directory }) => [...directory.names()].filter((each) => each.startsWith('m')));
    expect(shown[0]).toEqual(shown[1]);
    one.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    await lab.run(1_000);
    expect(two.answers('db')).toEqual(['192.0.2.7']);
  });

  it('cannot stop another host from editing static records', async () => {
    const { lab, one, two, mallory } = await trio();
    // It claims to have seen edits of the first host that there never were.
    mallory.answers = async function* () {};
    mallory.send('edit', encodeEdit(0, [{ writer: one.id, number: 2 ** 45, index: 0 }], ['{"name":"x"}']));
    await lab.run(15_000);
    one.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    await lab.run(3_000);
    expect(two.answers('db')).toEqual(['192.0.2.7']);
  });
});

describe('two versions in one mesh', () => {
  it('pass on kinds and ignore versions that they do not know, and hold neither against anybody', async () => {
    const { lab, one, mallory } = await trio();
    const future = mallory.raw(77, Buffer.from('what may come'));
    expect(one.replica.received(mallory.id, future)).toBe('new');
    const later = future.slice();
    later[0] = 2;
    expect(one.replica.received(mallory.id, later)).toBe('known');
    await lab.run(100);
    expect(offences(one, mallory.id)).toEqual({});
  });

  it('pull a little more where one tells no hash of its static records, or an earlier one, and never all edits', async () => {
    const { lab, one, mallory } = await trio();
    one.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    await lab.run(1_000);
    const edit = mallory.heardFrom(one.id).find((bytes) => kindOf(bytes) === 'edit');
    const { sequence: number = 0 } = opened(decodeEnvelope(edit ?? new Uint8Array()));
    const summary = { seen: new Map([[one.id, number]]), alive: [{ writer: one.id, number, index: 0 }] };
    const requests: Request[] = [];
    mallory.answers = async function* (_from, bytes) {
      requests.push(opened(decodeRequest(bytes)));
      yield* toChunks([
        { type: 'verdict', same: false },
        { type: 'alive', summary },
      ]);
    };
    await lab.run(60_000);
    const pulls = requests.flatMap((request) => (request.type === 'pull' ? [request] : []));
    expect(pulls.length).toBeGreaterThan(2);
    expect(pulls.length).toBeLessThan(20);
    expect(pulls.every(({ statics }) => statics?.seen.get(one.id) === number)).toBe(true);
  });

  it('answer a request that they do not know with nothing, and hold it against nobody', async () => {
    const { lab, one, mallory } = await trio();
    const answer: Uint8Array[] = [];
    for await (const chunk of one.replica.answer(mallory.id, Uint8Array.of(9, 1, 2, 3))) answer.push(chunk);
    await lab.run(100);
    expect(answer).toEqual([]);
    expect(offences(one, mallory.id)).toEqual({});
  });

  it('use the fields they know of records, messages and beats that have more', async () => {
    const { lab, one, mallory } = await trio();
    const record = {
      ...sent(mallory.id, containerRecord(mallory.id, 'x', ['fine'], '10.6.0.1')),
      mood: 'good',
      deep: { er: [1] },
    };
    mallory.publishJson({
      host: JSON.stringify({ ...hostRecord('m'), moon: 'full' }),
      'container/x': JSON.stringify(record),
    });
    mallory.send('heartbeat', Buffer.concat([signOfLife(99), Buffer.from('more')]));
    await lab.run(100);
    expect(one.answers('fine')).toEqual(['10.6.0.1']);
    expect(one.directory.entry(name('fine')).owners[0]?.container).not.toHaveProperty('mood');
    expect(offences(one, mallory.id)).toEqual({});
  });
});

function opened<T>(read: Result<T>): T {
  if (!read.ok) throw new Error(read.problem);
  return read.value;
}

/** A member of the mesh with a good key and bad intentions. */
class Mallory implements TransportHandler {
  readonly mesh: MemoryMesh;
  readonly signer: Signer = testSigner(666);
  readonly #heard: Uint8Array[] = [];
  #writer = new DocumentWriter([]);
  #epoch = 1;
  #sequence = 0;
  answers: TransportHandler['answer'] = async function* () {};

  constructor(lab: CrdtLab) {
    this.mesh = lab.net.join(this.id);
    this.mesh.attach(this);
    this.mesh.start();
  }

  get id(): HostId {
    return this.signer.hostId;
  }

  /** Answers every request with these. */
  answersWith(items: readonly Item[]): void {
    this.answers = async function* () {
      yield* toChunks(items);
    };
  }

  heardFrom(host: HostId): Uint8Array[] {
    return this.#heard.filter((bytes) => Buffer.from(bytes).includes(host));
  }

  send(kind: EnvelopeKind, payload: Uint8Array): void {
    if (kind === 'update') this.#sequence += 1;
    const sequence = kind === 'edit' ? 2 ** 21 : this.#sequence;
    this.mesh.broadcast(sealEnvelope(this.signer, kind, this.#epoch, sequence, payload).bytes);
  }

  /** An envelope of a kind that nobody knows yet. */
  raw(kind: number, payload: Uint8Array, signer = this.signer): Uint8Array {
    const { bytes } = sealEnvelope(signer, 'edit', 1, 1, payload);
    const body = bytes.slice(0, -64);
    body[1] = kind;
    return Buffer.concat([body, signer.sign(body)]);
  }

  publish(records: Readonly<Record<string, object>>): void {
    this.publishJson(Object.fromEntries(Object.entries(records).map(([key, record]) => [key, JSON.stringify(record)])));
  }

  publishJson(entries: Readonly<Record<string, string>>): void {
    this.#writer = new DocumentWriter(Object.entries(entries));
    this.#epoch += 1;
    this.#sequence = 1;
    this.send('snapshot', this.#writer.state());
    this.send('heartbeat', signOfLife(1));
  }

  change(records: Readonly<Record<string, object>>): void {
    const update = this.#writer.change(
      new Map(Object.entries(records).map(([key, record]) => [key, JSON.stringify(record)])),
    );
    if (update !== undefined) this.send('update', update);
  }

  received(_from: HostId, bytes: Uint8Array): Verdict {
    this.#heard.push(bytes);
    return 'new';
  }

  answer(from: HostId, request: Uint8Array): AsyncIterable<Uint8Array> {
    return this.answers(from, request);
  }

  linkUp(): void {}

  linkDown(): void {}
}

async function trio(replica = {}) {
  const lab = new CrdtLab({ replica });
  const mallory = new Mallory(lab);
  const [one, two] = await lab.start(2);
  if (one === undefined || two === undefined) throw new Error('two hosts');
  one.put(one.container('c1', ['mine'], '10.1.0.1'));
  await lab.run(2_000);
  return { lab, one, two, mallory };
}

function offences(
  host: {
    readonly replica: { stats(): { readonly offences: readonly { peer: HostId; reason: string; count: number }[] } };
  },
  peer: HostId,
) {
  const list = host.replica.stats().offences.filter((offence) => offence.peer === peer);
  return Object.fromEntries(list.map(({ reason, count }) => [reason, count]));
}

/** Updates that Yjs would take, keep waiting for ever, or choke on. */
function badUpdates(): Uint8Array[] {
  const foreign = new Y.Doc();
  foreign.getArray('records').push([{ key: 'host', val: '{}' }]);
  const elsewhere = write((doc) => doc.getArray('elsewhere').push([{ key: 'a', val: 'b' }]));
  const notEntries = write((doc) => doc.getArray('records').push([null, 1, 'x', { key: 1, val: {} }]));
  const nested = write((doc) => doc.getArray('records').push([new Y.Map()]));
  const map = write((doc) => void doc.getMap('records').set('key', { key: 'a', val: 'b' }));
  const gap = write((doc) => {
    const array = doc.getArray('records');
    array.push(Array.from({ length: 50 }, () => ({ key: 'a', val: 'b' })));
  });
  const late = new Y.Doc();
  Y.applyUpdate(late, gap);
  late.clientID = 1;
  const before = Y.encodeStateVector(late);
  late.getArray('records').push([{ key: 'late', val: 'x' }]);
  const runAway = Uint8Array.from([1, 1, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
  const deletesAhead = Uint8Array.from([0, 1, 1, 1, 0xff, 0x7f, 5]);
  return [
    Y.encodeStateAsUpdate(foreign),
    elsewhere,
    notEntries,
    nested,
    map,
    Y.encodeStateAsUpdate(late, before),
    runAway,
    deletesAhead,
    noise(200, 5),
    new Uint8Array(),
  ];
}

function write(change: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = 1;
  change(doc);
  return Y.encodeStateAsUpdate(doc);
}
