import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { until } from '../support/lab/until.ts';
import { answered, answeredOnAll, listedStates } from './answered.ts';

/** Who is offered which address: an answer leads where it says, or there is none. */

/** The same range on both hosts, and a network of its own on each: an address in it means somebody else over there. */
const sharedSubnet = '10.99.0.0/24';

let lab: Lab;
let one: LabHost;
let two: LabHost;

beforeAll(async () => {
  lab = await Lab.create(2);
  [one, two] = [lab.host(1), lab.host(2)];
  await one.startAgent();
  await two.startAgent([one.address]);
  await Promise.all(lab.hosts.map(prepare));
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('equal subnets on two hosts', () => {
  const address = '10.99.0.77';
  beforeAll(async () => {
    await two.runContainer({ name: 'db', network: 'twin', ip: address });
    // Somebody else at that address, over here.
    await one.runContainer({ name: 'cache', network: 'twin', ip: address });
  });

  it('are answered on their own host only, to containers of that network', async () => {
    await answered(two, 'twin-asker', 'db.weave.local', [address]);
    await answered(one, 'twin-asker', 'cache.weave.local', [address]);
  });

  it('make a name without an address elsewhere, not an unknown one', async () => {
    await until('the name is known', async () => (await listedStates(one, 'db')).length > 0);
    for (const asker of ['asker', 'twin-asker', 'backend-asker']) {
      expect(await one.digInside(asker, 'db.weave.local.')).toMatchObject({ rcode: 'NOERROR', answer: [] });
      expect(await two.digInside(asker, 'cache.weave.local.')).toMatchObject({ rcode: 'NOERROR', answer: [] });
    }
    expect(await one.query(one.gateway, 'db.weave.local')).toMatchObject({ rcode: 'NOERROR', answer: [] });
  });

  it('are listed as shadowed, and explained', async () => {
    expect(await listedStates(one, 'db')).toEqual(['shadowed']);
    expect(await listedStates(two, 'db')).toEqual(['running']);
    expect((await one.weft(['ls', 'db'])).stdout).toContain('shadowed');
    const { stdout } = await one.weft(['explain', 'db', '--from', await one.addressOf('twin-asker', 'twin')]);
    expect(stdout).toMatch(/no .*10\.99\.0\.77.*subnet/);
  });

  it('are warned of on both hosts, with what to change', async () => {
    for (const host of lab.hosts) {
      const { stdout } = await host.weft(['status']);
      expect(stdout).toContain(`share the subnet ${sharedSubnet}`);
      expect(stdout).toContain('host1 (network twin)');
      expect(stdout).toContain('host2 (network twin)');
      expect(stdout).toContain('--subnet');
    }
  });

  it('do not keep a name from the host where its ports are published', async () => {
    await two.runContainer({ name: 'shop', network: 'twin', publish: ['8080:80'] });
    const own = await two.addressOf('shop', 'twin');
    await answered(two, 'twin-asker', 'shop.weave.local', [own]);
    for (const asker of ['asker', 'twin-asker']) await answered(one, asker, 'shop.weave.local', [two.address]);
  });

  it('do not keep a name from others that have it too', async () => {
    await two.runContainer({ name: 'replica-2', network: 'twin', labels: { 'weft.name': 'replica' } });
    await one.runContainer({ name: 'replica-1', labels: { 'weft.name': 'replica' } });
    const reachable = await one.addressOf('replica-1');
    for (const asker of ['asker', 'twin-asker']) await answered(one, asker, 'replica.weave.local', [reachable]);
    const near = await two.addressOf('replica-2', 'twin');
    await answered(two, 'twin-asker', 'replica.weave.local', [reachable, near]);
  });
});

describe('a container on two networks', () => {
  it('is offered at the address that the asker shares a network with; to others at both', async () => {
    await one.runContainer({ name: 'both' });
    await one.docker('network', 'connect', 'backend', 'both');
    const [bridge, backend] = [await one.addressOf('both'), await one.addressOf('both', 'backend')];
    await answered(one, 'asker', 'both', [bridge]);
    await answered(one, 'backend-asker', 'both.weave.local', [backend]);
    await answered(two, 'asker', 'both', [bridge, backend]);
    await one.docker('network', 'disconnect', 'bridge', 'both');
    await answeredOnAll(lab.hosts, 'both', [backend]);
  });

  it('is offered where it can be reached when the other network is shadowed', async () => {
    await two.runContainer({ name: 'partly', network: 'twin' });
    await two.docker('network', 'connect', 'bridge', 'partly');
    await answered(one, 'twin-asker', 'partly.weave.local', [await two.addressOf('partly')]);
    await answered(two, 'twin-asker', 'partly.weave.local', [await two.addressOf('partly', 'twin')]);
  });

  it('has a name without an address when it leaves its last network', async () => {
    await one.runContainer({ name: 'lonely' });
    await answered(two, 'asker', 'lonely', [await one.addressOf('lonely')]);
    await one.docker('network', 'disconnect', 'bridge', 'lonely');
    await until('it has no address', async () => (await two.ask('asker', 'lonely')).length === 0);
    expect(await two.digInside('asker', 'lonely.weave.local.')).toMatchObject({ rcode: 'NOERROR', answer: [] });
  });
});

describe('containers without a network of their own', () => {
  it('are found at the address of their host', async () => {
    await two.runContainer({ name: 'on-host', network: 'host', dns: false });
    await answeredOnAll(lab.hosts, 'on-host', [two.address]);
  });

  it('are found where the container is whose network they are in', async () => {
    await two.runContainer({ name: 'pod' });
    await two.runContainer({ name: 'sidecar', network: 'container:pod', dns: false });
    await answeredOnAll(lab.hosts, 'sidecar', [await two.addressOf('pod')]);
  });

  it('have a name without an address when they have no network at all', async () => {
    await two.runContainer({ name: 'walled', network: 'none', dns: false });
    await until('it is known', async () => (await listedStates(one, 'walled')).length > 0);
    expect(await one.digInside('asker', 'walled.weave.local.')).toMatchObject({ rcode: 'NOERROR', answer: [] });
  });
});

describe('published ports', () => {
  it('stand in SRV records', async () => {
    const labels = { 'weft.srv': '_http._tcp:80' };
    await two.runContainer({ name: 'front', network: 'twin', publish: ['8081:80'], labels });
    const service = await until('the service is known', async () => {
      const { answer } = await one.digInside('asker', '_http._tcp.front.weave.local.', 'SRV');
      return answer[0]?.data;
    });
    // From afar the host's port; the container's own on its network.
    expect(service).toMatch(/ 8081 /);
    const { answer } = await two.digInside('twin-asker', '_http._tcp.front.weave.local.', 'SRV');
    expect(answer[0]?.data).toMatch(/ 80 /);
  });
});

describe('a network with IPv6', () => {
  it('gives AAAA beside A, on its own host and on the other', async () => {
    await two.runContainer({ name: 'dual', network: 'backend' });
    const six = await two.docker(
      'inspect',
      '--format',
      '{{with index .NetworkSettings.Networks "backend"}}{{.GlobalIPv6Address}}{{end}}',
      'dual',
    );
    expect(six).toMatch(/^fd78:/);
    for (const [host, asker] of [
      [one, 'asker'],
      [one, 'backend-asker'],
      [two, 'backend-asker'],
    ] as const) {
      await answered(host, asker, 'dual.weave.local', [await two.addressOf('dual', 'backend')]);
      const { answer } = await host.digInside(asker, 'dual.weave.local.', 'AAAA');
      expect(answer.map(({ data }) => data)).toEqual([six]);
    }
    expect(await one.ask('asker', six, 'PTR')).toEqual(['dual.weave.local']);
  });

  it('leaves AAAA empty for a container that has none', async () => {
    await two.runContainer({ name: 'four' });
    await answered(one, 'asker', 'four', [await two.addressOf('four')]);
    const answer = await one.digInside('asker', 'four.weave.local.', 'AAAA');
    expect(answer).toMatchObject({ rcode: 'NOERROR', answer: [] });
    expect(answer.authority.map(({ type }) => type)).toEqual(['SOA']);
  });
});

/** An asker on every network. */
async function prepare(host: LabHost): Promise<void> {
  await host.createNetwork('twin', { subnet: sharedSubnet, routed: false });
  await host.createNetwork('backend', { ipv6: true });
  await host.runContainer({ name: 'asker', image: 'glibc' });
  for (const network of ['twin', 'backend'])
    await host.runContainer({ name: `${network}-asker`, image: 'glibc', network });
}
