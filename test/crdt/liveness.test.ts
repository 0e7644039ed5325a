import { describe, expect, it } from 'vitest';
import { crdtDefaults } from '../../src/config.ts';
import type { Beat } from '../../src/crdt/beat.ts';
import { Liveness } from '../../src/crdt/liveness.ts';
import type { HostId } from '../../src/record.ts';
import { CrdtLab, type LabReplica } from '../support/crdt-lab.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testSigner } from '../support/signer.ts';

/** Milliseconds; the budgets of the design. */
const hiddenWithinMs = 5_000;
const backWithinMs = 1_000;

describe('a mesh', () => {
  it.each([3, 12])(
    'of %i hosts hides one that is switched off within five seconds, and not sooner than it must',
    async (count) => {
      const lab = new CrdtLab();
      const [off, ...others] = await lab.start(count);
      if (off === undefined) throw new Error('a host');
      await lab.run(10_000);
      await off.crash();
      const time = await lab.until(() => others.every((host) => host.status(off) === 'quiet'), hiddenWithinMs);
      expect(time).toBeGreaterThan(crdtDefaults.doubtMs);
      expect(others.every((host) => others.every((other) => host === other || host.status(other) === 'alive'))).toBe(
        true,
      );
    },
  );

  it('answers with a returning host within a second of its link', async () => {
    const lab = new CrdtLab();
    const [away, ...others] = await lab.start(5);
    if (away === undefined) throw new Error('a host');
    lab.net.partition(
      [away.id],
      others.map(({ id }) => id),
    );
    await lab.until(() => others.every((host) => host.status(away) === 'quiet'));
    lab.net.heal();
    await lab.until(() => away.mesh.neighbours().length > 0);
    await lab.until(() => others.every((host) => host.status(away) === 'alive'), backWithinMs);
    expect(away.directory.hosts().every(({ status }) => status !== 'quiet')).toBe(true);
  });

  it.each([
    { hosts: 3, minutes: 5, percent: 10 },
    { hosts: 8, minutes: 1, percent: 10 },
    { hosts: 4, minutes: 1, percent: 40 },
  ])(
    'of $hosts hosts hides no living one in $minutes minutes of $percent percent loss',
    async ({ hosts, minutes, percent }) => {
      const lab = new CrdtLab({ loss: percent / 100, delayMs: [1, 200], seed: 7 });
      await lab.start(hosts);
      await lab.run(5_000);
      const hidden = lab.hosts.flatMap((host) => watchHidden(host));
      await lab.run(minutes * 60_000);
      expect(hidden.flat()).toEqual([]);
    },
  );

  it('hides no living host for links that break and come back', async () => {
    const lab = new CrdtLab({ noticeMs: 100, seed: 3 });
    const [one, two, three] = await lab.start(3);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three hosts');
    const hidden = lab.hosts.map(watchHidden);
    for (let flap = 0; flap < 20; flap += 1) {
      lab.net.cut(one.id, two.id);
      await lab.run(700);
      lab.net.cut(one.id, two.id, false);
      await lab.run(500);
    }
    expect(hidden.flat()).toEqual([]);
  });

  it('goes on answering for all where most go quiet at once, and hides them when that lasts', async () => {
    const lab = new CrdtLab({ replica: { preserveMs: 60_000 } });
    const hosts = await lab.start(5);
    const [cut, ...others] = hosts;
    if (cut === undefined) throw new Error('a host');
    lab.net.partition(
      [cut.id],
      others.map(({ id }) => id),
    );
    await lab.run(30_000);
    expect(others.map((host) => cut.status(host))).toEqual(['alive', 'alive', 'alive', 'alive']);
    expect(cut.replica.stats().preserving).toBe(true);
    expect(others.every((host) => host.status(cut) === 'quiet')).toBe(true);
    expect(others.some((host) => host.replica.stats().preserving)).toBe(false);
    await lab.run(60_000);
    expect(others.map((host) => cut.status(host))).toEqual(['quiet', 'quiet', 'quiet', 'quiet']);
    lab.net.heal();
    await lab.run(3_000);
    expect(others.map((host) => cut.status(host))).toEqual(['alive', 'alive', 'alive', 'alive']);
    expect(cut.replica.stats().preserving).toBe(false);
  });

  it('tells apart those who are gone when the mesh comes back in part', async () => {
    const lab = new CrdtLab();
    const [cut, dead, ...others] = await lab.start(5);
    if (cut === undefined || dead === undefined) throw new Error('hosts');
    lab.net.partition(
      [cut.id],
      [dead, ...others].map(({ id }) => id),
    );
    await lab.run(10_000);
    await dead.crash();
    lab.net.heal();
    await lab.until(() => cut.status(dead) === 'quiet', 10_000);
    expect(others.map((host) => cut.status(host))).toEqual(['alive', 'alive', 'alive']);
  });
});

