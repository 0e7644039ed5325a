import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EmbeddedContainer } from '../../src/watch/embedded-container.ts';
import { WatchedHost } from './host.ts';
import type { EngineVerbs } from './verbs.ts';

/** Waits longer than any engine takes for anything on a busy machine. */
const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 30_000, interval: 10 });

/** What engines differ in. */
export interface EngineTraits {
  /** Its events tell which signal a container was sent. */
  readonly namesSignals: boolean;
}

/** What Weft must see of any engine: a real one and its twin both pass. `open` gives one without containers. */
export function describeEngine(
  title: string,
  open: () => Promise<EngineVerbs>,
  traits: EngineTraits = { namesSignals: true },
): void {
  describe(title, () => {
    let engine: EngineVerbs;
    let host: WatchedHost;
    const run = (container: EmbeddedContainer) => engine.run(container);
    const told = (name: string) => host.sink.named(name);

    beforeEach(async () => {
      engine = await open();
      host = new WatchedHost(engine.url);
    });
    afterEach(async () => {
      await host[Symbol.asyncDispose]();
      await engine.removeAll();
    });

    async function expectTruth(): Promise<void> {
      await until(async () => {
        const records = [...host.sink.records.values()];
        const addresses = records.map((record) => record.addresses.map(({ address }) => address));
        expect(new Map(records.map(({ name }, index) => [name, addresses[index]]))).toEqual(await engine.truth());
      });
    }

    it('tells of what ran before, of what starts and of what stops', async () => {
      const id = await run({ name: 'node0' });
      await run({ name: 'node1' });
      await expectTruth();
      expect(told('node0')).toMatchObject({ id, state: 'running', health: 'none', names: ['node0', id.slice(0, 12)] });
      await engine.stop('node0');
      await until(() => expect(told('node0')).toBeUndefined());
      await engine.start('node0');
      await until(() => expect(told('node0')).toBeDefined());
      await expectTruth();
    });

    it('tells of a container that took the place and the name of another one', async () => {
      await run({ name: 'web' });
      await until(() => expect(told('web')).toBeDefined());
      await engine.remove('web');
      const id = await run({ name: 'web' });
      await until(() => expect(told('web')?.id).toBe(id));
      await expectTruth();
    });

    it('keeps one record over a restart, of the new run', async () => {
      await run({ name: 'web' });
      await until(() => expect(told('web')).toBeDefined());
      const before = told('web')?.startedAt ?? 0;
      await engine.restart('web');
      await until(() => expect(told('web')?.startedAt).toBeGreaterThan(before));
      await expectTruth();
    });

    it('is exact after a container was killed and started many times in a row', async () => {
      await run({ name: 'web' });
      for (let turn = 0; turn < 8; turn += 1) {
        await engine.kill('web', 'KILL');
        await engine.start('web');
      }
      await expectTruth();
      await engine.kill('web', 'KILL');
      await expectTruth();
    });

    it('takes up a new name', async () => {
      await run({ name: 'old' });
      await until(() => expect(told('old')).toBeDefined());
      await engine.rename('old', 'new');
      await until(() => expect(told('new')?.names).toContain('new'));
      expect(told('old')).toBeUndefined();
      expect(told('new')?.names).not.toContain('old');
    });

    it('gives names from the host name, aliases and labels', async () => {
      await engine.createNetwork('shop', ['10.201.1.0/24']);
      await run({
        name: 'shop-web-1',
        hostname: 'front.weave.local',
        networks: ['shop'],
        aliases: ['www'],
        labels: {
          'com.docker.compose.project': 'shop',
          'com.docker.compose.service': 'web',
          'weft.name': 'store,bad name',
          'weft.ttl': '30',
          'weft.weight': 'heavy',
        },
      });
      await until(() => expect(told('shop-web-1')).toBeDefined());
      const record = told('shop-web-1');
      expect(new Set(record?.names)).toEqual(
        new Set(['shop-web-1', 'front', 'www', 'web', 'web.shop', 'store', record?.id.slice(0, 12)]),
      );
      expect(record?.ttlSeconds).toBe(30);
      expect(record?.skipped?.map(({ text }) => text)).toEqual(['bad name', 'weft.weight=heavy']);
      await engine.remove('shop-web-1');
      await engine.removeNetwork('shop');
    });

    it('follows a container onto a second network and off it again', async () => {
      await engine.createNetwork('back', ['10.201.2.0/24', 'fd77:2::/64']);
      await run({ name: 'db' });
      await until(() => expect(told('db')?.addresses).toHaveLength(1));
      await engine.connect('db', 'back', ['store']);
      await until(() => expect(told('db')?.addresses).toHaveLength(3));
      await expectTruth();
      const [second, third] = told('db')?.addresses.filter(({ networkName }) => networkName === 'back') ?? [];
      expect(second).toMatchObject({ networkName: 'back', subnet: '10.201.2.0/24' });
      expect(third).toMatchObject({ networkName: 'back', subnet: 'fd77:2::/64', network: second?.network });
      expect(told('db')?.names).toContain('store');
      expect(host.sink.networks.find(({ name }) => name === 'back')).toMatchObject({
        key: second?.network,
        driver: 'bridge',
        subnets: ['10.201.2.0/24', 'fd77:2::/64'],
      });
      await engine.disconnect('db', 'back');
      await until(() => expect(told('db')?.addresses).toHaveLength(1));
      expect(told('db')?.names).not.toContain('store');
      await expectTruth();
      await engine.removeNetwork('back');
      await until(() => expect(host.sink.networks.map(({ name }) => name)).not.toContain('back'));
    });

    it('names the gateway of the default bridge, where questions are answered', async () => {
      await until(() => expect(host.sink.listings).toBe(1));
      const bridge = host.sink.networks.find(({ name }) => name === engine.defaultNetwork);
      expect(bridge?.gateways).toHaveLength(1);
      await run({ name: 'web' });
      await until(() => expect(told('web')?.addresses[0]?.network).toBe(bridge?.key));
      expect(told('web')?.addresses[0]?.subnet).toBe(bridge?.subnets[0]);
    });

    it('marks a container that is paused', async () => {
      await run({ name: 'web' });
      await until(() => expect(told('web')?.state).toBe('running'));
      await engine.pause('web');
      await until(() => expect(told('web')?.state).toBe('paused'));
      await engine.unpause('web');
      await until(() => expect(told('web')?.state).toBe('running'));
    });

    if (traits.namesSignals)
      it('lets a container drain from its own stop signal on, and from no other', async () => {
        await run({ name: 'web', stopSignal: 'SIGQUIT' });
        await until(() => expect(told('web')?.state).toBe('running'));
        await engine.kill('web', 'USR1');
        await engine.kill('web', 'TERM');
        await engine.rename('web', 'heard');
        await until(() => expect(told('heard')?.state).toBe('running'));
        await engine.kill('heard', 'QUIT');
        await until(() => expect(told('heard')?.state).toBe('draining'));
        await engine.kill('heard', 'KILL');
        await until(() => expect(told('heard')).toBeUndefined());
        await engine.start('heard');
        await until(() => expect(told('heard')?.state).toBe('running'));
      });
    else
      it('ends the record of a container when it dies, since nothing tells that it is about to', async () => {
        await run({ name: 'web' });
        await until(() => expect(told('web')?.state).toBe('running'));
        await engine.kill('web', 'TERM');
        await engine.stop('web');
        await until(() => expect(told('web')).toBeUndefined());
      });

    it('follows the health of a container', async () => {
      await run({ name: 'web', health: 'starting' });
      await until(() => expect(told('web')?.health).toBe('starting'));
      await engine.setHealth('web', 'healthy');
      await until(() => expect(told('web')?.health).toBe('healthy'));
      await engine.setHealth('web', 'unhealthy');
      await until(() => expect(told('web')?.health).toBe('unhealthy'));
    });

    it('gives a container in the network of another one the addresses of that one, while it lasts', async () => {
      await run({ name: 'main' });
      await run({ name: 'side', networks: ['container:main'] });
      await until(() => expect(told('side')?.addresses).toHaveLength(1));
      expect(told('side')?.addresses).toEqual(told('main')?.addresses);
      await engine.stop('main');
      await until(() => expect(told('side')?.addresses).toEqual([]));
    });

    it('gives a container without network no address, and one on the host the address of the host', async () => {
      await run({ name: 'alone', networks: ['none'] });
      await run({ name: 'wide', networks: ['host'] });
      await until(() => expect(told('alone')?.addresses).toEqual([]));
      await until(() => expect(told('wide')?.addresses).toEqual([]));
      await using known = new WatchedHost(engine.url, { hostAddress: host.address });
      await until(() => expect(known.sink.addressesOf('wide')).toEqual([host.address]));
      expect(known.sink.addressesOf('alone')).toEqual([]);
    });

    it('tells of ports, published and exposed', async () => {
      await run({ name: 'web', ports: { '80/tcp': 18080, '53/udp': null } });
      await until(() => expect(told('web')).toBeDefined());
      expect(told('web')?.ports).toEqual([
        { port: 80, protocol: 'tcp', hostPort: 18080 },
        { port: 53, protocol: 'udp' },
      ]);
    });

    it('leaves out a container that wants no record', async () => {
      await run({ name: 'hidden', labels: { 'weft.ignore': 'true' } });
      await run({ name: 'shown' });
      await until(() => expect(told('shown')).toBeDefined());
      expect(told('hidden')).toBeUndefined();
    });

    it('follows the truth when the engine is started again', async () => {
      await run({ name: 'web' });
      await until(() => expect(host.watch.status()).toMatchObject({ connected: true, containers: 1 }));
      const listings = host.sink.listings;
      await engine.restartEngine();
      await until(() => expect(host.sink.listings).toBeGreaterThan(listings));
      await expectTruth();
      await run({ name: 'later' });
      await until(() => expect(told('later')).toBeDefined());
      await expectTruth();
    });
  });
}
