import { describe, expect, it } from 'vitest';
import type { HostId } from '../../src/record.ts';
import { CrdtLab, type LabReplica, staticRecord } from '../support/crdt-lab.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** Requests go to neighbours only; these tests are why nothing else has to be relayed (PROTOCOL.md, "Requests"). */

const hostCount = 10;
/** Enough that a host's log is too long for a broadcast, so that it is fetched hop by hop. */
const manyContainers = 300;
/** Milliseconds of the hosts' own time: a comparison on every hop of the longest chain, one after the other. */
const settleWithinMs = hostCount * 10_000;
const seeds = process.env.WEFT_RELAY_SEED === undefined ? [1, 2, 3] : [Number(process.env.WEFT_RELAY_SEED)];

describe('hosts that reach each other only through others', () => {
  it.each(seeds)('know the same, whatever connected shape their links have (WEFT_RELAY_SEED=%i)', async (seed) => {
    const chance = new ManualClock({ seed });
    const lab = new CrdtLab({ seed, loss: 0.1 });
    const hosts = Array.from({ length: hostCount }, () => lab.add());
    lab.net.cutAllBut(connectedShape(hosts, chance));
    for (const host of hosts) await host.start();
    for (const [number, host] of hosts.entries()) {
      host.put(host.container(`c${number}`, [`name${number}`], `10.0.${number}.1`));
      host.replica.addStatic([staticRecord(`static${number}`, '192.0.2.1')]);
      await lab.run(chance.random() * 2_000);
    }
    await lab.until(() => knowsAll(hosts) && lab.agree(), settleWithinMs);
  });

  it('know the same along a chain, also what is too long to broadcast and what was said during a cut', async () => {
    const lab = new CrdtLab({ loss: 0.05 });
    const hosts = Array.from({ length: hostCount }, () => lab.add());
    const chain = hosts.slice(1).map((host, index): Way => [hosts[index]?.id ?? host.id, host.id]);
    lab.net.cutAllBut(chain);
    const [first, last] = [hosts[0], hosts.at(-1)];
    if (first === undefined || last === undefined) throw new Error('there are hosts');
    for (let number = 0; number < manyContainers; number += 1)
      first.put(first.container(`long${number}`, [`long${number}`], `10.1.${number >> 8}.${number & 255}`));
    for (const host of hosts) await host.start();
    await lab.until(() => last.answers(`long${manyContainers - 1}`).length === 1, settleWithinMs);
    expect(first.replica.stats().storedBytes).toBeGreaterThan(lab.options.maxBroadcastBytes);
    // In two halves, each says something, and the way between them comes back elsewhere than it was.
    const middle = hostCount / 2;
    lab.net.cutAllBut(chain.filter((_, index) => index !== middle - 1));
    await lab.run(20_000);
    first.put(first.container('left', ['left'], '10.2.0.1'));
    last.put(last.container('right', ['right'], '10.2.0.2'));
    await lab.run(20_000);
    expect(last.answers('left')).toEqual([]);
    lab.net.cutAllBut([...chain.filter((_, index) => index !== middle - 1), [hosts[1]?.id ?? first.id, last.id]]);
    await lab.until(() => hosts.every((host) => host.answers('left').length === 1) && lab.agree(), settleWithinMs);
    for (const host of hosts) expect(host.answers('right')).toEqual(['10.2.0.2']);
  });
});

type Way = readonly [HostId, HostId];

/** A random tree over all hosts, and a few ways more. */
function connectedShape(hosts: readonly LabReplica[], chance: ManualClock): Way[] {
  const pick = (from: readonly LabReplica[]) => from[Math.floor(chance.random() * from.length)]?.id;
  const ways = hosts.flatMap((host, index): Way[] => {
    const other = pick(hosts.slice(0, index));
    return other === undefined ? [] : [[host.id, other]];
  });
  for (let extra = Math.floor(chance.random() * 4); extra > 0; extra -= 1) {
    const [one, other] = [pick(hosts), pick(hosts)];
    if (one !== undefined && other !== undefined) ways.push([one, other]);
  }
  return ways;
}

function knowsAll(hosts: readonly LabReplica[]): boolean {
  return hosts.every((host) =>
    hosts.every(
      (other, number) =>
        host.answers(`name${number}`).length === 1 &&
        host.answers(`static${number}`).length === 1 &&
        host.status(other) !== 'quiet',
    ),
  );
}
