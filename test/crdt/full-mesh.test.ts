import { describe, expect, it } from 'vitest';
import { encode, writeList, writeVarUint, writeVarUint8Array } from '../../src/crdt/codec.ts';
import { type EnvelopeKind, sealEnvelope } from '../../src/crdt/envelope.ts';
import { staticToJson } from '../../src/crdt/record-json.ts';
import { writeSeen } from '../../src/crdt/request.ts';
import type { Signer } from '../../src/crdt/signer.ts';
import { type Edit, encodeEdit, writeDot } from '../../src/crdt/static-edit.ts';
import { StaticRoom } from '../../src/crdt/static-room.ts';
import type { HostId } from '../../src/record.ts';
import { CrdtLab, containerRecord, type LabReplica, sent, staticRecord } from '../support/crdt-lab.ts';
import { documentOf, signOfLife } from '../support/forgery.ts';
import { testSigner } from '../support/signer.ts';

const maxHosts = 20;

describe('a mesh full of invented hosts', () => {
  it('has a place for a new host: that of the one that is quiet for longest', async () => {
    const { lab, hosts } = await filled();
    const newcomer = lab.add();
    await newcomer.start();
    newcomer.put(newcomer.container('c1', ['late'], '10.9.0.1'));
    await lab.until(() => hosts.every((host) => host.status(newcomer) === 'alive'), 5_000);
    await lab.until(() => hosts.every((host) => host.answers('late').length === 1), 2_000);
    for (const host of hosts) {
      expect(host.directory.hosts().length).toBeLessThanOrEqual(maxHosts + 1);
      for (const other of [...hosts, newcomer]) expect(['alive', 'self']).toContain(host.status(other));
    }
  });

  it('comes to rest: nobody is told again of what made room, and no host comes and goes', async () => {
    const { lab, hosts } = await filled();
    // Some of them know other hosts than the others do, as after a while in which they were apart.
    lab.net.partition([hosts[0].id, hosts[1].id], [hosts[2].id]);
    await lab.run(20_000);
    invent(hosts[0], 300, 30);
    invent(hosts[2], 400, 30);
    await lab.run(20_000);
    lab.net.heal();
    await lab.run(30_000);
    const changes: unknown[] = [];
    for (const host of hosts) host.directory.onHosts((seen) => changes.push(...seen));
    const pulls = () => hosts.reduce((sum, { replica }) => sum + replica.stats().exchanges, 0);
    const [pulledBefore, before] = [pulls(), lab.net.deliveredBytes];
    const merged = () => hosts.map((host) => host.replica.stats().envelopes['snapshot merged']);
    const [had] = [merged()];
    await lab.run(60_000);
    expect(changes).toEqual([]);
    expect(merged()).toEqual(had);
    // Six comparisons of each, upon which both pull; what they tell is beats.
    expect(pulls() - pulledBefore).toBeLessThanOrEqual(3 * 3 * 6);
    expect(lab.net.deliveredBytes - before).toBeLessThan(60 * 3 * 1_000);
  });

  it('never drops a host that is heard, and refuses more when all are', async () => {
    const { lab, hosts } = await filled();
    const lively = Array.from({ length: 40 }, (_, index) => testSigner(500 + index));
    for (let beat = 1; beat < 30; beat += 1) {
      for (const signer of lively) hosts[1].replica.received(hosts[0].id, sealed(signer, 'heartbeat', beat));
      await lab.run(1_000);
    }
    for (const host of hosts) for (const other of hosts) expect(['alive', 'self']).toContain(host.status(other));
    const known = hosts[1].directory.hosts();
    expect(known).toHaveLength(maxHosts + 1);
    expect(known.filter(({ status }) => status === 'quiet')).toEqual([]);
    expect(hosts[1].replica.stats().envelopes['no room']).toBeGreaterThan(20);
  });

  it('believes no old beat of a host that made room', async () => {
    const { lab, hosts } = await filled();
    const old = testSigner(100);
    invent(hosts[0], 300, 30);
    await lab.run(20_000);
    const before = hosts[0].directory.hosts().map(({ id }) => id);
    expect(before).not.toContain(old.hostId);
    hosts[0].replica.received(hosts[1].id, sealed(old, 'heartbeat', 1));
    hosts[0].replica.received(hosts[1].id, sealed(old, 'snapshot', 1));
    expect(hosts[0].directory.hosts().map(({ id }) => id)).toEqual(before);
    hosts[0].replica.received(hosts[1].id, sealed(old, 'heartbeat', 2));
    expect(hosts[0].directory.hosts().map(({ id }) => id)).toContain(old.hostId);
  });
});

