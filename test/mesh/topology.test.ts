import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { meshDefaults } from '../../src/config.ts';
import { createIdentity } from '../../src/identity.ts';
import {
  dialAddress,
  introduce,
  type LabHost,
  MemoryStorage,
  MeshLab,
  testTimeoutMs,
  until,
} from '../support/mesh-lab.ts';

vi.setConfig({ testTimeout: testTimeoutMs });

let lab: MeshLab;
const cleanups: (() => void)[] = [];

function freshLab(): MeshLab {
  lab = new MeshLab();
  return lab;
}

afterEach(async () => {
  await lab.stop();
  for (const clean of cleanups.splice(0)) clean();
});

const linkedTo = (count: number) => (host: LabHost) => host.mesh.neighbours().length === count;

describe('finding each other', () => {
  it('takes one known host: the others are learnt through it', async () => {
    const hosts = await freshLab().startAll(6);
    await until(() => hosts[0] !== undefined && linkedTo(5)(hosts[0]));
    introduce(hosts);
    await until(() => hosts.every(linkedTo(5)));
  });

  it('needs no seed after a restart: who was known is on disk', async () => {
    const [first, second] = await freshLab().startAll(2);
    const storage = new MemoryStorage();
    const third = await lab.start({ storage });
    third.mesh.connect(dialAddress(at(first)));
    await until(() => linkedTo(1)(third));
    introduce([at(first), at(second), third]);
    await until(() => linkedTo(2)(third));
    third.mesh.learn(createIdentity().hostId, ['192.0.2.1:6783']);
    await third.mesh.stop();
    const { proven } = JSON.parse(Buffer.from(storage.files.get('peers.json') ?? []).toString());
    expect(proven.toSorted()).toEqual([at(first).hostId, at(second).hostId].toSorted());
    const again = await lab.start({ identity: third.identity, storage });
    await until(() => linkedTo(2)(again));
  });

  it('starts without its known peers where their file is none, and keeps that', async () => {
    const storage = new MemoryStorage();
    const other = Buffer.from('{"peers": 7}');
    storage.files.set('peers.json', other);
    const host = await freshLab().start({ storage });
    expect(host.mesh.links()).toEqual([]);
    expect(storage.files.get('peers.json, which is no list of known peers')).toEqual(other);
  });

  it('needs no seed after a restart, whatever a host said of its addresses before', async () => {
    const first = await freshLab().start();
    const storage = new MemoryStorage();
    const second = await lab.start({ storage });
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}`;
    const talker = createIdentity();
    second.mesh.learn(
      talker.hostId,
      Array.from({ length: 1_000 }, (_, port) => `/dns4/${long}.${long}.${long}/tcp/${port + 1}`),
    );
    second.mesh.learn(first.identity.hostId, [dialAddress(first)]);
    await until(() => linkedTo(1)(second));
    await second.mesh.stop();
    expect(storage.files.get('peers.json')?.length).toBeLessThan(100_000);
    const again = await lab.start({ identity: second.identity, storage });
    await until(() => linkedTo(1)(again));
  });

  it('does not dial itself for long when it is on its own list of peers', async () => {
    const host = await freshLab().start();
    host.mesh.connect(dialAddress(host));
    await until(() => host.mesh.links().length === 0);
  });

  it('says that somebody else has its identity, but not that it is at an address of its own', async () => {
    const said: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line) => void said.push(line) });
    const host = await freshLab().start({ log });
    const copy = await lab.start({ identity: host.identity });
    host.mesh.connect(dialAddress(host));
    await until(() => host.mesh.links().length === 0);
    expect(said).toEqual([]);
    host.mesh.connect(dialAddress(copy));
    await until(() => said.some((line) => line.includes('a copy of its data directory')));
  });

  it('settles on one connection when both dial at the same time', async () => {
    for (let round = 0; round < 3; round += 1) {
      const [one, other] = [await (lab ?? freshLab()).start(), await lab.start()];
      one.mesh.connect(dialAddress(other));
      other.mesh.connect(dialAddress(one));
      introduce([one, other]);
      await until(() => linkedTo(1)(one) && linkedTo(1)(other));
      one.mesh.broadcast(Buffer.from(`from one ${round}`));
      other.mesh.broadcast(Buffer.from(`from other ${round}`));
      await until(
        () => one.seen.heard.includes(`from other ${round}`) && other.seen.heard.includes(`from one ${round}`),
      );
      expect(one.mesh.links()).toHaveLength(1);
      expect(other.mesh.links()).toHaveLength(1);
    }
  });

  it('works over IPv6', async () => {
    const options = { listen: ['[::1]:0'] };
    const [one, other] = await freshLab().startAll(2, { options });
    expect(dialAddress(at(one))).toMatch(/^\[::1\]:\d+$/);
    await until(() => linkedTo(1)(at(one)) && linkedTo(1)(at(other)));
  });

  it('takes a host name for an address', async () => {
    const [one, other] = [await freshLab().start(), await lab.start()];
    other.mesh.connect(dialAddress(one).replace('127.0.0.1', 'localhost'));
    await until(() => linkedTo(1)(one) && linkedTo(1)(other));
  });

  it('takes one host name for all hosts, and dials those that it is not itself', async () => {
    const lookUp = async () => ['127.0.0.1', '127.0.0.2'];
    const one = await freshLab().start({ lookUp });
    const address = dialAddress(one).replace('127.0.0.1', 'hosts.example');
    one.mesh.connect(address);
    const other = await lab.start({ options: { listen: [dialAddress(one).replace('127.0.0.1', '127.0.0.2')] } });
    await until(() => linkedTo(1)(one) && linkedTo(1)(other));
  });

  it('links with a host that only dials out', async () => {
    const open = await freshLab().start();
    const behindNat = await lab.start({ options: { listen: [] } });
    expect(behindNat.mesh.listenAddresses()).toEqual([]);
    behindNat.mesh.connect(dialAddress(open));
    introduce([open, behindNat]);
    await until(() => linkedTo(1)(open) && linkedTo(1)(behindNat));
    open.mesh.broadcast(Buffer.from('inwards'));
    await until(() => behindNat.seen.heard.includes('inwards'));
  });

  it('tries the next address when one of a host leads nowhere or to somebody else', async () => {
    const [one, other, third] = await freshLab().startAll(3);
    await until(() => linkedTo(2)(at(one)));
    at(other).mesh.learn(at(third).hostId, ['127.0.0.1:1', dialAddress(at(one)), dialAddress(at(third))]);
    await until(() => linkedTo(2)(at(other)));
    expect(at(other).mesh.neighbours()).toContain(at(third).hostId);
  });

  it('keeps dialling a host that has an address which is one of ours here', async () => {
    const [one, other] = [await freshLab().start(), await lab.start()];
    one.mesh.learn(other.hostId, [dialAddress(one)]);
    await until(() => one.mesh.links()[0]?.problem === `${dialAddress(one)} leads to this host itself`);
    one.mesh.learn(other.hostId, [dialAddress(one), dialAddress(other)]);
    await until(() => linkedTo(1)(one) && linkedTo(1)(other));
  });

  it('follows a host whose address changes', async () => {
    const [one, other] = await freshLab().startAll(2);
    introduce([at(one), at(other)]);
    await until(() => linkedTo(1)(at(one)));
    await at(other).mesh.stop();
    const moved = await lab.start({ identity: at(other).identity });
    at(one).mesh.learn(moved.hostId, moved.mesh.listenAddresses());
    await until(() => linkedTo(1)(at(one)) && linkedTo(1)(moved));
  });
});

describe('a link that breaks', () => {
  it('is dialled again when the host is back', async () => {
    const [one, other] = await freshLab().startAll(2);
    await until(() => linkedTo(1)(at(one)) && linkedTo(1)(at(other)));
    const address = dialAddress(at(one));
    await at(one).mesh.stop();
    await until(() => at(other).seen.up.size === 0);
    await until(() => at(other).mesh.links()[0]?.problem === `nothing listens at ${address}`);
    const back = await lab.start({ identity: at(one).identity, options: { listen: [address] } });
    await until(() => linkedTo(1)(back) && linkedTo(1)(at(other)));
    back.mesh.broadcast(Buffer.from('back'));
    await until(() => at(other).seen.heard.includes('back'));
  });

  it('is made anew when the other side came back before its loss was noticed', async () => {
    const host = await freshLab().start({ options: { simultaneousMs: 0 } });
    const identity = createIdentity();
    const before = await lab.start({ identity });
    const wire = await cuttableWire(dialAddress(host));
    before.mesh.connect(wire.address);
    await until(() => linkedTo(1)(host));
    // The power fails and comes back, while the connection of the former life still stands here.
    wire.cut();
    const after = await lab.start({ identity });
    after.mesh.connect(dialAddress(host));
    await until(() => host.seen.ups === 2 && linkedTo(1)(after));
    after.mesh.broadcast(Buffer.from('second life'));
    await until(() => host.seen.heard.includes('second life'));
  });

  it('is noticed on both sides when nothing comes through any more and no end is said', async () => {
    const options = { pulseMs: 50, silenceMs: 300 };
    const [one, other] = [await freshLab().start({ options }), await lab.start({ options })];
    const wire = await cuttableWire(dialAddress(one));
    other.mesh.connect(wire.address);
    await until(() => linkedTo(1)(one) && linkedTo(1)(other));
    wire.cut();
    await until(() => one.seen.up.size === 0 && other.seen.up.size === 0);
  });

  it('tells of no neighbour any more when the host stops, and stops twice without harm', async () => {
    const [one, other] = await freshLab().startAll(2);
    await until(() => linkedTo(1)(at(one)) && linkedTo(1)(at(other)));
    await at(one).mesh.stop();
    await at(one).mesh.stop();
    expect(at(one).seen.up.size).toBe(0);
    expect(at(one).mesh.neighbours()).toEqual([]);
    await until(() => at(other).seen.up.size === 0);
  });

  it('leaves no socket open when the hosts stop', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
    const before = sockets();
    const hosts = await freshLab().startAll(3);
    introduce(hosts);
    await until(() => hosts.every(linkedTo(2)));
    expect(sockets()).toBeGreaterThan(before);
    await lab.stop();
    await until(() => sockets() <= before);
  });

  it('carries the last word of a host that stops right after it', async () => {
    const [one, other] = await freshLab().startAll(2);
    await until(() => linkedTo(1)(at(one)) && linkedTo(1)(at(other)));
    at(one).mesh.broadcast(Buffer.from('farewell'));
    await at(one).mesh.stop();
    await until(() => at(other).seen.heard.includes('farewell'));
  });
});

describe('hosts that cannot all reach each other', () => {
  it('hear broadcasts through the one in the middle', async () => {
    const [middle, left, right] = await freshLab().startAll(3);
    await until(() => linkedTo(2)(at(middle)) && linkedTo(1)(at(left)) && linkedTo(1)(at(right)));
    at(left).mesh.broadcast(Buffer.from('through'));
    await until(() => at(right).seen.heard.includes('through'));
    expect([...at(right).seen.from]).toEqual([at(middle).hostId]);
  });

  it('are not handed on what the one in the middle finds bad', async () => {
    const [middle, left, right] = await freshLab().startAll(3);
    await until(() => linkedTo(2)(at(middle)) && linkedTo(1)(at(left)) && linkedTo(1)(at(right)));
    at(middle).seen.verdict = 'bad';
    at(left).mesh.broadcast(Buffer.from('garbage'));
    await until(() => at(middle).seen.heard.includes('garbage'));
    at(middle).seen.verdict = 'new';
    at(left).mesh.broadcast(Buffer.from('sound'));
    await until(() => at(right).seen.heard.includes('sound'));
    expect(at(right).seen.heard).toEqual(['sound']);
  });

  it('are handed on together what can wait, each as it was, and what cannot at once', async () => {
    const [middle, left, right] = await freshLab().startAll(3);
    await until(() => linkedTo(2)(at(middle)) && linkedTo(1)(at(left)) && linkedTo(1)(at(right)));
    const { seen } = at(middle);
    seen.received = (from, bytes) => {
      seen.from.add(from);
      return Buffer.from(bytes).toString().startsWith('beat') ? 'later' : 'new';
    };
    const heard = () => at(right).seen.heard.filter((each) => each !== 'probe');
    // Until gossip flows over both links.
    await until(() => {
      at(left).mesh.broadcast(Buffer.from('probe'));
      return at(right).seen.heard.length > 0;
    });
    const beats = Array.from({ length: 100 }, (_, number) => `beat ${number}`);
    for (const beat of beats.slice(0, 10)) at(left).mesh.broadcast(Buffer.from(beat));
    at(left).mesh.broadcast(Buffer.from('urgent'));
    for (const beat of beats.slice(10)) at(left).mesh.broadcast(Buffer.from(beat));
    await until(() => heard().length > beats.length);
    expect(heard()[0]).toBe('urgent');
    expect(heard().slice(1).toSorted()).toEqual(beats.toSorted());
  });
});

describe('a member that floods the others with garbage', () => {
  it('is parted with by whoever it floods, and reaches nobody else', async () => {
    const [middle, left, right] = (await freshLab().startAll(3)).map(at);
    if (!middle || !left || !right) throw new Error('three hosts are needed');
    await until(() => linkedTo(2)(middle) && linkedTo(1)(left) && linkedTo(1)(right));
    const received = middle.seen.received.bind(middle.seen);
    middle.seen.received = (from, bytes) => {
      received(from, bytes);
      if (from !== left.hostId) return 'new';
      middle.mesh.blame(from, 'garbage');
      return 'bad';
    };
    for (let count = 0; count < 1000; count += 1) left.mesh.broadcast(Buffer.from(`garbage ${count}`));
    await until(() => !middle.mesh.neighbours().includes(left.hostId));
    right.mesh.broadcast(Buffer.from('sound'));
    await until(() => middle.seen.heard.includes('sound'));
    expect(right.seen.heard).toEqual([]);
    expect(middle.mesh.stats().offences).toEqual([
      { peer: left.hostId, offence: 'garbage', count: middle.mesh.stats().dropped['bad broadcast'] },
    ]);
    await until(() => (middle.mesh.stats().refused.banned ?? 0) > 0);
    expect(middle.mesh.neighbours()).toEqual([right.hostId]);
  });
});

describe('a neighbour that a host parted with', () => {
  it('is shown as that on both sides, and neither dials the other without a pause', async () => {
    const [one, other] = (await freshLab().startAll(2)).map(at);
    if (!one || !other) throw new Error('two hosts are needed');
    await until(() => linkedTo(1)(one) && linkedTo(1)(other));
    introduce([one, other]);
    const partedAt = performance.now();
    for (let count = 0; count <= meshDefaults.maxOffences; count += 1) one.mesh.blame(other.hostId, 'garbage');
    const problems = ({ mesh }: LabHost) => mesh.links().flatMap(({ problem }) => problem ?? []);
    const parted = `this host parted with whoever answers at ${dialAddress(other)}, for what it sent`;
    await until(() => problems(one).includes(parted));
    await until(() => problems(other).some((problem) => problem.endsWith('it may have parted with us')));
    await until(() => (one.mesh.stats().refused.banned ?? 0) >= 5);
    // With the shortest pause after a second failure between each two.
    expect(performance.now() - partedAt).toBeGreaterThan(4 * 2 * meshDefaults.redialFirstMs * 0.7);
  });

  it('is not linked with either where an operator names its address', async () => {
    const [one, other] = (await freshLab().startAll(2)).map(at);
    if (!one || !other) throw new Error('two hosts are needed');
    await until(() => linkedTo(1)(one) && linkedTo(1)(other));
    for (let count = 0; count <= meshDefaults.maxOffences; count += 1) one.mesh.blame(other.hostId, 'garbage');
    one.mesh.connect(dialAddress(other));
    await until(() =>
      one.mesh.links().some(({ state, problem }) => state === 'failed' && problem?.startsWith('this host parted with')),
    );
  });
});

describe('a mesh too large for every link', () => {
  it('keeps to a few links each and still reaches all', async () => {
    const options = { fullMeshHosts: 4, linksWhenLarge: 3, maxLinks: 8 };
    const hosts = await freshLab().startAll(9, { options });
    introduce(hosts);
    await until(() => hosts.every(({ mesh }) => mesh.neighbours().length >= 3));
    for (const { mesh } of hosts) expect(mesh.neighbours().length).toBeLessThanOrEqual(8);
    for (const [index, { mesh }] of hosts.entries()) mesh.broadcast(Buffer.from(`from ${index}`));
    await until(() => hosts.every(({ seen }) => new Set(seen.heard).size === hosts.length - 1), 'all heard all');
  });
});

describe('more hosts than one has room for', () => {
  it('take turns among themselves, and leave those alone that were linked before them', async () => {
    const options = { maxLinks: 8 };
    const [one, ...others] = (await freshLab().startAll(4, { options })).map(at);
    if (!one) throw new Error('a host is needed');
    await until(() => linkedTo(3)(one));
    const ups = new Map(others.map(({ hostId }) => [hostId, 0]));
    const linkUp = one.seen.linkUp.bind(one.seen);
    one.seen.linkUp = (peer) => {
      ups.set(peer, (ups.get(peer) ?? 0) + 1);
      linkUp(peer);
    };
    const late = await Promise.all(Array.from({ length: 12 }, () => lab.start()));
    for (const { mesh } of late) mesh.connect(dialAddress(one));
    await until(() => late.every(({ hostId }) => ups.has(hostId)), 'each had its turn');
    expect(others.map(({ hostId }) => ups.get(hostId))).toEqual([0, 0, 0]);
    expect(one.mesh.neighbours()).toEqual(expect.arrayContaining(others.map(({ hostId }) => hostId)));
    expect(one.mesh.links().filter(({ state }) => state === 'established').length).toBeLessThanOrEqual(8);
  });
});

describe('more hosts that link with one than it has room for', () => {
  it('take from it no link of its own choosing', async () => {
    const options = { maxLinks: 8 };
    const [one] = (await freshLab().startAll(5, { options })).map(at);
    const chosen = await Promise.all(Array.from({ length: 3 }, () => lab.start()));
    if (!one) throw new Error('a host is needed');
    await until(() => linkedTo(4)(one));
    for (const host of chosen) one.mesh.connect(dialAddress(host));
    await until(() => linkedTo(7)(one));
    const late = await Promise.all(Array.from({ length: 24 }, () => lab.start()));
    for (const { mesh } of late) mesh.connect(dialAddress(one));
    await until(() => late.every(({ seen }) => seen.ups > 0), 'each had its turn');
    expect(chosen.map(({ seen }) => seen.ups)).toEqual([1, 1, 1]);
    expect(one.mesh.dialled().toSorted()).toEqual(chosen.map(({ hostId }) => hostId).toSorted());
  });
});

describe('what a host tells others of where it is', () => {
  it('is what the operator says, with the port that it listens on', async () => {
    const host = await freshLab().start({ options: { advertise: '192.0.2.7' } });
    expect(host.mesh.listenAddresses()[0]).toMatch(/^192\.0\.2\.7:\d+$/);
  });

  it('is the operator’s own port where there is one', async () => {
    const host = await freshLab().start({ options: { advertise: '[2001:db8::7]:9000' } });
    expect(host.mesh.listenAddresses()).toEqual(['[2001:db8::7]:9000']);
  });

  it('leaves out loopback and the addresses that lead nowhere from elsewhere', async () => {
    const all = await freshLab().start({ options: { listen: ['0.0.0.0:0'] } });
    const addresses = all.mesh.listenAddresses();
    const [first = ''] = addresses;
    if (addresses.length > 1 || !first.startsWith('127.')) expect(addresses.join()).not.toContain('127.0.0.1');
    const unreachable = () => addresses.map((address) => address.replace(/:\d+$/, ''));
    const none = await lab.start({ options: { listen: ['0.0.0.0:0'], unreachable } });
    for (const address of none.mesh.listenAddresses()) expect(address).toMatch(/^127\./);
  });
});

describe('what an operator said of peers', () => {
  it('is remembered over a restart: an address to connect to, but not one that a start was given', async () => {
    const storage = new MemoryStorage();
    const first = await freshLab().start({ storage });
    first.mesh.connect('127.0.0.1:1');
    first.mesh.join('127.0.0.1:2');
    await first.mesh.stop();
    const again = await lab.start({ storage, identity: first.identity });
    await until(() => again.mesh.links().length > 0);
    expect(again.mesh.links().map(({ address }) => address)).toEqual(['127.0.0.1:1']);
    again.mesh.forget('127.0.0.1:1');
    await again.mesh.stop();
    const third = await lab.start({ storage, identity: first.identity });
    expect(third.mesh.links()).toEqual([]);
  });

  it('ends the link with a host that is to be forgotten, until that host comes back by itself', async () => {
    const storage = new MemoryStorage();
    // The other never dials: only what this host does is seen.
    const other = await freshLab().start();
    const host = await lab.start({ storage, options: { advertise: '192.0.2.1:6783' } });
    const knowing = (each: LabHost) => each.mesh.learn(other.hostId, other.mesh.listenAddresses());
    knowing(host);
    await until(() => linkedTo(1)(host) && linkedTo(1)(other));
    expect(host.mesh.forget(dialAddress(other))).toMatchObject({ ok: true });
    await until(() => linkedTo(0)(host) && linkedTo(0)(other));
    knowing(host);
    expect(host.mesh.links()).toEqual([]);
    await host.mesh.stop();
    const again = await lab.start({ storage, identity: host.identity });
    knowing(again);
    expect(again.mesh.links()).toEqual([]);
    other.mesh.connect(dialAddress(again));
    await until(() => linkedTo(1)(again));
    await again.mesh.stop();
    const third = await lab.start({ storage, identity: host.identity });
    await until(() => linkedTo(1)(third));
  });

  it('ends the link with whoever answered at a host name, though another address leads to it', async () => {
    const [host, other] = [await freshLab().start(), await lab.start()];
    host.mesh.learn(other.hostId, other.mesh.listenAddresses());
    await until(() => linkedTo(1)(host) && linkedTo(1)(other));
    const name = dialAddress(other).replace('127.0.0.1', 'localhost');
    host.mesh.connect(name);
    await until(() => host.mesh.links().length === 1, 'somebody known answers there');
    expect(host.mesh.forget(name)).toMatchObject({ ok: true });
    await until(() => linkedTo(0)(host) && linkedTo(0)(other));
    expect(host.mesh.links()).toEqual([]);
  });

  it('is undone by the next word: a forgotten address is connected to again', async () => {
    const [host, other] = [await freshLab().start(), await lab.start()];
    host.mesh.learn(other.hostId, other.mesh.listenAddresses());
    await until(() => linkedTo(1)(host));
    host.mesh.forget(dialAddress(other));
    await until(() => linkedTo(0)(host));
    host.mesh.connect(dialAddress(other));
    await until(() => linkedTo(1)(host));
  });
});

describe('an address that cannot be had', () => {
  it('is named when another process has it', async () => {
    const host = await freshLab().start();
    const address = dialAddress(host);
    const second = lab.add({ options: { listen: [address] }, holderOf: async () => 'somebody (pid 1)' });
    await expect(second.mesh.start()).rejects.toThrow(
      `the mesh cannot listen on ${address}: the port is taken by somebody (pid 1)`,
    );
  });

  it('is refused as a peer when it is none', async () => {
    const host = await freshLab().start();
    expect(host.mesh.connect('192.0.2.1:99999')).toMatchObject({ ok: false });
    expect(host.mesh.connect('not an address')).toMatchObject({ ok: false });
  });

  it('is dialled no more once it is forgotten', async () => {
    const host = await freshLab().start();
    host.mesh.connect('127.0.0.1:1');
    await until(() => host.mesh.links()[0]?.problem === 'nothing listens at 127.0.0.1:1');
    expect(host.mesh.forget('127.0.0.1:1')).toMatchObject({ ok: true });
    expect(host.mesh.links()).toEqual([]);
    expect(host.mesh.forget('127.0.0.1:1')).toMatchObject({ ok: false });
  });
});

/** A wire whose ends stay open when it is cut, as they do when the power of the other side fails. */
async function cuttableWire(target: string): Promise<{ readonly address: string; cut(): void }> {
  const sockets: Socket[] = [];
  const port = Number(target.split(':').at(-1));
  const server: Server = createServer((near) => {
    const far = tcpConnect(port, '127.0.0.1');
    sockets.push(near, far);
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the wire has no port');
  return {
    address: `127.0.0.1:${address.port}`,
    cut: () => {
      server.close();
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
}

function at(host: LabHost | undefined): LabHost {
  if (host === undefined) throw new Error('no such host');
  return host;
}
