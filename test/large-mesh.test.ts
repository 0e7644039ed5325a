import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tcp } from '@libp2p/tcp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, createAgent } from '../src/agent.ts';
import { parseConfig } from '../src/flags.ts';
import type { Name } from '../src/record.ts';
import { until } from './support/mesh-lab.ts';
import { Wires } from './support/wires.ts';

/**
 * Whole agents in one process, more of them than are all linked with each other. Of as many as make a large mesh by
 * default one process has no core for: so fewer are many here.
 */

const count = 14;
const mesh = { fullMeshHosts: 6, linksWhenLarge: 3 };
const longestMs = 30_000;
const directory = mkdtempSync(join(tmpdir(), 'weft-large-mesh-'));
const wires = new Wires();
const agents: Agent[] = [];

beforeAll(async () => {
  const first = await startAgent(0, []);
  agents.push(first);
  const others = Array.from({ length: count - 1 }, (_, index) => startAgent(index + 1, first.meshAddresses()));
  agents.push(...(await Promise.all(others)));
}, longestMs);

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop('vanish')));
  rmSync(directory, { recursive: true, force: true });
}, longestMs);

describe('a mesh of agents too large for every link', () => {
  it('knows on each what is said on one, and again after two halves of it lived apart', {
    timeout: 3 * longestMs,
  }, async () => {
    add(5, 'whole');
    await until(() => agents.every((agent) => has(agent, 'whole')), 'all have the record', longestMs);
    expect(agents.some((agent) => linksOf(agent).length < count - 1)).toBe(true);

    const half = new Set(agents.slice(0, count / 2));
    const isHere = (end: string) => end.startsWith(`/ip4/${networkOf(0)}`);
    wires.cutWhere((one, other) => isHere(one) !== isHere(other));
    add(0, 'here');
    add(count - 1, 'there');
    const isApart = (agent: Agent) => has(agent, 'here') === half.has(agent) && has(agent, 'there') !== half.has(agent);
    await until(() => agents.every((agent) => isApart(agent) && isContent(agent)), 'each half lives on', longestMs);

    wires.mend();
    const isWhole = (agent: Agent) => ['whole', 'here', 'there'].every((text) => has(agent, text));
    await until(() => agents.every(isWhole), 'all have all records', longestMs);
  });
});

/** Each half has a network of its own, on loopback. */
function networkOf(number: number): string {
  return number < count / 2 ? '127.0.1.' : '127.0.2.';
}

async function startAgent(number: number, peers: readonly string[]): Promise<Agent> {
  const address = `${networkOf(number)}${number + 1}`;
  const config = parseConfig(
    {
      name: `host${number}`,
      peers: peers.slice(0, 1),
      'no-dns': true,
      'no-docker': true,
      'mesh-listen': `${address}:0`,
      api: [`unix:${join(directory, `${number}.sock`)}`],
      'data-dir': join(directory, `${number}`),
      'log-level': 'silent',
    },
    { WEFT_SECRET: 'a secret for the tests of whole agents' },
  );
  if (!config.ok) throw new Error(config.problem);
  const agent = await createAgent(config.value, { mesh, transport: wires.over(tcp(), `/ip4/${address}`) });
  await agent.start();
  return agent;
}

function add(number: number, text: string): void {
  const data = { type: 'txt', text } as const;
  const record = { name: text as Name, data, madeOn: `host${number}`, madeAt: Date.now() };
  agents[number]?.control.addStatic([record]);
}

function has(agent: Agent, text: string): boolean {
  return agent.control.entry(text as Name).statics.length === 1;
}

function linksOf(agent: Agent) {
  return agent.control.links().filter(({ state }) => state === 'established');
}

/** Whether it has all the links it wants. */
function isContent(agent: Agent): boolean {
  return linksOf(agent).length >= mesh.linksWhenLarge;
}
