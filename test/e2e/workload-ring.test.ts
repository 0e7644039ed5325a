import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { placeOf } from '../../examples/ring/place.ts';
import type { LabHost } from '../support/lab/host.ts';
import type { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { hostsWithAgents, startExample } from './example.ts';

/** A ring of peers that know the first one's name: examples/ring on three hosts. */

const peerShape = z.object({ before: z.string().optional(), following: z.tuple([z.string()], z.string()) });

/** Who runs where. */
const peers = new Map<string, LabHost>();
let lab: Lab;

beforeAll(async () => {
  lab = await hostsWithAgents(3);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('peers that are told the name of the first', () => {
  it('wait for it, each by itself', async () => {
    await start('third', lab.host(3));
    await start('second', lab.host(2));
    for (const name of peers.keys())
      await until(`${name} is alone`, async () => (await peer(name)).following.join() === name);
  });

  it('are a ring when it is there', async () => {
    await start('first', lab.host(1));
    await isRing();
  });

  it('take in others', async () => {
    await start('fourth', lab.host(1));
    await start('fifth', lab.host(2));
    await isRing();
  });

  it('close the ring when the first one goes, and open it when it comes back on another host, at another address', async () => {
    const before = await lab.host(1).addressOf('first');
    await lab.host(1).removeContainer('first');
    peers.delete('first');
    await isRing();
    await start('first', lab.host(2));
    expect(await lab.host(2).addressOf('first')).not.toBe(before);
    await isRing();
  });
});

async function start(name: string, host: LabHost): Promise<void> {
  await startExample(host, { file: 'ring/compose.yaml', service: 'peer', variables: { PEER: name } });
  peers.set(name, host);
}

/** Waits until each peer names the right one before and behind it. */
async function isRing(): Promise<void> {
  const ring = [...peers.keys()].toSorted((one, other) => placeOf(one) - placeOf(other));
  for (const [index, name] of ring.entries()) {
    const wanted = { before: ring.at(index - 1), next: ring[(index + 1) % ring.length] };
    await until(`${name} has its place in ${ring.join(', ')}`, async () => {
      const { before, following } = await peer(name);
      return before === wanted.before && following[0] === wanted.next;
    });
  }
}

async function peer(name: string): Promise<z.infer<typeof peerShape>> {
  const asked = ['docker', 'exec', name, 'wget', '-q', '-O', '-', 'http://localhost:7000/peer'];
  return peerShape.parse(JSON.parse((await peers.get(name)?.machine.run(asked)) ?? ''));
}
