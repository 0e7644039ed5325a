/**
 * What replication costs each host, idle and at 100 changes a second in the mesh, and how soon a change is everywhere:
 * whole replicas with real signatures, on a network in memory that delivers each broadcast once in 1 to 3 ms.
 * Gossip repeats what it carries about as often as a host has links in it; the bytes here are without that.
 * `node bench/mesh-sim.ts [HOSTS…]`
 */
import { type CrdtLab, CrdtLab as Lab, type LabReplica, name } from '../test/support/crdt-lab.ts';

const containersPerHost = 50;
const quietMs = 20_000;
const busyMs = 10_000;
const changesPerSecond = 100;

const counts = process.argv.slice(2).map(Number);
console.log(
  '| hosts | idle: bytes, CPU ms per host and s | 100 changes/s: bytes, CPU ms per host and s | change to all: p50, p99 ms |',
);
console.log('|---|---|---|---|');
for (const count of counts.length > 0 ? counts : [10, 50, 200]) await measure(count);

async function measure(count: number): Promise<void> {
  const lab = new Lab();
  for (let number = 0; number < count; number += 1) {
    const host = lab.add();
    for (let index = 0; index < containersPerHost; index += 1) put(host, index, 0);
  }
  for (const host of lab.hosts) await host.start();
  await lab.run(5_000);
  const idle = await cost(lab, () => lab.run(quietMs), quietMs);
  const delays: number[] = [];
  const busy = await cost(lab, () => churn(lab, delays), busyMs);
  const sorted = delays.toSorted((one, other) => one - other);
  const quantile = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  console.log(`| ${count} | ${idle} | ${busy} | ${quantile(0.5)}, ${quantile(0.99)} |`);
  await lab.stop();
}

async function cost(lab: CrdtLab, run: () => Promise<void>, ms: number): Promise<string> {
  const [bytes, cpu] = [lab.net.deliveredBytes, process.cpuUsage()];
  await run();
  const used = process.cpuUsage(cpu);
  const hostSeconds = (lab.hosts.length * ms) / 1000;
  const perBytes = Math.round((lab.net.deliveredBytes - bytes) / hostSeconds);
  return `${perBytes}, ${((used.user + used.system) / 1000 / hostSeconds).toFixed(2)}`;
}

/** One change after the other, anywhere; each is timed until the last host has it. */
async function churn(lab: CrdtLab, delays: number[]): Promise<void> {
  const changes = (busyMs / 1000) * changesPerSecond;
  for (let change = 0; change < changes; change += 1) {
    const host = lab.hosts[Math.floor(lab.clock.random() * lab.hosts.length)];
    if (host !== undefined) time(lab, host, change, delays);
    await lab.run(1000 / changesPerSecond);
  }
}

function time(lab: CrdtLab, host: LabReplica, change: number, delays: number[]): void {
  const from = lab.clock.now();
  const marker = name(`change${change}`);
  let left = lab.hosts.length;
  const undo = lab.hosts.map((each) =>
    each.directory.onNames((changed) => {
      if (!changed.some((entry) => entry.name === marker && entry.owners.length > 0)) return;
      left -= 1;
      if (left > 0) return;
      delays.push(lab.clock.now() - from);
      for (const stop of undo) stop();
    }),
  );
  put(host, change % containersPerHost, change);
}

function put(host: LabReplica, index: number, change: number): void {
  host.put(host.container(`container${index}`, [`service${index}`, `change${change}`], `10.0.0.${index + 1}`));
}
