import type { Connection } from '@libp2p/interface';
import { memory } from '@libp2p/memory';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { crdtDefaults } from '../../src/config.ts';
import { encode, writeVarString, writeVarUint, writeVarUint8Array } from '../../src/crdt/codec.ts';
import { decodeEnvelope } from '../../src/crdt/envelope.ts';
import { Replica } from '../../src/crdt/replica.ts';
import { createIdentity, type Identity } from '../../src/identity.ts';
import { silentLog } from '../../src/log.ts';
import type { Transport } from '../../src/mesh/node.ts';
import { containerRecord, hostRecord, MemoryDisk, name, staticRecord } from '../support/crdt-lab.ts';
import { type LabHost, MemoryStorage, MeshLab, testTimeoutMs, until } from '../support/mesh-lab.ts';

vi.setConfig({ testTimeout: testTimeoutMs });

/**
 * What `test/crdt/mesh-life.test.ts` says of replicas over the mesh's twin, once more over the mesh itself: libp2p with
 * its memory transport, real connections and real time.
 */

let net: RealNet;

afterEach(async () => {
  await net.stop();
});

describe('replicas over libp2p', () => {
  it('know on every host what runs on any, and each operator’s record', async () => {
    const [one, two, three] = await started(3);
    one.put('c1', 'nodebb', '10.1.0.1');
    two.put('c2', 'nodebb', '10.2.0.1');
    three.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    for (const host of [one, two, three]) {
      await until(() => host.answers('nodebb').join() === '10.1.0.1,10.2.0.1');
      await until(() => host.answers('db').join() === '192.0.2.7');
    }
  });

  it('serve both sides of a partition and know all after it', async () => {
    const [one, two, three] = await started(3);
    await three.part();
    one.put('c1', 'here', '10.1.0.1');
    three.put('c3', 'there', '10.3.0.1');
    await until(() => two.answers('here').join() === '10.1.0.1');
    expect(three.answers('there')).toEqual(['10.3.0.1']);
    expect(three.answers('here')).toEqual([]);
    await three.rejoin();
    await until(() => three.answers('here').join() === '10.1.0.1');
    await until(() => one.answers('there').join() === '10.3.0.1' && two.answers('there').join() === '10.3.0.1');
  });

  it('take back a host that crashed, with what it runs now', async () => {
    const [one, two] = await started(2);
    one.put('c1', 'old', '10.1.0.1');
    await until(() => two.answers('old').join() === '10.1.0.1');
    await one.crash();
    await until(() => two.status(one) === 'quiet');
    const again = await net.start({ identity: one.identity, disk: one.disk, storage: one.storage });
    again.put('c2', 'new', '10.1.0.2');
    await until(() => two.answers('new').join() === '10.1.0.2' && two.answers('old').length === 0);
    expect(two.status(one)).toBe('alive');
  });

  it('take back a host that lost its disk, but not its key', async () => {
    const [one, two] = await started(2);
    one.put('c1', 'before', '10.1.0.1');
    one.replica.addStatic([staticRecord('kept', '192.0.2.1')]);
    await until(() => two.answers('before').length === 1 && two.answers('kept').length === 1);
    await one.crash();
    const again = await net.start({ identity: one.identity }, two);
    again.put('c2', 'after', '10.1.0.2');
    await until(() => two.answers('after').join() === '10.1.0.2' && two.answers('before').length === 0);
    await until(() => again.answers('kept').join() === '192.0.2.1');
    expect(again.replica.stats().duplicateIdentity).toBe(false);
  });

  it('say so where two agents have one key', async () => {
    const [one, two] = await started(2);
    await until(() => two.status(one) === 'alive');
    const clone = await net.start({ identity: one.identity }, two);
    await until(() => one.replica.stats().duplicateIdentity || clone.replica.stats().duplicateIdentity);
    two.put('c1', 'unharmed', '10.2.0.1');
    expect(two.answers('unharmed')).toEqual(['10.2.0.1']);
  });

  it('pass on what a later version says and go on themselves', async () => {
    const [one, two, three] = await started(3);
    const heard: number[] = [];
    const received = three.replica.received.bind(three.replica);
    three.replica.received = (from, bytes) => {
      const envelope = decodeEnvelope(bytes);
      if (envelope.ok && envelope.value.kind === 'unknown') heard.push(envelope.value.sequence);
      return received(from, bytes);
    };
    one.mesh.broadcast(laterKind(one.identity));
    one.mesh.broadcast(laterVersion());
    await until(() => heard.includes(1));
    one.put('c1', 'after', '10.1.0.1', { later: { field: 'of a later version' } });
    await until(() => two.answers('after').join() === '10.1.0.1' && three.answers('after').join() === '10.1.0.1');
    expect(two.replica.directory.quarantine()).toEqual([]);
    expect(two.replica.stats().offences).toEqual([]);
    expect(two.mesh.neighbours()).toContain(one.identity.hostId);
  });
});

/** Hosts of one mesh in this process: each a replica on a real mesh, wired as `src/agent.ts` wires them. */
class RealNet {
  readonly wires = new Wires();
  readonly hosts: RealHost[] = [];
  readonly #lab = new MeshLab();

