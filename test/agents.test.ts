import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, createAgent } from '../src/agent.ts';
import { parseConfig } from '../src/flags.ts';
import type { Name } from '../src/record.ts';
import { EmbeddedEngine } from '../src/watch/embedded-engine.ts';

/** Whole agents in one process: real sockets, real threads, embedded engines. */

const secret = 'a secret for the tests of whole agents';
const patienceMs = 20_000;
const directory = mkdtempSync(join(tmpdir(), 'weft-agents-'));
const engines: EmbeddedEngine[] = [];
const agents: Agent[] = [];

beforeAll(async () => {
  for (const number of [1, 2, 3]) {
    const engine = new EmbeddedEngine({ listen: '127.0.0.1', subnet: `10.${number}.0.0/16` });
    await engine.open();
    engines.push(engine);
    agents.push(await startAgent(number));
  }
}, patienceMs);

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop('restart')));
  await Promise.all(engines.map((engine) => engine.close()));
  rmSync(directory, { recursive: true, force: true });
}, patienceMs);

describe('three agents', () => {
  it('answer each name with what all three engines run', { timeout: patienceMs }, async () => {
    for (const engine of engines) engine.run({ name: 'nodebb' });
    engines[1]?.run({ name: 'node1' });
    await everywhere(
      'nodebb',
      engines.flatMap((engine) => engine.addressOf('nodebb') ?? []),
    );
    await everywhere('node1', [engines[1]?.addressOf('node1') ?? '']);
    engines[1]?.stop('nodebb');
    await everywhere(
      'nodebb',
      [0, 2].flatMap((index) => engines[index]?.addressOf('nodebb') ?? []),
    );
  });

  it('measure what they do, each for itself', { timeout: patienceMs }, async () => {
    const before = await Promise.all(agents.map(changesTimed));
    engines[1]?.run({ name: 'timed' });
    await everywhere('timed', [engines[1]?.addressOf('timed') ?? '']);
    for (const [index, agent] of agents.entries()) {
      const { dns, forward, engine, mesh, replication } = await agent.control.measure();
      expect(replication.envelopes['update merged']).toBeGreaterThan(0);
      // The second one made the change itself.
      if (index !== 1) expect(await changesTimed(agent)).toBeGreaterThan(before[index] ?? 0);
      expect(dns?.questions.A).toBeGreaterThan(0);
      expect(dns?.replies.NOERROR).toBeGreaterThan(0);
      expect(forward?.counts.questions).toBe(0);
      expect(engine).toMatchObject({ connected: true, containers: expect.any(Number) });
      expect(mesh.bytesIn).toBeGreaterThan(0);
    }
  });

  it('share records made by hand', { timeout: patienceMs }, async () => {
    const name = 'db' as Name;
    const address = engines[0]?.addressOf('nodebb');
    if (address === undefined) throw new Error('nodebb runs');
    agents[1]?.control.addStatic([
      { name, data: { type: 'cname', target: 'nodebb.weave.local' }, madeOn: 'host2', madeAt: Date.now() },
    ]);
    await until(() => agents.every((agent) => agent.control.entry(name).statics.length === 1));
    agents[2]?.control.removeStatic(name);
    await until(() => agents.every((agent) => agent.control.entry(name).statics.length === 0));
  });

  it('explain on each host why a container is not called what it was meant to be', {
    timeout: patienceMs,
  }, async () => {
    engines[1]?.run({ name: 'odd', hostname: 'shop.example.com', aliases: ['-dash-', 'x'.repeat(64)] });
    await everywhere('odd', [engines[1]?.addressOf('odd') ?? '']);
    for (const [text, reason] of [
      ['shop', /^odd on host2 is not called shop\.example\.com: .*outside weave\.local/],
      ['-dash-', /^odd on host2 is not called -dash-: /],
      ['x'.repeat(64), /^odd on host2 is not called x{64}: .*63/],
    ] as const) {
      const { notes = [] } = (await agents[0]?.control.explain(text as Name)) ?? {};
      expect(notes).toEqual([expect.stringMatching(reason)]);
    }
    engines[1]?.remove('odd');
  });

  it('forget nothing while one of them restarts', { timeout: patienceMs }, async () => {
    await agents[1]?.stop('restart');
    await everywhere('node1', [engines[1]?.addressOf('node1') ?? ''], [0, 2]);
    agents[1] = await startAgent(2);
    await everywhere('node1', [engines[1]?.addressOf('node1') ?? '']);
  });

  it('withdraw what a host has when it leaves', { timeout: patienceMs }, async () => {
    await agents[1]?.stop('leave');
    await everywhere('node1', [], [0, 2]);
  });
});

async function startAgent(number: number): Promise<Agent> {
  const config = parseConfig(
    {
      name: `host${number}`,
      peers: agents[0] === undefined ? [] : agents[0].meshAddresses().slice(0, 1),
      'dns-listen': ['127.0.0.1:0'],
      'mesh-listen': '127.0.0.1:0',
      api: [`unix:${join(directory, `${number}.sock`)}`],
      'docker-host': engines[number - 1]?.url,
      'data-dir': join(directory, `${number}`),
      'log-level': 'silent',
    },
    { WEFT_SECRET: secret },
  );
  if (!config.ok) throw new Error(config.problem);
  const agent = await createAgent(config.value);
  await agent.start();
  return agent;
}

/** How many changes of others it has timed; what it was told as it joined is none. */
async function changesTimed(agent: Agent): Promise<number> {
  const { replication } = await agent.control.measure();
  return replication.delays.counts.reduce((sum, count) => sum + count);
}

/** Waits until these agents answer a name with exactly these addresses. */
async function everywhere(name: string, addresses: readonly string[], which: readonly number[] = [0, 1, 2]) {
  const wanted = addresses.toSorted();
  for (const index of which) {
    const resolver = new Resolver({ timeout: patienceMs, tries: 1 });
    const [listen] = agents[index]?.dnsAddresses() ?? [];
    resolver.setServers([`${listen?.address}:${listen?.port}`]);
    let answer: string[] = [];
    await until(async () => {
      answer = await resolver.resolve4(`${name}.weave.local`).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOTFOUND') return [];
        throw error;
      });
      return answer.toSorted().join() === wanted.join();
    }).catch(() => expect(answer.toSorted()).toEqual(wanted));
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs / 2;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
