import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../support/lab/container.ts';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';

/** Three hosts, one name space: the main job on real engines. The steps build on each other, as in a working day. */

/** A user network of each host, routed between them like the default bridges. */
const userNetwork = 'backend';
/** Questions over which the turns of three addresses are counted. */
const questions = 300;
/** "Within 1 %" of the questions. */
const unevenness = questions / 100;

/** What the mesh may take, after a partition ends, until both sides know everything. */
const healedWithinMs = 5_000;

interface ListedRecord {
  readonly name: string;
  readonly data: string;
  readonly host: { readonly status?: string };
}

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.create(3);
  const [first, ...others] = lab.hosts;
  await first?.startAgent();
  await Promise.all(others.map((host) => host.startAgent([lab.host(1).address])));
  for (const host of lab.hosts) {
    await host.createNetwork(userNetwork);
    await host.runContainer({ name: 'asker' });
    await host.runContainer({ name: 'user-asker', network: userNetwork });
  }
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('three hosts that know only the first', () => {
  it('find each other', async () => {
    for (const host of lab.hosts)
      await until(`${host.name} sees the others`, async () => {
        const { stdout } = await host.weft(['status', 'peers']);
        return lab.hosts.every((other) => stdout.includes(other.name));
      });
  });

  it('answer the names of all of them, by short and by full name, on both kinds of network', async () => {
    for (const [index, host] of lab.hosts.entries()) await run(host, { name: `node${index}` });
    for (const host of lab.hosts) await run(host, { name: 'nodebb' });
    for (const index of lab.hosts.keys())
      await everywhere(`node${index}`, [await lab.host(index + 1).addressOf(`node${index}`)]);
    await everywhere('nodebb', await addresses('nodebb'));
  });

  it('give each address of a name first equally often', async () => {
    for (const host of lab.hosts) {
      // A name with a dot at its end is asked once, without the search list.
      const answers = await host.askTimes('asker', 'nodebb.weave.local.', questions);
      const firsts = new Map<string, number>();
      for (const [first = ''] of answers) firsts.set(first, (firsts.get(first) ?? 0) + 1);
      expect(firsts.size).toBe(3);
      for (const count of firsts.values()) expect(Math.abs(count - questions / 3)).toBeLessThanOrEqual(unevenness);
    }
  });
});

describe('what happens to a container', () => {
  it('takes its address out of every answer when it stops, and brings it back when it starts', async () => {
    await lab.host(2).stopContainer('nodebb');
    await everywhere('nodebb', [await lab.host(1).addressOf('nodebb'), await lab.host(3).addressOf('nodebb')]);
    // Another container takes the address that it had.
    await lab.host(2).runContainer({ name: 'squatter' });
    await lab.host(2).startContainer('nodebb');
    await everywhere('nodebb', await addresses('nodebb'));
  });

  it('follows a new name', async () => {
    await lab.host(3).docker('rename', 'node2', 'node9');
    await everywhere('node9', [await lab.host(3).addressOf('node9')]);
    await everywhere('node2', []);
    await lab.host(3).docker('rename', 'node9', 'node2');
    await everywhere('node2', [await lab.host(3).addressOf('node2')]);
  });

  it('follows a second network, and the end of it', async () => {
    const host = lab.host(1);
    await host.docker('network', 'connect', userNetwork, 'node0');
    const second = await host.addressOf('node0', userNetwork);
    await until('the second address is offered where its network is shared', async () =>
      (await host.ask('user-asker', 'node0')).includes(second),
    );
    const listed = await host.weft(['ls', 'node0']);
    expect(listed.stdout).toContain(second);
    await host.docker('network', 'disconnect', userNetwork, 'node0');
    await everywhere('node0', [await host.addressOf('node0')]);
    await until('it is not listed', async () => !(await host.weft(['ls', 'node0'])).stdout.includes(second));
  });
});

describe('records by hand', () => {
  it('are added on one host, survive a restart of all agents, and are removed on another', async () => {
    expect(await lab.host(2).weft(['add', 'db', '192.0.2.7'])).toMatchObject({ code: 0 });
    await everywhere('db', ['192.0.2.7']);
    expect(await Promise.all(lab.hosts.map((host) => host.stopAgent()))).toEqual([0, 0, 0]);
    await Promise.all(lab.hosts.map((host) => host.startAgent()));
    await everywhere('db', ['192.0.2.7']);
    expect(await lab.host(3).weft(['rm', 'db'])).toMatchObject({ code: 0 });
    await everywhere('db', []);
  });
});

