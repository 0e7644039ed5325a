import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import { imageTag } from '../support/lab/images.ts';
import { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { answered, listedStates } from './answered.ts';

/**
 * Networks that several hosts are on: an overlay of Swarm, and a segment that macvlan puts containers straight onto.
 * What the kernels of test machines lack (VLANs, ipvlan) is in `test/watch/addresses.test.ts`, from recorded documents.
 */

/** The macvlan networks are of this subnet, each host's engine handing out a part of it. */
const segment = '10.97.0.0/24';
const partOf = ({ number }: LabHost) => `10.97.0.${number * 64}/26`;

let lab: Lab;
let one: LabHost;
let two: LabHost;

beforeAll(async () => {
  lab = await Lab.create(2);
  [one, two] = [lab.host(1), lab.host(2)];
  // Whoever asks for other names, such as engines for registries, is answered at once.
  await lab.startOutside({});
  await joinSwarm();
  await one.startAgent();
  await two.startAgent([one.address]);
  await Promise.all(lab.hosts.map((host) => host.runContainer({ name: 'asker', image: 'glibc' })));
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('an overlay of Swarm', () => {
  beforeAll(async () => {
    await one.docker('network', 'create', '--driver', 'overlay', '--attachable', '--subnet', '10.96.0.0/24', 'mesh');
    await one.runContainer({ name: 'near', image: 'glibc', network: 'mesh' });
    await two.runContainer({ name: 'far', image: 'glibc', network: 'mesh' });
  });

  it('is one network: its containers find and reach each other across hosts', async () => {
    const [near, far] = [await one.addressOf('near', 'mesh'), await two.addressOf('far', 'mesh')];
    for (const [host, asker] of [
      [one, 'near'],
      [two, 'far'],
    ] as const) {
      await answered(host, asker, 'near.weave.local.', [near]);
      await answered(host, asker, 'far.weave.local.', [far]);
    }
    await one.docker('exec', 'near', 'ping', '-c', '1', '-W', '5', far);
  });

  it('is not reached from elsewhere: its names exist there and have no address', async () => {
    for (const host of lab.hosts) {
      await until('the name is known', async () => (await listedStates(host, 'far')).includes('running'));
      expect(await host.digInside('asker', 'far.weave.local.')).toMatchObject({ rcode: 'NOERROR', answer: [] });
    }
    const from = await one.addressOf('asker');
    expect((await one.weft(['explain', 'far', '--from', from])).stdout).toMatch(/only containers on .*mesh/);
    // The host itself asks for all of them.
    expect((await one.query(one.gateway, 'far.weave.local')).answer.map(({ data }) => data)).toEqual([
      await two.addressOf('far', 'mesh'),
    ]);
  });

  it('is preferred by those who are on it; others are told the address they can reach', async () => {
    await two.runContainer({ name: 'both', network: 'mesh' });
    await two.docker('network', 'connect', 'bridge', 'both');
    const [inside, outside] = [await two.addressOf('both', 'mesh'), await two.addressOf('both')];
    await answered(one, 'near', 'both.weave.local.', [inside]);
    for (const host of lab.hosts) await answered(host, 'asker', 'both.weave.local.', [outside]);
  });

  it('gives an address to both containers that share it in one network namespace', async () => {
    await two.runContainer({ name: 'side', network: 'container:far', dns: false });
    const far = await two.addressOf('far', 'mesh');
    await answered(one, 'near', 'side.weave.local.', [far]);
    await answered(one, 'near', 'far.weave.local.', [far]);
    await two.removeContainer('side');
    await answered(one, 'near', 'side.weave.local.', []);
    await answered(one, 'near', 'far.weave.local.', [far]);
  });

  it('is told apart from another one: two containers of one name are each answered to those on their own overlay', async () => {
    await one.docker('network', 'create', '--driver', 'overlay', '--attachable', '--subnet', '10.95.0.0/24', 'blog');
    await one.runContainer({ name: 'writer', image: 'glibc', network: 'blog' });
    await two.runContainer({ name: 'db1', image: 'glibc', network: 'mesh', options: ['--label', 'weft.name=db'] });
    await two.runContainer({ name: 'db2', image: 'glibc', network: 'blog', options: ['--label', 'weft.name=db'] });
    await answered(one, 'near', 'db.weave.local.', [await two.addressOf('db1', 'mesh')]);
    await answered(one, 'writer', 'db.weave.local.', [await two.addressOf('db2', 'blog')]);
    // By two overlays it reaches both.
    await one.docker('network', 'connect', 'blog', 'near');
    const both = [await two.addressOf('db1', 'mesh'), await two.addressOf('db2', 'blog')];
    await answered(one, 'near', 'db.weave.local.', both);
    await one.docker('network', 'disconnect', 'blog', 'near');
    await answered(one, 'near', 'db.weave.local.', both.slice(0, 1));
  });

  it('has the tasks of services, by service and by slot, wherever they run', async () => {
    const create = ['service', 'create', '--detach', '--no-resolve-image', '--name', 'shop', '--network', 'mesh'];
    await one.docker(...create, '--replicas', '2', '--stop-grace-period', '0s', imageTag('glibc'), 'sleep', '1000000');
    const tasks = await until('both tasks run', async () => {
      const addresses = (await Promise.all(lab.hosts.map(taskAddresses))).flat();
      return addresses.length === 2 ? addresses : undefined;
    });
    for (const [host, asker] of [
      [one, 'near'],
      [two, 'far'],
    ] as const) {
      await answered(host, asker, 'shop.weave.local.', tasks);
      const slots = await Promise.all([1, 2].map((slot) => host.ask(asker, `shop.${slot}.weave.local.`)));
      expect(slots.flat().toSorted()).toEqual(tasks.toSorted());
    }
    await one.docker('service', 'rm', 'shop');
    await answered(one, 'near', 'shop.weave.local.', []);
  });

  it('is no reason for a warning, nor is the bridge that engines make beside it', async () => {
    for (const host of lab.hosts) {
      const networks = await host.docker('network', 'ls', '--format', '{{.Name}}');
      expect(networks.split('\n')).toContain('docker_gwbridge');
      expect((await host.weft(['status'])).stdout).not.toMatch(/share the subnet/);
    }
  });
});

describe('macvlan networks that hosts made by hand', () => {
  beforeAll(async () => {
    for (const host of lab.hosts) await createSegment(host, 'lan', 'wire0', segment, partOf(host));
    for (const host of lab.hosts) await host.docker('network', 'connect', 'lan', 'asker');
  });

  it('are one network where their subnets are equal: containers find and reach each other there', async () => {
    await two.runContainer({ name: 'printer', network: 'lan' });
    const printer = await two.addressOf('printer', 'lan');
    for (const host of lab.hosts) await answered(host, 'asker', 'printer.weave.local.', [printer]);
    await one.docker('exec', 'asker', 'ping', '-c', '1', '-W', '5', printer);
    expect(await listedStates(one, 'printer')).toEqual(['running']);
  });

  it('give an address that two engines handed out to the later of the two containers, on every host', async () => {
    const address = '10.97.0.200';
    await one.runContainer({ name: 'first', network: 'lan', ip: address });
    for (const host of lab.hosts) await answered(host, 'asker', 'first.weave.local.', [address]);
    await two.runContainer({ name: 'second', network: 'lan', ip: address });
    for (const host of lab.hosts) {
      await answered(host, 'asker', 'second.weave.local.', [address]);
      await answered(host, 'asker', 'first.weave.local.', []);
    }
    await two.removeContainer('second');
    for (const host of lab.hosts) {
      await answered(host, 'asker', 'first.weave.local.', [address]);
      await answered(host, 'asker', 'second.weave.local.', []);
    }
  });

  it('are different ones where their subnets are not', async () => {
    // The engine puts one network on a device; this one leads nowhere.
    for (const host of lab.hosts)
      await host.machine.run(['ip', 'link', 'add', 'spare0', 'type', 'veth', 'peer', 'name', 'spare1']);
    await createSegment(one, 'other', 'spare0', '10.98.0.0/24');
    await createSegment(two, 'other', 'spare0', '10.98.0.0/25');
    await two.runContainer({ name: 'apart', network: 'other', ip: '10.98.0.9' });
    await until('it is known', async () => (await listedStates(one, 'apart')).length > 0);
    expect(await listedStates(one, 'apart')).toEqual(['shadowed']);
    expect(await one.digInside('asker', 'apart.weave.local.')).toMatchObject({ rcode: 'NOERROR', answer: [] });
  });
});

async function joinSwarm(): Promise<void> {
  await one.docker('swarm', 'init', '--advertise-addr', one.address);
  const token = await one.docker('swarm', 'join-token', '--quiet', 'worker');
  await two.docker('swarm', 'join', '--token', token, `${one.address}:2377`);
  await Promise.all(lab.hosts.map((host) => host.image('glibc')));
}

/** A network straight onto what is behind a device of the host. */
async function createSegment(
  host: LabHost,
  name: string,
  parent: string,
  subnet: string,
  range = subnet,
): Promise<void> {
  const addresses = ['--subnet', subnet, '--ip-range', range];
  await host.docker('network', 'create', '--driver', 'macvlan', ...addresses, '--opt', `parent=${parent}`, name);
}

async function taskAddresses(host: LabHost): Promise<string[]> {
  const ids = await host.docker('ps', '--quiet', '--filter', 'label=com.docker.swarm.service.name=shop');
  return Promise.all(
    ids
      .split('\n')
      .filter(Boolean)
      .map((id) => host.addressOf(id, 'mesh')),
  );
}
