import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LabHost } from '../support/lab/host.ts';
import type { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { answeredOnAll } from './answered.ts';
import { hostsWithAgents, startExample } from './example.ts';

/** A NATS cluster whose servers are told the leader's name and nothing else: examples/nats on three hosts. */

const file = 'nats/compose.yaml';
const leaderName = 'rethinkleader';
const followers = [1, 2, 3, 4, 5, 6, 7, 8];

/** What a server says of its routes. */
const routesShape = z.object({ routes: z.array(z.object({ remote_id: z.string() })) });

interface Server {
  readonly host: LabHost;
  readonly name: string;
}

let lab: Lab;

beforeAll(async () => {
  lab = await hostsWithAgents(3);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('servers that are told to join a name', () => {
  it('wait for it while nobody has it, and find it when it is there', async () => {
    const first = [await startFollower(1), await startFollower(2)];
    for (const { host, name } of first)
      await until(`${name} has asked`, async () => {
        const { stderr } = await host.machine.attempt(['docker', 'logs', name]);
        return /rethinkleader.*no such host/.test(stderr);
      });
    await startExample(lab.host(3), { file, service: 'leader' });
    await connected([...first, { host: lab.host(3), name: leaderName }]);
  });

  it('know all others when they are eight on three hosts, and share the name of their service', async () => {
    const all = [...(await startedFollowers([3, 4, 5, 6, 7, 8])), { host: lab.host(3), name: leaderName }];
    await connected(all);
    const addresses = all.filter(({ name }) => name !== leaderName).map(({ host, name }) => host.addressOf(name));
    await answeredOnAll(lab.hosts, 'follower.nats', await Promise.all(addresses));
  });

  it('pass on what a client sends to one of them', async () => {
    await Promise.all(lab.hosts.map(subscribe));
    await until('all have heard', async () => {
      // Who wants to hear what, the servers tell each other; what is said before that is lost.
      await publish(lab.host(1));
      const all = await Promise.all(lab.hosts.map((host) => host.docker('exec', 'asker', 'cat', heard)));
      return all.every((each) => each.includes('MSG news'));
    });
  });

  it('find the leader again on another host, at another address', async () => {
    const before = await lab.host(3).addressOf(leaderName);
    await lab.host(3).removeContainer(leaderName);
    await startExample(lab.host(1), { file, service: 'leader' });
    expect(await lab.host(1).addressOf(leaderName)).not.toBe(before);
    await connected([...followers.map(followerOf), { host: lab.host(1), name: leaderName }]);
  });
});

/** Followers go round the hosts. */
function followerOf(number: number): Server {
  return { host: lab.host(((number - 1) % lab.hosts.length) + 1), name: `nats-follower-${number}` };
}

async function startFollower(number: number): Promise<Server> {
  const { host, name } = followerOf(number);
  expect(await startExample(host, { file, service: 'follower', number })).toBe(name);
  return { host, name };
}

/** Starts these, and returns all there are then. */
async function startedFollowers(numbers: readonly number[]): Promise<Server[]> {
  await Promise.all(numbers.map(startFollower));
  return followers.map(followerOf);
}

/** Waits until each of these servers has routes to all others. */
async function connected(servers: readonly Server[]): Promise<void> {
  for (const server of servers)
    await until(
      `${server.name} knows all ${servers.length}`,
      async () => {
        const peers = await peersOf(server);
        return peers.size === servers.length - 1;
      },
      60_000,
    );
}

async function peersOf({ host, name }: Server): Promise<Set<string>> {
  const said = await host.docker('exec', name, 'wget', '-q', '-O', '-', 'http://localhost:8222/routez');
  return new Set(routesShape.parse(JSON.parse(said)).routes.map(({ remote_id }) => remote_id));
}

/** Where a client on a host keeps what it hears. */
const heard = '/tmp/heard';

/** A client that stays, connected to whichever server the name of the service gives. */
async function subscribe(host: LabHost): Promise<void> {
  const words = `(printf 'CONNECT {}\\r\\nSUB news 1\\r\\nPING\\r\\n'; sleep 1000) | nc follower 4222 >${heard}`;
  await host.docker('exec', '--detach', 'asker', 'sh', '-c', words);
  await until(`${host.name} listens`, async () => (await host.docker('exec', 'asker', 'cat', heard)).includes('PONG'));
}

/** A client of the leader that says something, and leaves. */
async function publish(host: LabHost): Promise<void> {
  const words = `(printf 'PUB news 5\\r\\nhello\\r\\nPING\\r\\n'; sleep 1) | nc ${leaderName} 4222`;
  expect(await host.docker('exec', 'asker', 'sh', '-c', words)).toContain('PONG');
}
