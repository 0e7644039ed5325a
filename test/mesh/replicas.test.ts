import { afterEach, describe, expect, it, vi } from 'vitest';
import { encode, writeVarString, writeVarUint, writeVarUint8Array } from '../../src/crdt/codec.ts';
import { decodeEnvelope } from '../../src/crdt/envelope.ts';
import type { Identity } from '../../src/identity.ts';
import { staticRecord } from '../support/crdt-lab.ts';
import { testTimeoutMs, until } from '../support/mesh-lab.ts';
import { type RealHost, RealNet } from '../support/real-net.ts';

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

async function started(count: 2 | 3): Promise<readonly [RealHost, RealHost, RealHost]> {
  net = new RealNet({ heartbeatMs: 200, doubtMs: 600, doubtStepMs: 150 });
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