  /** Starts a host that knows the address of another: the first, unless it is told. */
  async start(given: Partial<Pick<RealHost, 'identity' | 'disk' | 'storage'>> = {}, seed = this.hosts[0]) {
    const { identity = createIdentity(), disk = new MemoryDisk(), storage = new MemoryStorage() } = given;
    const address = `/memory/replica-${addresses++}`;
    const transport = this.wires.transport(address);
    const lab = this.#lab.add({ identity, storage, transport, options: { listen: [address] } });
    const host = new RealHost(this, lab, { disk, storage, address });
    this.hosts.push(host);
    await host.begin(seed);
    return host;
  }

  async stop(): Promise<void> {
    for (const { replica } of this.hosts) await replica.stop('restart');
    await this.#lab.stop();
  }
}

class RealHost {
  readonly identity: Identity;
  readonly mesh: LabHost['mesh'];
  readonly replica: Replica;
  readonly disk: MemoryDisk;
  readonly storage: MemoryStorage;
  readonly address: string;
  readonly #net: RealNet;

  constructor(net: RealNet, { identity, mesh }: LabHost, parts: Pick<RealHost, 'disk' | 'storage' | 'address'>) {
    this.#net = net;
    this.identity = identity;
    this.mesh = mesh;
    this.disk = parts.disk;
    this.storage = parts.storage;
    this.address = parts.address;
    this.replica = new Replica({
      signer: identity,
      storage: parts.disk,
      clock: systemClock,
      log: silentLog,
      options: { ...crdtDefaults, heartbeatMs: 200, doubtMs: 600, doubtStepMs: 150 },
    });
  }

  async begin(seed: RealHost | undefined): Promise<void> {
    this.replica.attach(this.mesh);
    this.mesh.attach(this.replica);
    this.replica.directory.onHosts((changes) => {
      for (const change of changes)
        if (change.type === 'seen' && change.host.record)
          this.mesh.learn(change.host.id, change.host.record.meshAddresses);
    });
    await this.replica.start();
    await this.mesh.start();
    if (seed !== undefined) this.mesh.connect(seed.address);
    this.replica.setHost(hostRecord(this.address, { meshAddresses: [this.address] }));
    this.replica.replaceContainers([]);
  }

  put(id: string, text: string, address: string, more: object = {}): void {
    this.replica.putContainer(containerRecord(this.identity.hostId, id, [text], address, more));
  }

  answers(text: string): string[] {
    const { owners, statics } = this.replica.directory.entry(name(text));
    const dynamic = owners.flatMap(({ container }) => container.addresses.map(({ address }) => address));
    return [...dynamic, ...statics.flatMap(({ data }) => (data.type === 'address' ? [data.address] : []))].sort();
  }

  status(host: RealHost) {
    return this.replica.directory.hosts().find(({ id }) => id === host.identity.hostId)?.status;
  }

  /** Loses every link and gets none, until `rejoin`. */
  async part(): Promise<void> {
    this.#net.wires.cut(this.address);
    await until(() => this.mesh.neighbours().length === 0);
  }

  async rejoin(): Promise<void> {
    this.#net.wires.mend(this.address);
  }

  /** Ends without a word. */
  async crash(): Promise<void> {
    await this.mesh.stop();
    await this.replica.stop('restart');
  }
}

/** The ways between hosts of a process: those of one host can be cut and mended. */
class Wires {
  readonly #cut = new Set<string>();
  readonly #open = new Map<Connection, readonly [string, string]>();

  transport(from: string): Transport {
    const build = memory();
    return (components) => {
      const inner = build(components);
      const wired: typeof inner = Object.create(inner);
      wired.dial = async (to, options) => {
        const ends = [from, to.toString()] as const;
        if (ends.some((end) => this.#cut.has(end))) throw new Error('the way is cut');
        const connection = await inner.dial(to, options);
        this.#open.set(connection, ends);
        return connection;
      };
      return wired;
    };
  }

  cut(address: string): void {
    this.#cut.add(address);
    for (const [connection, ends] of this.#open) if (ends.includes(address)) connection.abort(new Error('cut'));
  }

  mend(address: string): void {
    this.#cut.delete(address);
  }
}

let addresses = 0;

async function started(count: 2 | 3): Promise<readonly [RealHost, RealHost, RealHost]> {
  net = new RealNet();
  const first = await net.start();
  const second = await net.start();
  const third = count === 3 ? await net.start() : second;
  const hosts = net.hosts;
  await until(() => hosts.every(({ mesh }) => mesh.neighbours().length === hosts.length - 1), 'all are linked');
  return [first, second, third];
}

/** A well signed envelope of a kind that this version does not know. */
function laterKind(identity: Identity): Uint8Array {
  const body = encode((to) => {
    for (const number of [1, 99]) writeVarUint(to, number);
    writeVarString(to, identity.hostId);
    for (const number of [1, 1]) writeVarUint(to, number);
    writeVarUint8Array(to, Buffer.from('of a later version'));
  });
  return Buffer.concat([body, identity.sign(body)]);
}

/** What may be an envelope of the next version, whatever is in it. */
function laterVersion(): Uint8Array {
  return Uint8Array.of(2, ...Array.from({ length: 100 }, (_, index) => index));
}
