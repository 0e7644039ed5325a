import { Resolver } from 'node:dns/promises';
import { flagDefaults } from '../src/config.ts';
import { createSecret, parseSecret } from '../src/mesh/secret.ts';
import { BenchAgent, type Footprint, launcher } from './mesh-agent.ts';
import { realisticContainer } from './mesh-records.ts';
import { World } from './mesh-world.ts';
import { measurePace } from './pace.ts';

const containers = 50;
const changesPerSecond = 100;
const settleMs = 12_000;
const measureMs = 20_000;
const paceSeconds = 3;
/** Each look is a request, and the agent's work; less so where its name server is asked, which has a thread of its own. */
const lookMs = 100;
const dnsLookMs = 20;
const lookAtAllMs = 500;
const meshPort = 16_783;
const dnsListen = '127.0.0.1:16753';

/**
 * A whole agent, bundled, joins a mesh: how long until it knows all, or its name server answers all, what memory it takes,
 * and how fast the machine was just before: what is the same work takes half as long again from one minute to the next.
 */
export async function measureJoin(hosts: number, answering: boolean) {
  const pace = await measurePace(paceSeconds);
  return await withAgent(hosts, answering, async (agent, world, times) => {
    const { joined } = times;
    await pause(settleMs);
    const later = agent.footprint();
    return {
      hosts,
      containers,
      answering,
      links: world.neighbours,
      pace: pace.ofBudgets,
      msSinceProcessStart: times.complete,
      msSinceFirstLink: times.complete - times.linked,
      cpuSeconds: joined.cpuSeconds,
      cpuSecondsSinceFirstLink: rounded(joined.cpuSeconds - times.cpuSecondsWhenLinked),
      neighboursCpuSeconds: times.neighboursCpuSeconds,
      rssMegabytes: joined.rssMegabytes,
      rssLaterMegabytes: later.rssMegabytes,
      peakMegabytes: later.peakMegabytes,
    };
  });
}

/** What one host's agent sends, receives and computes, idle and while the mesh makes 100 changes a second. */
export async function measureCost(hosts: number) {
  return await withAgent(hosts, false, async (agent, world) => {
    await pause(settleMs);
    const idle = await cost(agent);
    const stop = world.churn(changesPerSecond);
    const busy = await cost(agent);
    stop();
    return { hosts, containers, links: world.neighbours, idle, busy: { changesPerSecond, ...busy } };
  });
}

interface Times {
  /** Milliseconds since its process was started. */
  readonly linked: number;
  readonly complete: number;
  /** The agent, complete. */
  readonly joined: Footprint;
  /** The agent's, before it had a link. */
  readonly cpuSecondsWhenLinked: number;
  /** Of all its neighbours together, which share the machine with it, while they tell it everything, and of looking. */
  readonly neighboursCpuSeconds: number;
}

async function withAgent<T>(
  hosts: number,
  answering: boolean,
  measure: (agent: BenchAgent, world: World, times: Times) => Promise<T>,
): Promise<T> {
  const text = createSecret();
  const secret = parseSecret(text);
  if (!secret.ok) throw new Error(secret.problem);
  launcher();
  const world = new World(hosts - 1, containers);
  const [seed = ''] = await world.start(secret.value);
  const startedAt = performance.now();
  const more = [...(answering ? ['--dns-listen', dnsListen] : ['--no-dns']), seed];
  const agent = new BenchAgent({ secret: text, meshPort, more });
  try {
    const whenLinked = world.linked.then(() => ({
      at: performance.now(),
      agent: agent.footprint().cpuSeconds,
      neighbours: process.cpuUsage(),
    }));
    await agent.until(() => agent.client.text('/domain').then(always));
    world.connect(agent.meshAddress);
    // The last container of the last host that neighbours tell of: cheap to ask for.
    const last = realisticContainer(world.lastHost, hosts - 2, containers - 1).id.slice(0, 12);
    if (answering) await agent.until(() => isAnswered(last), dnsLookMs);
    else await agent.until(async () => (await agent.client.find(`/v1/names/${last}`)) !== undefined, lookMs);
    let [completeAt, joined] = [performance.now(), agent.footprint()];
    // Whether all others came before it: the list of all hosts is long to make and to read, which is no part of a join.
    if (!(await agent.isComplete(hosts - 1, containers))) {
      await agent.until(() => agent.isComplete(hosts - 1, containers), lookAtAllMs);
      [completeAt, joined] = [performance.now(), agent.footprint()];
    }
    const linked = await whenLinked;
    const { user, system } = process.cpuUsage(linked.neighbours);
    return await measure(agent, world, {
      linked: Math.round(linked.at - startedAt),
      complete: Math.round(completeAt - startedAt),
      joined,
      cpuSecondsWhenLinked: linked.agent,
      neighboursCpuSeconds: rounded((user + system) / 1e6),
    });
  } finally {
    await agent.stop();
    await world.stop();
  }
}

/** Whether the name server under test has an address for the name; rejects where it does not answer. */
async function isAnswered(name: string): Promise<boolean> {
  const resolver = new Resolver({ timeout: lookMs, tries: 1 });
  resolver.setServers([dnsListen]);
  const addresses = await resolver.resolve4(`${name}.${flagDefaults.domain}`);
  return addresses.length > 0;
}

async function cost(agent: BenchAgent) {
  const [bytes, cpu, from] = [agent.bytes(), agent.footprint().cpuSeconds, performance.now()];
  await pause(measureMs);
  const seconds = (performance.now() - from) / 1000;
  return {
    bytesPerSecond: Math.round((agent.bytes() - bytes) / seconds),
    cpuMillisecondsPerSecond: Number((((agent.footprint().cpuSeconds - cpu) * 1000) / seconds).toFixed(1)),
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

function always(): boolean {
  return true;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