describe('static records among invented writers', () => {
  it('are taken of a host that the mesh knows, and of no more others than there may be', () => {
    const strangers = Array.from({ length: 5_000 }, (_, number) => editOf(`STRANGER${number}`));
    const known = new Set<string>();
    const room = new StaticRoom(strangers, (writer) => known.has(writer));
    expect(room.fits(editOf('NEW'))).toBe(false);
    known.add('NEW');
    expect(room.fits(editOf('NEW'))).toBe(true);
    for (let number = 0; number < 5_000; number += 1) {
      known.add(`HOST${number}`);
      room.hold(editOf(`HOST${number}`));
    }
    expect(room.fits(editOf('NEW'))).toBe(false);
    expect(room.fits(editOf('HOST7'))).toBe(true);
  });

  it('come in the end where they came before the first sign of life of their host', async () => {
    const lab = new CrdtLab();
    const hosts = await lab.start(2);
    const statics = diskOfStrangers();
    for (const host of hosts) {
      await host.crash();
      host.disk.files.set('statics', statics);
      await host.start();
      expect(host.replica.stats().staticRecords).toBe(5_000);
    }
    await lab.run(5_000);
    const newcomer = lab.add();
    for (const host of hosts) lab.net.cut(newcomer.id, host.id);
    await newcomer.start();
    newcomer.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    await lab.run(5_000);
    lab.net.heal();
    await lab.until(() => hosts.every((host) => host.answers('db').length === 1), 30_000);
  });
});

/** Writers that are no host, each with a record. */
function editOf(writer: string): Edit {
  const bytes = new Uint8Array(100);
  const envelope = { kind: 'edit', owner: writer as HostId, epoch: 1, sequence: 1, payload: bytes, bytes } as const;
  return { writer: envelope.owner, number: 1, previous: 0, removed: [], added: ['{}'], envelope, content: writer };
}

/** What a host has on its disk that took the edits of as many writers as there may be that are no host. */
function diskOfStrangers(): Uint8Array {
  const strangers = Array.from({ length: 5_000 }, (_, number) => testSigner(10_000 + number));
  const sealedBy = (signer: Signer, index: number) =>
    sealEnvelope(signer, 'edit', 1, 1, encodeEdit(0, [], [staticToJson(staticRecord(`s${index}`, '192.0.2.1'))])).bytes;
  return encode((to) => {
    writeVarUint(to, 1);
    writeSeen(to, new Map());
    writeList(to, [], writeDot);
    writeList(to, strangers.map(sealedBy), writeVarUint8Array);
  });
}

/** Three hosts that know as many as they may, most of which said something once. */
async function filled() {
  const lab = new CrdtLab({ replica: { maxHosts, preserveMs: 1_000 } });
  const hosts = (await lab.start(3)) as [LabReplica, LabReplica, LabReplica];
  for (const [index, host] of hosts.entries()) host.put(host.container('c', [`own${index}`], `10.1.0.${index + 1}`));
  for (const host of hosts) invent(host, 100, 30);
  await lab.run(20_000);
  for (const host of hosts) expect(host.directory.hosts()).toHaveLength(maxHosts + 1);
  return { lab, hosts };
}

/** Hosts that nobody is speak up here: once, with a record. */
function invent(host: LabReplica, first: number, count: number): void {
  for (let number = first; number < first + count; number += 1)
    for (const kind of ['heartbeat', 'snapshot'] as const)
      host.replica.received(host.mesh.neighbours()[0] ?? host.id, sealed(testSigner(number), kind, 1));
}

function sealed(signer: Signer, kind: EnvelopeKind, beat: number): Uint8Array {
  const records = { 'container/x': sent(signer.hostId, containerRecord(signer.hostId, 'x', ['invented'], '10.6.0.1')) };
  const payload = kind === 'snapshot' ? documentOf(records) : signOfLife(beat);
  return sealEnvelope(signer, kind, 1, 1, payload).bytes;
}
