import { describe, expect, it } from 'vitest';
import { WholePulls } from '../../src/crdt/whole-pulls.ts';
import type { HostId } from '../../src/record.ts';
import { CrdtLab } from '../support/crdt-lab.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testSigner } from '../support/signer.ts';

const neighbours = [1, 2, 3, 4].map((number) => testSigner(number).hostId);

describe('pulling everything from many neighbours', () => {
  it('asks one, and the others when that one brought what it has', async () => {
    const { pulls, begun, end } = scripted();
    for (const peer of neighbours) pulls.want(peer);
    expect(begun).toEqual(neighbours.slice(0, 1));
    await end(neighbours[0], true);
    expect(begun).toEqual(neighbours);
  });

  it('flows while the first brings something, and neither before nor after that', async () => {
    const { clock, pulls, news, end } = scripted();
    expect(pulls.flowing).toBe(false);
    pulls.want(testSigner(1).hostId);
    clock.advance(900);
    news(neighbours[0]);
    clock.advance(900);
    expect(pulls.flowing).toBe(true);
    clock.advance(200);
    expect(pulls.flowing).toBe(false);
    news(neighbours[0]);
    expect(pulls.flowing).toBe(true);
    await end(neighbours[0], true);
    expect(pulls.flowing).toBe(false);
  });

  it('goes on to the next where the first fails', async () => {
    const { pulls, begun, end } = scripted();
    for (const peer of neighbours) pulls.want(peer);
    await end(neighbours[0], false);
    expect(begun).toEqual(neighbours.slice(0, 2));
  });

  it('does not wait for one that brings nothing new, nor for ever for one that does', () => {
    const { clock, pulls, begun, news } = scripted();
    for (const peer of neighbours) pulls.want(peer);
    clock.advance(2_000);
    expect(begun.length).toBeGreaterThan(1);
    const slow = begun.at(-1);
    for (let turn = 0; turn < 80; turn += 1) {
      news(slow);
      clock.advance(500);
    }
    expect(begun).toEqual(neighbours);
  });

  it('costs a host that joins one copy of what there is, however many neighbours it has', async () => {
    const lab = new CrdtLab();
    const hosts = Array.from({ length: 12 }, () => lab.add());
    for (const host of hosts)
      for (let number = 0; number < 50; number += 1)
        host.put(host.container(`container-${host.name}-${number}`, [`name${number}`]));
    for (const host of hosts) await host.start();
    await lab.run(5_000);
    const stored = hosts[0]?.replica.stats().storedBytes ?? 0;
    const before = lab.net.deliveredBytes;
    const joiner = lab.add();
    await joiner.start();
    await lab.until(() => lab.agree());
    expect(joiner.replica.stats().storedBytes).toBeGreaterThanOrEqual(stored);
    // The rest is beats, and the requests of those who ask the joiner.
    expect(lab.net.deliveredBytes - before).toBeLessThan(2.5 * stored);
  });
});

describe('a host that joins over a slow line', () => {
  it('asks for nothing that is on its way, however many signs of life tell of it', async () => {
    const lab = new CrdtLab();
    const hosts = await lab.start(8);
    for (const host of hosts) host.put(host.container(`container-${host.name}`, ['web']));
    await lab.run(2_000);
    lab.net.options = { ...lab.net.options, delayMs: [150, 250] };
    const joiner = lab.add();
    await joiner.start();
    await lab.until(() => joiner.answers('web').length === hosts.length);
    expect(joiner.replica.stats().exchanges).toBe(1);
  });
});

/** Pulls that begin when they are asked to, and bring and end what the test says. */
function scripted() {
  const clock = new ManualClock();
  const begun: HostId[] = [];
  const running = new Map<HostId | undefined, { readonly onNews: () => void; readonly end: (done: boolean) => void }>();
  const pulls = new WholePulls({
    clock,
    pull: (peer, onNews) => {
      begun.push(peer);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      running.set(peer, { onNews, end: resolve });
      return promise;
    },
  });
  const end = async (peer: HostId | undefined, done: boolean) => {
    running.get(peer)?.end(done);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, pulls, begun, end, news: (peer: HostId | undefined) => running.get(peer)?.onNews() };
}
