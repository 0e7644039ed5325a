import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/crdt/request.ts';
import { localNetworkKey, sharedNetworkKey } from '../../src/record.ts';
import {
  address,
  CrdtLab,
  containerRecord,
  hostRecord,
  type LabOptions,
  LabReplica,
  MemoryDisk,
  name,
  staticRecord,
} from '../support/crdt-lab.ts';
import { testSigner } from '../support/signer.ts';

/** Milliseconds; the budget for a host that is switched off. */
const hiddenWithinMs = 5_000;

describe('hosts of one mesh', () => {
  it('know on every host what runs on any', async () => {
    const { lab, one, two, three } = await trio();
    one.put(one.container('c1', ['nodebb'], '10.1.0.1'));
    two.put(two.container('c2', ['nodebb', 'node1'], '10.2.0.1'));
    three.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    await lab.run(100);
    for (const host of lab.hosts) {
      expect(host.answers('nodebb')).toEqual(['10.1.0.1', '10.2.0.1']);
      expect(host.answers('db')).toEqual(['192.0.2.7']);
    }
    expect(lab.agree()).toBe(true);
  });

  it('know each other through one middle host', async () => {
    const lab = new CrdtLab();
    const [one, two, three] = [lab.add(), lab.add(), lab.add()];
    lab.net.cut(one.id, three.id);
    for (const host of lab.hosts) await host.start();
    one.put(one.container('c1', ['far'], '10.1.0.1'));
    await lab.run(1_000);
    expect(three.answers('far')).toEqual(['10.1.0.1']);
    expect(three.status(one)).toBe('alive');
    await lab.run(60_000);
    expect(three.status(one)).toBe('alive');
    expect(two.answers('far')).toEqual(['10.1.0.1']);
  });

  it('know which links the others have, while those are heard', async () => {
    const lab = new CrdtLab();
    const [one, two, three] = [lab.add(), lab.add(), lab.add()];
    lab.net.cut(one.id, three.id);
    for (const host of lab.hosts) await host.start();
    await lab.run(2_000);
    const told = (by: LabReplica) => by.replica.linksElsewhere().map(({ from, to }) => [from, to].sort().join(' '));
    const pair = [two.id, three.id].sort().join(' ');
    expect(told(one)).toContain(pair);
    await three.stop('restart');
    await lab.run(2_000);
    expect(told(one)).not.toContain(pair);
  });

  it('tell a listener of all names of one merge at once', async () => {
    const { lab, one, two } = await trio();
    const batches: string[][] = [];
    two.directory.onNames((changed) => batches.push(changed.map((entry) => entry.name).sort()));
    one.truth.set('c1', one.container('c1', ['alpha', 'beta'], '10.1.0.1'));
    one.truth.set('c2', one.container('c2', ['beta', 'gamma'], '10.1.0.2'));
    one.list();
    await lab.run(100);
    expect(batches).toEqual([['alpha', 'beta', 'gamma']]);
  });

  it('serve both sides of a partition, and know all within five seconds of its end', async () => {
    const { lab, one, two, three } = await trio();
    lab.net.partition([one.id, two.id], [three.id]);
    await lab.run(20_000);
    one.put(one.container('c1', ['here'], '10.1.0.1'));
    three.put(three.container('c3', ['there'], '10.3.0.1'));
    one.replica.addStatic([staticRecord('db', '192.0.2.1')]);
    three.replica.addStatic([staticRecord('db', '192.0.2.3')]);
    await lab.run(20_000);
    expect(two.answers('here')).toEqual(['10.1.0.1']);
    expect(two.status(three)).toBe('quiet');
    expect(three.answers('there')).toEqual(['10.3.0.1']);
    expect(three.answers('db')).toEqual(['192.0.2.3']);
    lab.net.heal();
    await lab.until(() => lab.agree(), 5_000);
    expect(two.answers('there')).toEqual(['10.3.0.1']);
    expect(three.answers('here')).toEqual(['10.1.0.1']);
    for (const host of lab.hosts) expect(host.answers('db')).toEqual(['192.0.2.1', '192.0.2.3']);
  });

  it('keep answering for an agent that restarts, without a moment in which a name is gone', async () => {
    const { lab, one, two } = await trio();
    one.put(one.container('c1', ['stays'], '10.1.0.1'));
    await lab.run(100);
    const seen = watch(two, 'stays');
    await one.stop('restart');
    await lab.run(10_000);
    expect(two.status(one)).toBe('restarting');
    await one.start({ listing: false });
    await lab.run(1_500);
    expect(two.status(one)).toBe('alive');
    one.list();
    await lab.run(500);
    expect(seen.every((answers) => answers.includes('10.1.0.1'))).toBe(true);
    expect(two.answers('stays')).toEqual(['10.1.0.1']);
  });

  it('hide an agent that said it would be back and is not', async () => {
    const { lab, one, two } = await trio();
    await one.stop('restart');
    await lab.run(lab.options.restartGraceMs - 2_000);
    expect(two.status(one)).toBe('restarting');
    await lab.run(3_000);
    expect(two.status(one)).toBe('quiet');
  });

  it('replace what a former run said at once when the new one has listed its engine', async () => {
    const { lab, one, two } = await trio();
    one.put(one.container('c1', ['old', 'both'], '10.1.0.1'));
    await lab.run(100);
    await one.crash();
    one.truth.clear();
    one.truth.set('c2', one.container('c2', ['new', 'both'], '10.1.0.2'));
    await one.start({ listing: false });
    await lab.run(2_000);
    expect(two.answers('old')).toEqual(['10.1.0.1']);
    const batches: string[][] = [];
    two.directory.onNames((changed) => batches.push(changed.map((entry) => entry.name).sort()));
    one.list();
    await lab.run(200);
    expect(batches).toEqual([['both', 'new', 'old']]);
    expect(two.answers('old')).toEqual([]);
    expect(two.answers('both')).toEqual(['10.1.0.2']);
    expect(lab.agree()).toBe(true);
  });

  it('speak for a host whose engine does not answer with what its former run said last', async () => {
    const { lab, one, two } = await trio();
    one.put(one.container('c1', ['kept'], '10.1.0.1'));
    await lab.run(100);
    await one.crash();
    one.disk = new MemoryDisk();
    one.disk.files.clear();
    await one.start({ listing: false });
    await lab.run(lab.options.listingGraceMs + 1_000);
    expect(two.answers('kept')).toEqual(['10.1.0.1']);
    expect(one.answers('kept')).toEqual(['10.1.0.1']);
    expect(two.status(one)).toBe('alive');
  });

  it('withdraw at once what a leaving host said, also where it is heard of later', async () => {
    const { lab, one, two, three } = await trio();
    one.put(one.container('c1', ['gone'], '10.1.0.1'));
    await lab.run(100);
    lab.net.partition([one.id, two.id], [three.id]);
    await lab.run(10_000);
    await one.stop('leave');
    await lab.run(100);
    expect(two.directory.hosts().map(({ id }) => id)).not.toContain(one.id);
    expect(two.answers('gone')).toEqual([]);
    expect(three.directory.entry(name('gone')).owners).toHaveLength(1);
    lab.net.heal();
    await lab.run(2_000);
    expect(three.directory.entry(name('gone')).owners).toEqual([]);
    expect(lab.agree()).toBe(true);
    await one.start();
    one.list();
    await lab.run(1_000);
    expect(three.answers('gone')).toEqual(['10.1.0.1']);
  });

  it('tell nobody of beats of a host that left, whose age they do not know any more', async () => {
    const { lab, one, two, three } = await trio();
    await one.stop('leave');
    await lab.run(60_000);
    const about = [{ host: one.id, epoch: 0, sequence: 0, beatEpoch: 0, beat: 0 }];
    const answer = await Array.fromAsync(two.replica.answer(three.id, encodeRequest({ type: 'ask', about })));
    expect(answer).toEqual([]);
  });

  it('forget a host on the word of one, also where it was known from disk only, and take it back when it returns', async () => {
    const { lab, one, two, three } = await trio();
    one.put(one.container('c1', ['dead'], '10.1.0.1'));
    await lab.run(30_000);
    await three.stop('restart');
    expect(two.replica.forgetHost(one.id)).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/^host host1 is alive, not gone: .*`weft leave` there/),
    });
    await one.crash();
    await lab.run(10_000);
    expect(two.replica.forgetHost(one.id)).toMatchObject({ ok: true });
    expect(two.directory.entry(name('dead')).owners).toEqual([]);
    await three.start();
    await lab.run(20_000);
    expect(three.directory.hosts().map(({ id }) => id)).not.toContain(one.id);
    expect(two.directory.hosts().map(({ id }) => id)).not.toContain(one.id);
    await one.start();
    await lab.run(3_000);
    expect(three.answers('dead')).toEqual(['10.1.0.1']);
    expect(lab.agree()).toBe(true);
  });

  it.each([
    ['forgotten', async () => {}],
    ['forgotten by hosts that restarted since', restartAll],
  ])('take back a host that was %s, and has a disk from before', async (_how, after) => {
    const { lab, one, two, three } = await trio();
    one.put(one.container('c1', ['dead'], '10.1.0.1'));
    await lab.run(2_000);
    const backup = await outlived(one, lab);
    await one.crash();
    await lab.run(10_000);
    expect(two.replica.forgetHost(one.id)).toMatchObject({ ok: true });
    await after([two, three]);
    await lab.run(10_000);
    for (const [file, bytes] of backup) one.disk.files.set(file, bytes);
    await one.start();
    await lab.until(() => three.answers('dead').length > 0 && lab.agree(), 10_000);
    expect(one.replica.stats().duplicateIdentity).toBe(false);
  });

  it('take back a host that they knew from their disks only before they forgot it', async () => {
    const { lab, one, two, three } = await trio();
    for (let index = 0; index < 50; index += 1) one.put(one.container(`c${index}`, [`name${index}`]));
    await lab.run(2_000);
    const backup = await outlived(one, lab);
    await lab.run(10_000);
    await one.crash();
    await restartAll([two, three]);
    await lab.run(10_000);
    expect(two.replica.forgetHost(one.id)).toMatchObject({ ok: true });
    await lab.run(10_000);
    for (const [file, bytes] of backup) one.disk.files.set(file, bytes);
    await one.start();
    await lab.until(() => three.answers('name1').length > 0 && lab.agree(), 10_000);
  });

  it('do not take a forgotten host back from one that was away for longer than hosts are kept', async () => {
    const { lab, one, two, three } = await trio({ replica: { retentionMs: 20_000 } });
    one.put(one.container('c1', ['dead'], '10.1.0.1'));
    await lab.run(30_000);
    await three.stop('restart');
    await one.crash();
    await lab.run(120_000);
    const known = new Set<string>();
    two.directory.onNames((entries) => {
      for (const entry of entries) if (entry.owners.length > 0) known.add(entry.name);
    });
    await three.start();
    await lab.run(10_000);
    for (const host of [two, three]) expect(host.directory.entry(name('dead')).owners).toEqual([]);
    expect([...known]).not.toContain('dead');
  });

  it('forget a host that was quiet for longer than hosts are kept', async () => {
    const lab = new CrdtLab({ replica: { retentionMs: 60_000 } });
    const [one, two] = await lab.start(2);
    await one?.crash();
    await lab.run(50_000);
    expect(two?.directory.hosts()).toHaveLength(2);
    await lab.run(20_000);
    expect(two?.directory.hosts()).toHaveLength(1);
  });

  it('count how long a host is quiet over restarts, also when nothing else changed', async () => {
    const lab = new CrdtLab({ replica: { retentionMs: 60_000 } });
    const [one, two] = await lab.start(2);
    if (one === undefined || two === undefined) throw new Error('two hosts');
    await lab.run(5_000);
    await one.crash();
    for (let round = 0; round < 3; round += 1) {
      await lab.run(25_000);
      await two.stop('restart');
      await two.start();
    }
    await lab.run(1_000);
    expect(two.directory.hosts()).toHaveLength(1);
  });

  it('count how long a host is quiet over crashes, also when nothing else changed', async () => {
    const retentionMs = 7_200_000;
    const lab = new CrdtLab({ replica: { retentionMs } });
    const [one, two] = await lab.start(2);
    if (one === undefined || two === undefined) throw new Error('two hosts');
    await lab.run(5_000);
    await one.crash();
    for (let round = 0; round < 3; round += 1) {
      await lab.run(retentionMs * 0.36);
      await two.crash();
      await two.start();
    }
    await lab.run(1_000);
    expect(two.directory.hosts()).toHaveLength(1);
  });

  it('serve the last directory as stale after a start, until the mesh confirms it', async () => {
    const { lab, one, two, three } = await trio();
    one.put(one.container('c1', ['saved'], '10.1.0.1'));
    three.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    await lab.run(20_000);
    for (const host of lab.hosts) await host.crash();
    await two.start();
    expect(two.status(one)).toBe('stale');
    expect(two.answers('saved')).toEqual(['10.1.0.1']);
    expect(two.answers('db')).toEqual(['192.0.2.7']);
    await lab.run(60_000);
    expect(two.status(one)).toBe('stale');
    expect(two.replica.isConfirmed).toBe(false);
    await one.start();
    await lab.run(1_500);
    expect(two.status(one)).toBe('alive');
    expect(two.replica.isConfirmed).toBe(true);
    expect(two.status(three)).toBe('stale');
    await lab.run(hiddenWithinMs);
    expect(two.status(three)).toBe('quiet');
  });

  it('take no word of a neighbour that is stopping for all that the mesh knows', async () => {
    const { lab, one, two, three } = await trio();
    await lab.run(20_000);
    for (const host of [one, three]) await host.crash();
    await two.replica.stop('restart');
    await one.start();
    await lab.run(20_000);
    expect(one.mesh.neighbours()).toEqual([two.id]);
    expect(one.replica.isConfirmed).toBe(false);
    expect(one.status(three)).toBe('stale');
  });

  it('have a name at once when they are new, whether or not their engine answers', async () => {
    const { lab, two } = await trio();
    const newcomer = lab.add();
    await newcomer.start({ listing: false });
    await lab.run(500);
    const seen = () => two.directory.hosts().find(({ id }) => id === newcomer.id)?.record;
    expect(seen()?.name).toBe(newcomer.name);
    newcomer.put(newcomer.container('c1', ['late'], '10.1.0.1'));
    newcomer.list();
    await lab.run(100);
    expect(two.answers('late')).toEqual(['10.1.0.1']);
  });

  it('start from a disk that lost everything but the key, above the epochs that the mesh remembers', async () => {
    const { lab, one, two, three } = await trio();
    for (let round = 0; round < 3; round += 1) {
      await one.stop('restart');
      await one.start();
    }
    one.put(one.container('c1', ['before'], '10.1.0.1'));
    one.replica.addStatic([staticRecord('first', '192.0.2.1')]);
    await lab.run(1_000);
    await one.crash();
    one.disk.files.clear();
    one.truth.clear();
    one.truth.set('c2', one.container('c2', ['after'], '10.1.0.2'));
    lab.net.partition([one.id], [two.id, three.id]);
    await one.start();
    one.replica.addStatic([staticRecord('second', '192.0.2.2')]);
    await lab.run(1_000);
    lab.net.heal();
    await lab.until(() => lab.agree() && two.answers('after').length > 0, 10_000);
    expect(two.answers('before')).toEqual([]);
    for (const host of lab.hosts) {
      expect(host.answers('first')).toEqual(['192.0.2.1']);
      expect(host.answers('second')).toEqual(['192.0.2.2']);
    }
    expect(one.replica.stats().duplicateIdentity).toBe(false);
  });

  it('notice two agents with one key, say so, and do not race for ever', async () => {
    const lab = new CrdtLab();
    const [one, two] = await lab.start(2);
    if (one === undefined || two === undefined) throw new Error('two hosts');
    // The clone is another machine with the same identity: the mesh would not link it with its original.
    const clone = new LabReplica(lab, testSigner(1), 'clone', testSigner(99).hostId);
    lab.net.cut(clone.mesh.hostId, one.id);
    await clone.start();
    await lab.run(30_000);
    expect(one.replica.stats().duplicateIdentity || clone.replica.stats().duplicateIdentity).toBe(true);
    const epoch = () => two.directory.hosts().find(({ id }) => id === one.id)?.epoch ?? 0;
    const before = epoch();
    await lab.run(60_000);
    expect((epoch() - before) / 2 ** 20).toBeLessThan(10);
  });

  it('agree on the owner of a shared address: the later claim, and never one that is not heard', async () => {
    const { lab, one, two, three } = await trio();
    const addresses = [{ address: address('10.9.0.1'), network: sharedNetworkKey('macvlan'), networkName: 'lan' }];
    one.put(containerRecord(one.id, 'c1', ['first'], '10.1.0.1', { addresses }));
    await lab.run(100);
    two.put(containerRecord(two.id, 'c2', ['second'], '10.2.0.1', { addresses }));
    await lab.run(100);
    for (const host of lab.hosts) {
      expect(host.answers('first')).toEqual([]);
      expect(host.answers('second')).toEqual(['10.9.0.1']);
    }
    await two.crash();
    await lab.run(hiddenWithinMs);
    expect(three.answers('first')).toEqual(['10.9.0.1']);
  });

  it('leave an address to all containers that share one network namespace, on a shared network and on a local one', async () => {
    const { lab, one, two } = await trio();
    for (const network of [sharedNetworkKey('overlay:1'), localNetworkKey(one.id, 'bridge')]) {
      const addresses = [{ address: address('10.9.0.1'), network, networkName: 'lan' }];
      one.put(containerRecord(one.id, 'c1', ['pod'], '10.9.0.1', { addresses }));
      one.put(containerRecord(one.id, 'c2', ['sidecar'], '10.9.0.1', { addresses }));
      await lab.run(100);
      for (const host of lab.hosts)
        for (const each of ['pod', 'sidecar']) expect(host.answers(each)).toEqual(['10.9.0.1']);
    }
    const addresses = [{ address: address('10.9.0.1'), network: sharedNetworkKey('overlay:1'), networkName: 'lan' }];
    one.put(containerRecord(one.id, 'c1', ['pod'], '10.9.0.1', { addresses }));
    one.put(containerRecord(one.id, 'c2', ['sidecar'], '10.9.0.1', { addresses }));
    await lab.run(100);
    two.put(containerRecord(two.id, 'c3', ['later'], '10.9.0.1', { addresses }));
    await lab.run(100);
    expect(['pod', 'sidecar', 'later'].map((each) => two.answers(each))).toEqual([[], [], ['10.9.0.1']]);
  });

  it('tell of a host whose engine is gone, and give its shared addresses to those who are watched', async () => {
    const { lab, one, two } = await trio();
    const addresses = [{ address: address('10.9.0.1'), network: sharedNetworkKey('overlay:1'), networkName: 'lan' }];
    one.put(containerRecord(one.id, 'c1', ['first'], '10.1.0.1', { addresses }));
    await lab.run(100);
    two.put(containerRecord(two.id, 'c2', ['second'], '10.2.0.1', { addresses }));
    two.replica.setHost(hostRecord('host2', { unwatched: true }));
    await lab.run(100);
    const owners = () => one.directory.entry(name('second')).owners;
    expect(one.answers('first')).toEqual(['10.9.0.1']);
    expect(owners()).toEqual([]);
    one.remove('c1');
    await lab.run(100);
    expect(owners()).toMatchObject([{ hostStatus: 'alive', unwatched: true }]);
    two.replica.setHost(hostRecord('host2'));
    await lab.run(100);
    expect(owners()[0]).not.toHaveProperty('unwatched');
  });

  it('live with wall clocks days apart', async () => {
    const { lab, one, two } = await trio();
    const dayMs = 86_400_000;
    one.put(one.container('c1', ['skewed'], '10.1.0.1', { startedAt: 30 * dayMs }));
    two.replica.addStatic([staticRecord('skewed', '192.0.2.1', { madeAt: 3 * dayMs })]);
    one.replica.removeStatic(name('skewed'));
    await lab.run(1_000);
    one.replica.addStatic([staticRecord('other', '192.0.2.1', { madeAt: 1 })]);
    one.replica.removeStatic(name('skewed'));
    await lab.run(1_000);
    for (const host of lab.hosts) {
      expect(host.answers('skewed')).toEqual(['10.1.0.1']);
      expect(host.answers('other')).toEqual(['192.0.2.1']);
    }
  });

  it('go on with a disk that refuses every write', async () => {
    const lab = new CrdtLab();
    const [one, two] = [lab.add(), lab.add()];
    one.disk.broken = true;
    for (const host of lab.hosts) await host.start();
    one.put(one.container('c1', ['unsaved'], '10.1.0.1'));
    one.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    await lab.run(30_000);
    expect(two.answers('unsaved')).toEqual(['10.1.0.1']);
    expect(two.answers('db')).toEqual(['192.0.2.7']);
    await one.stop('restart');
    await one.start();
    await lab.run(2_000);
    expect(lab.agree()).toBe(true);
    expect(one.replica.stats().duplicateIdentity).toBe(false);
  });

  it('have a record made by hand on the disk before whoever made it is told so', async () => {
    const { lab, one } = await trio();
    for (const host of lab.hosts) if (host !== one) await host.crash();
    for (const address of ['192.0.2.7', '192.0.2.8', '192.0.2.9']) one.replica.addStatic([staticRecord('db', address)]);
    await one.replica.kept();
    await one.crash();
    await one.start();
    expect(one.answers('db')).toEqual(['192.0.2.7', '192.0.2.8', '192.0.2.9']);
  });

  it('answer nobody after a crash of whom they knew two seconds before it that they were gone', async () => {
    const { lab, one, two } = await trio();
    one.put(one.container('c1', ['gone'], '10.1.0.1'));
    one.put(one.container('c2', ['gone'], '10.1.0.2'));
    await lab.run(20_000);
    one.remove('c2');
    await lab.run(2_000);
    for (const host of lab.hosts) await host.crash();
    await two.start();
    expect(two.answers('gone')).toEqual(['10.1.0.1']);
  });

  it('set a damaged file aside and lose nothing but itself', async () => {
    const { lab, one, two } = await trio();
    one.put(one.container('c1', ['here'], '10.1.0.1'));
    await lab.run(20_000);
    await one.stop('restart');
    one.disk.files.set('directory', Buffer.from('\u0001\u00ff\u00ff\u00ffgarbage'));
    one.disk.files.set('statics', Buffer.from('\u0001\u0009'));
    one.disk.files.set('epoch', Buffer.from([]));
    await one.start();
    await lab.run(2_000);
    expect([...one.disk.aside.keys()].sort()).toEqual(['directory', 'epoch', 'statics']);
    expect(lab.agree()).toBe(true);
    expect(two.answers('here')).toEqual(['10.1.0.1']);
  });

  it('tell of a burst of changes in few envelopes, the first at once', async () => {
    const { lab, one, two } = await trio();
    for (let number = 1; number <= 200; number += 1)
      one.put(one.container(`c${number}`, ['burst'], `10.1.0.${number}`));
    expect(one.answers('burst')).toEqual(['10.1.0.1']);
    await lab.run(5);
    expect(two.answers('burst')).toEqual(['10.1.0.1']);
    await lab.run(50);
    expect(two.answers('burst')).toHaveLength(200);
    expect(two.replica.stats().envelopes['update merged']).toBe(2);
  });

  it('say the last changes before they stop', async () => {
    const { lab, one, two } = await trio();
    one.put(one.container('c1', ['first'], '10.1.0.1'));
    one.put(one.container('c2', ['last'], '10.1.0.2'));
    await one.stop('restart');
    await lab.run(10);
    expect(two.answers('last')).toEqual(['10.1.0.2']);
  });

  it('go on when one who listens throws', async () => {
    const { lab, one, two } = await trio();
    two.directory.onNames(() => {
      throw new Error('not ready');
    });
    const seen = watch(two, 'here');
    one.put(one.container('c1', ['here'], '10.1.0.1'));
    await lab.run(100);
    expect(seen).toEqual([['10.1.0.1']]);
  });

  it('fetch what is too long for a broadcast', async () => {
    const { lab, one, two, three } = await trio();
    for (let number = 0; number < 400; number += 1)
      one.truth.set(
        `c${number}`,
        one.container(`c${number}`, [`name${number}`], `10.1.${number >> 8}.${number & 255}`),
      );
    one.list();
    await lab.run(1_000);
    expect(two.answers('name399')).toHaveLength(1);
    expect(lab.agree([one, two, three])).toBe(true);
    expect(two.replica.stats().storedBytes).toBeGreaterThan(lab.options.maxBroadcastBytes);
  });

  it('leave nothing running after they stopped, twice', async () => {
    const { lab } = await trio();
    for (const host of lab.hosts) {
      const { replica } = host;
      await host.stop('restart');
      await replica.stop('leave');
    }
    await lab.run(60_000);
    expect(lab.clock.pending).toBe(0);
  });
});

/** What a host had on its disk before it started three times more. */
async function outlived(host: LabReplica, lab: CrdtLab): Promise<[string, Uint8Array][]> {
  const backup = [...host.disk.files];
  for (let round = 0; round < 3; round += 1) {
    await host.stop('restart');
    await host.start();
    await lab.run(2_000);
  }
  return backup;
}

async function restartAll(hosts: readonly LabReplica[]): Promise<void> {
  for (const host of hosts) await host.stop('restart');
  for (const host of hosts) await host.start();
}

async function trio(options: LabOptions = {}) {
  const lab = new CrdtLab(options);
  const [one, two, three] = await lab.start(3);
  if (one === undefined || two === undefined || three === undefined) throw new Error('three hosts');
  return { lab, one, two, three };
}

/** Every answer for a name from now on. */
function watch(host: LabReplica, text: string): string[][] {
  const seen: string[][] = [];
  host.directory.onNames((changed) => {
    if (changed.some((entry) => entry.name === text)) seen.push(host.answers(text));
  });
  return seen;
}