describe('liveness', () => {
  const [a, b] = [testSigner(1).hostId, testSigner(2).hostId];

  it('forgives others the time in which this process itself did not run', () => {
    const { clock, liveness } = heardFrom([a, b]);
    clock.advance(60_000);
    expect(liveness.look(2).changed).toEqual([]);
    expect(liveness.status(a)).toBe('alive');
  });

  it('takes no host for heard in times to come: one whose beat came before this process looked again', () => {
    const { clock, liveness } = heardFrom([a]);
    clock.advance(60_000);
    liveness.heard(a, beat(2), 0);
    liveness.look(1);
    expect(liveness.silenceMs(a)).toBe(0);
    lookFor(hiddenWithinMs, liveness, clock);
    expect(liveness.status(a)).toBe('quiet');
  });

  it('gives hosts known from disk the time that a mesh of their number takes between beats', () => {
    const { clock, liveness } = heardFrom([]);
    const hosts = Array.from({ length: 999 }, (_, index) => `12D3KooW${index}` as HostId);
    for (const host of hosts) liveness.add(host, 'stale', 0);
    liveness.confirm();
    lookFor(2 * 10_000, liveness, clock);
    expect(new Set(hosts.map((host) => liveness.status(host)))).toEqual(new Set(['stale']));
    lookFor(hiddenWithinMs, liveness, clock);
    expect(new Set(hosts.map((host) => liveness.status(host)))).toEqual(new Set(['quiet']));
  });

  it('takes no old beat for news, and counts the time it was under way', () => {
    const { liveness } = heardFrom([a]);
    expect(liveness.isNews(a, { epoch: 1, beat: 1 })).toBe(false);
    expect(liveness.isNews(a, { epoch: 0, beat: 9 })).toBe(false);
    liveness.heard(b, beat(1), 60_000);
    expect(liveness.status(b)).toBe('quiet');
    liveness.heard(b, beat(2), 1_000);
    expect(liveness.status(b)).toBe('alive');
    expect(liveness.silenceMs(b)).toBe(1_000);
  });

  it('beats more slowly the more hosts there are', () => {
    const { liveness } = heardFrom(Array.from({ length: 299 }, (_, index) => `12D3KooW${index}` as HostId));
    expect(liveness.intervalMs()).toBe(3_000);
    expect(heardFrom([a]).liveness.intervalMs()).toBe(1_000);
  });

  it('waits as long as a host said that it will be silent', () => {
    const { clock, liveness } = heardFrom([a], { intervalMs: 10_000 });
    lookFor(15_000, liveness, clock);
    expect(liveness.status(a)).toBe('alive');
    expect(liveness.look(1).suspects).toEqual([]);
  });

  it("shares another's doubt, unless it heard the host later than that other did", () => {
    const { clock, liveness } = heardFrom([a, b]);
    liveness.heard(a, beat(2), 0);
    liveness.doubted(a, beat(1));
    expect(liveness.look(1).suspects).toEqual([]);
    liveness.doubted(a, beat(2));
    expect(liveness.look(1).suspects).toEqual([a]);
    // The mesh was told already.
    clock.advance(crdtDefaults.doubtStepMs);
    expect(liveness.look(1).doubtful).toEqual([]);
  });

  it('tells who is not heard: whoever missed the beats that it promised, also while it is kept alive, or never was', () => {
    const patient = testSigner(3).hostId;
    const { clock, liveness } = heardFrom([a, b]);
    liveness.heard(patient, beat(1, { intervalMs: 10_000 }), 0);
    liveness.add(testSigner(4).hostId, 'stale', 0);
    clock.advance(2_000);
    expect(liveness.unheard()).toEqual(new Set([testSigner(4).hostId]));
    lookFor(10_000, liveness, clock);
    expect(liveness.preserving).toBe(true);
    expect(liveness.status(a)).toBe('alive');
    expect(liveness.unheard()).toEqual(new Set([a, b, testSigner(4).hostId]));
    lookFor(12_000, liveness, clock);
    expect(liveness.unheard()).toContain(patient);
  });

  it('keeps of what the disk told of a host no more than its last beat', () => {
    const liveness = new Liveness(new ManualClock(), crdtDefaults);
    const saved = { epoch: 3, beat: 7, log: ['all that the host ever said'] };
    liveness.add(a, 'stale', 0, saved);
    const last = liveness.lastBeat(a);
    expect(last).toMatchObject({ epoch: 3, beat: 7 });
    expect(Object.keys(last)).not.toContain('log');
  });
});

function beat(number: number, more: Partial<Beat> = {}): Beat {
  return { epoch: 1, beat: number, restarting: false, intervalMs: 1_000, ...more };
}

function heardFrom(hosts: readonly HostId[], more: Partial<Beat> = {}) {
  const clock = new ManualClock();
  const liveness = new Liveness(clock, crdtDefaults);
  for (const host of hosts) liveness.heard(host, beat(1, more), 0);
  return { clock, liveness };
}

function lookFor(ms: number, liveness: Liveness, clock: ManualClock): void {
  for (let time = 0; time < ms; time += 250) {
    clock.advance(250);
    liveness.look(1);
  }
}

/** Hosts that this host hides from now on. */
function watchHidden(host: LabReplica): string[] {
  const hidden: string[] = [];
  host.directory.onHosts((changes) => {
    for (const change of changes)
      if (change.type === 'gone' || change.host.status === 'quiet')
        hidden.push(`${host.name} hides ${change.type === 'gone' ? change.id : change.host.record?.name}`);
  });
  return hidden;
}
