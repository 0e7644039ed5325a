import { meshDefaults } from '../src/config.ts';
import { CrdtLab, type LabReplica, name } from '../test/support/crdt-lab.ts';
import { quantiles } from './quantiles.ts';

const containersPerHost = 5;
const changes = 200;
const changesPerSecond = 50;
/** Milliseconds until all hosts know each other, after the last one started; a link takes 300 at most. */
const settleMs = 2_000;
/** Milliseconds until the last change is everywhere: a hundred times what one takes. */
const arriveMs = 1_000;

/**
 * Milliseconds from a change on one host until the last of `count` hosts shows it, for 200 changes anywhere: whole
 * replicas with real signatures, on a network in memory whose messages take 1 to 3 ms, moved by a manual clock. Hosts
 * have as many links as the mesh would give them: all of them while it is small, and a few at random where it is large.
 * Real links of 200 agents in one process would measure that process, whose two cores all of them share.
 */
export async function measurePropagation(count: number) {
  const lab = new CrdtLab();
  for (let number = 0; number < count; number += 1) {
    const host = lab.add();
    for (let index = 0; index < containersPerHost; index += 1) put(host, index, 0);
  }
  if (count > meshDefaults.fullMeshHosts) lab.net.cutAllBut(links(lab));
  for (const host of lab.hosts) await host.start();
  await lab.run(settleMs);
  const delays: number[] = [];
  for (let change = 0; change < changes; change += 1) {
    const host = lab.hosts[Math.floor(lab.clock.random() * count)];
    if (host !== undefined) time(lab, host, change, delays);
    await lab.run(1000 / changesPerSecond);
  }
  await lab.run(arriveMs);
  return { hosts: count, changes, arrivedEverywhere: delays.length, ...quantiles(delays) };
}

/** Each host dials so many others at random, as the dialer does in a large mesh. */
function links({ hosts, clock }: CrdtLab) {
  return hosts.flatMap((host) =>
    Array.from({ length: meshDefaults.linksWhenLarge }, () => {
      const other = hosts[Math.floor(clock.random() * hosts.length)] ?? host;
      return [host.id, other.id] as const;
    }),
  );
}

/** Notes when the last host shows a change made now. */
function time(lab: CrdtLab, host: LabReplica, change: number, delays: number[]): void {
  const from = lab.clock.now();
  const marker = name(`change${change}`);
  let left = lab.hosts.length;
  const undo = lab.hosts.map((each) => {
    let shown = false;
    return each.directory.onNames((changed) => {
      if (shown || !changed.some((entry) => entry.name === marker && entry.owners.length > 0)) return;
      shown = true;
      left -= 1;
      if (left > 0) return;
      delays.push(lab.clock.now() - from);
      for (const stop of undo) stop();
    });
  });
  put(host, change % containersPerHost, change);
}

function put(host: LabReplica, index: number, change: number): void {
  host.put(
    host.container(`container${index}`, [`${host.name}-service${index}`, `change${change}`], `10.0.0.${index + 1}`),
  );
}