describe('agents and engines that restart', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'an agent ended by %s and started again costs nobody a name',
    async (signal) => {
      const [one, two] = [lab.host(1), lab.host(2)];
      const wanted = [await two.addressOf('node1')];
      let asking = true;
      const wrong: string[][] = [];
      const questionsMeanwhile = (async () => {
        while (asking) {
          const answer = await one.ask('asker', 'node1.weave.local.');
          if (answer.join() !== wanted.join()) wrong.push(answer);
        }
      })();
      await two.stopAgent(signal);
      // Longer than a host may be silent before it is hidden.
      await new Promise((resolve) => setTimeout(resolve, 7_000));
      await two.startAgent();
      await everywhere('node1', wanted);
      asking = false;
      await questionsMeanwhile;
      expect(wrong).toEqual([]);
    },
  );

  it('records follow the truth when the engine restarts', async () => {
    const host = lab.host(2);
    await host.restartEngine();
    await everywhere('node1', [], [lab.host(1), lab.host(3)]);
    for (const name of ['asker', 'user-asker', 'node1', 'nodebb']) await host.startContainer(name);
    await everywhere('node1', [await host.addressOf('node1')]);
    await everywhere('nodebb', await addresses('nodebb'));
  });
});

describe('a partition', () => {
  it('leaves both sides reading and writing, and is forgotten within five seconds of its end', async () => {
    const [one, two, three] = [lab.host(1), lab.host(2), lab.host(3)];
    await three.cut();
    const node2 = await three.addressOf('node2');
    expect(await three.ask('asker', 'node2')).toEqual([node2]);
    expect(await one.ask('asker', 'node0')).toEqual([await one.addressOf('node0')]);
    expect(await three.weft(['add', 'far', '192.0.2.3'])).toMatchObject({ code: 0 });
    expect(await two.weft(['add', 'near', '192.0.2.2'])).toMatchObject({ code: 0 });
    await everywhere('far', ['192.0.2.3'], [three]);
    await everywhere('near', ['192.0.2.2'], [one, two]);
    await run(three, { name: 'newcomer' });
    await until(
      'the cut host is hidden',
      async () => !(await one.ask('asker', 'nodebb')).includes(await three.addressOf('nodebb')),
    );

    const wanted = ['far', 'near', 'newcomer', 'nodebb', 'node0', 'node1', 'node2'];
    await three.heal();
    const healedAt = performance.now();
    await until('both sides know everything', () => allKnow(wanted), healedWithinMs);
    console.log(`all known on both sides ${Math.round(performance.now() - healedAt)} ms after the heal`);
    await everywhere('far', ['192.0.2.3']);
    await everywhere('near', ['192.0.2.2']);
    await everywhere('newcomer', [await three.addressOf('newcomer')]);
    await everywhere('nodebb', await addresses('nodebb'));
  });
});

describe('a stranger', () => {
  it('with the wrong secret is refused, and says so', async () => {
    const host = lab.host(3);
    await host.stopAgent();
    const env = { WEFT_SECRET: 'a secret that is not the one of this mesh' };
    await host.startAgent([lab.host(1).address, '--data-dir', '/run/weft-stranger'], { env });
    await until('it says so', async () => /secrets? differ/.test((await host.weft(['status'])).stdout));
    expect((await lab.host(1).weft(['ls', '--host', 'host3'])).stdout).not.toContain('/run/weft-stranger');
    await host.stopAgent();
    await host.startAgent();
    await everywhere('node2', [await host.addressOf('node2')]);
  });
});

async function run(host: LabHost, spec: ContainerSpec): Promise<void> {
  await host.runContainer(spec);
}

/** Whether every agent lists these names, all of them with living owners, and lists the same. */
async function allKnow(names: readonly string[]): Promise<boolean> {
  const lists = await Promise.all(lab.hosts.map(async (host) => (await host.agent.request('GET', '/v1/records')).body));
  const known = lists.map((body) => knownOf(body, names));
  return known.every((each) => each !== undefined && each === known[0]);
}

/** Name and address of every record of these names; undefined while one is missing or its host is not heard. */
function knownOf(body: string, names: readonly string[]): string | undefined {
  const { records } = JSON.parse(body) as { records: readonly ListedRecord[] };
  const ours = records.filter(({ name }) => names.includes(name));
  const isComplete = names.every((name) => ours.some((record) => record.name === name));
  const isLive = ours.every(({ host }) => ['self', 'alive'].includes(host.status ?? 'alive'));
  if (!isComplete || !isLive) return undefined;
  return ours
    .map(({ name, data }) => `${name} ${data}`)
    .toSorted()
    .join('\n');
}

/** The addresses of a container that runs on every host, on the default bridge. */
function addresses(container: string): Promise<string[]> {
  return Promise.all(lab.hosts.map((host) => host.addressOf(container)));
}

/** Waits until containers on both kinds of network of these hosts get these addresses, by short and by full name. */
async function everywhere(
  name: string,
  wanted: readonly string[],
  hosts: readonly LabHost[] = lab.hosts,
): Promise<void> {
  const right = wanted.toSorted().join(' ');
  for (const host of hosts)
    for (const asker of ['asker', 'user-asker'])
      for (const asked of [name, `${name}.weave.local`]) {
        let got = '';
        await until(`${asked} is ${right || 'unknown'} in ${asker} on ${host.name}`, async () => {
          got = (await host.ask(asker, asked)).toSorted().join(' ');
          return got === right;
        }).catch((error: unknown) => {
          throw new Error(`${asked} in ${asker} on ${host.name}: ${got || 'nothing'}, not ${right || 'nothing'}`, {
            cause: error,
          });
        });
      }
}
