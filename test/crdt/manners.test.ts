import { describe, expect, it } from 'vitest';
import { Manners } from '../../src/crdt/manners.ts';
import { CrdtLab, type LabReplica, staticRecord } from '../support/crdt-lab.ts';
import { noise } from '../support/forgery.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testSigner } from '../support/signer.ts';

const peer = testSigner(1).hostId;
const dayMs = 86_400_000;

describe('manners', () => {
  it('allow each old thing once, and none of them twice', () => {
    const manners = new Manners(new ManualClock(), 10);
    const old = Array.from({ length: 100 }, (_, index) => noise(100, index + 1));
    expect(old.filter((bytes) => manners.isRepetition(peer, bytes))).toEqual([]);
    expect(old.filter((bytes) => manners.isRepetition(peer, bytes)).length).toBeGreaterThan(90);
  });

  it('tell one neighbour from another, and a neighbour from its next life', () => {
    const manners = new Manners(new ManualClock(), 10);
    const bytes = noise(100, 1);
    expect(manners.isRepetition(peer, bytes)).toBe(false);
    expect(manners.isRepetition(testSigner(2).hostId, bytes)).toBe(false);
    manners.forget(peer);
    expect(manners.isRepetition(peer, bytes)).toBe(false);
    expect(manners.isRepetition(peer, bytes)).toBe(true);
  });

  it('allow what a link that stood still holds back, and no more of it than time explains', () => {
    const clock = new ManualClock();
    const manners = new Manners(clock, 10);
    const flooded = (count: number) => Array.from({ length: count }, () => manners.isFlooding(peer)).filter(Boolean);
    expect(flooded(5_000)).toHaveLength(0);
    expect(flooded(10)).toHaveLength(10);
    clock.advance(10_000);
    expect(flooded(1_300)).toHaveLength(100);
  });
});

describe('honest hosts are never blamed', () => {
  it.each([
    ['over links that lose a tenth', { loss: 0.1, delayMs: [1, 200] }],
    ['over links that take up to half a minute', { loss: 0.02, delayMs: [1, 30_000], requestTimeoutMs: 90_000 }],
  ] as const)('%s, while all restart, crash and change', async (_which, net) => {
    const lab = new CrdtLab({ seed: 4, ...net });
    const hosts = await lab.start(4);
    for (let round = 0; round < 40; round += 1) {
      for (const host of hosts) change(host, round);
      const one = hosts[round % hosts.length];
      if (round % 5 === 1) await one?.stop('restart');
      if (round % 5 === 3) await one?.crash({ power: round % 2 === 0 });
      await lab.run(1_500);
      if (one?.running === false) await one.start();
    }
    await lab.run(60_000);
    expect(blames(lab)).toEqual([]);
  });

  it('after days apart, in which each restarted and changed a thousand times, with clocks days apart', async () => {
    const lab = new CrdtLab({ seed: 5, loss: 0.1, delayMs: [1, 150] });
    const [one, two, three] = await lab.start(3);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three hosts');
    for (let round = 0; round < 3; round += 1) {
      // Each is cut off in turn, and knows only what was: the others' epochs of then are over.
      lab.net.partition([one.id], [two.id, three.id]);
      for (let step = 0; step < 350; step += 1) {
        for (const [index, host] of [one, two, three].entries()) change(host, step, (index - 1) * 3 * dayMs);
        await lab.run(20);
      }
      for (const host of [two, one]) {
        await host.stop('restart');
        await host.start();
      }
      await lab.run((6 * 3_600_000) / 60);
      lab.net.heal();
      await lab.until(() => lab.agree(), 60_000);
    }
    expect(blames(lab)).toEqual([]);
    expect(one.mesh.neighbours()).toHaveLength(2);
  });
});

/** A container and a record made by hand that come and go. */
function change(host: LabReplica, step: number, skewMs = 0): void {
  const startedAt = 1_800_000_000_000 + skewMs;
  if (host.truth.has('c')) host.remove('c');
  else host.put(host.container('c', [`n${step % 7}`], '10.1.0.1', { startedAt }));
  if (step % 10 === 0) host.replica.addStatic([staticRecord(`s${step % 3}`, '192.0.2.7', { madeAt: startedAt })]);
}

/** Who held what against whom. */
function blames(lab: CrdtLab): string[] {
  return lab.hosts.flatMap((host) =>
    host.mesh.blamed().map(({ peer: neighbour, count }) => `${host.name} blames ${neighbour} ${count} times`),
  );
}
