import { describe, expect, it } from 'vitest';
import { CrdtLab, type LabOptions, type LabReplica } from '../support/crdt-lab.ts';

/** Longer than anything here waits for: as if a link that carries nothing were never noticed. */
const neverMs = 3_600_000;
const minuteMs = 60_000;

describe('hosts that all have links with each other', () => {
  it('hand on no heartbeat, as long as nothing happens', async () => {
    const { lab } = await mesh(10);
    await lab.run(minuteMs);
    expect(lab.net.handedOn).toEqual([]);
  });

  it('hand on those of two that have no link, so that both are heard with every beat', async () => {
    const { lab, one, two, others } = await mesh(10);
    lab.net.cut(one.id, two.id);
    await lab.run(10_000);
    lab.net.handedOn.length = 0;
    for (let second = 0; second < 30; second += 1) {
      await lab.run(1_000);
      expect(heardMsAgo(one, two)).toBeLessThan(1_500);
      expect(heardMsAgo(two, one)).toBeLessThan(1_500);
    }
    expect(new Set(lab.net.handedOn)).toEqual(new Set(others.map(({ id }) => id)));
    // Two hosts' beats, once a second or a tenth less, at eight others.
    expect(lab.net.handedOn.length).toBeLessThan(1.15 * 30 * 2 * others.length);
  });

  it('hand them on for a host of a former version, which does not say whom it has links with', async () => {
    const { lab, one } = await mesh(4);
    one.mesh.dialled = () => [];
    for (const { mesh } of lab.hosts) {
      const dialled = mesh.dialled.bind(mesh);
      mesh.dialled = () => dialled().filter((peer) => peer !== one.id);
    }
    await lab.run(minuteMs);
    expect(lab.net.handedOn.length).toBeGreaterThan(100);
  });

  it.each([3, 30])('hide nobody of %i behind a link that carries nothing, though nobody notices', async (count) => {
    const { lab, one, two } = await mesh(count, { noticeMs: neverMs });
    const seen = lab.hosts.map(watchStates);
    lab.net.cut(one.id, two.id);
    for (let second = 0; second < 60; second += 1) {
      await lab.run(1_000);
      expect(heardMsAgo(one, two)).toBeLessThan(3_500);
      expect(heardMsAgo(two, one)).toBeLessThan(3_500);
    }
    expect(seen.flat()).toEqual([]);
    // Those who ask hear of it before they tell the mesh of a doubt.
    expect(lab.net.handedOn.length).toBeLessThan(60);
  });

  it('hide nobody of 30 at ten percent loss', async () => {
    const { lab } = await mesh(30, { loss: 0.1, delayMs: [1, 200], seed: 5 });
    const seen = lab.hosts.map(watchStates);
    await lab.run(minuteMs);
    expect(seen.flat()).toEqual([]);
  });
});

describe('a host', () => {
  it('believes in those whom a neighbour dialled, on the word of that neighbour and while it is heard', async () => {
    const { lab, one, two } = await mesh(3);
    const vouched = () => one.replica.hearsay.vouchesFor(two.id);
    const dialler = lab.hosts.find((host) => host !== one && host !== two);
    if (dialler === undefined) throw new Error('a third host');
    two.mesh.dialled = () => [one.id, dialler.id];
    dialler.mesh.dialled = () => [];
    await lab.run(2_000);
    expect(vouched()).toBe(false);
    dialler.mesh.dialled = () => [two.id];
    await lab.run(2_000);
    expect(vouched()).toBe(true);
    await dialler.crash();
    await lab.run(10_000);
    expect(vouched()).toBe(false);
  });
});

async function mesh(count: number, options: LabOptions = {}) {
  const lab = new CrdtLab(options);
  const [one, two, ...others] = await lab.start(count);
  if (one === undefined || two === undefined) throw new Error('two hosts');
  await lab.run(10_000);
  lab.net.handedOn.length = 0;
  return { lab, one, two, others };
}

function heardMsAgo(by: LabReplica, of: LabReplica): number | undefined {
  return by.directory.hosts().find(({ id }) => id === of.id)?.heardMsAgo;
}

/** Every change of a host's state that is shown from now on. */
function watchStates({ name, directory }: LabReplica): string[] {
  const seen: string[] = [];
  const states = () => new Map(directory.hosts().map(({ id, status }) => [id, status]));
  let before = states();
  directory.onHosts(() => {
    const now = states();
    for (const [id, status] of now) if (before.get(id) !== status) seen.push(`${name} shows ${id} ${status}`);
    before = now;
  });
  return seen;
}
