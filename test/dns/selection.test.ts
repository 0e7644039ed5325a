import { describe, expect, it } from 'vitest';
import { type Address, type ContainerRecord, type HostStatus, overlayNetworkKey } from '../../src/record.ts';
import { data } from './message.ts';
import { Twin } from './twin.ts';
import {
  address,
  bridgeA,
  bridgeB,
  container,
  entry,
  fixed,
  hostA,
  hostB,
  hostC,
  made,
  network,
  on,
  owner,
} from './zone-words.ts';

const at = (host: typeof hostA, last: number, more: Partial<ContainerRecord> = {}, hostStatus?: HostStatus) => {
  const bridge = { [hostA]: bridgeA, [hostB]: bridgeB }[host] ?? network(host, 'bridge', '10.3.0.0/16');
  const subnet = bridge.subnets[0]?.split('.').slice(0, 2).join('.');
  const record = container('web', [on(bridge, `${subnet}.0.${last}`)], more);
  return owner(host, record, hostStatus ? { hostStatus } : {});
};

/** How often each address is first, in so many answers. */
function firsts(twin: Twin, questions: number, terms: Parameters<Twin['ask']>[1] = {}): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let question = 0; question < questions; question++) {
    const [first = ''] = data(twin.ask('web.weave.local', terms));
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts;
}

describe('owners', () => {
  it.each([
    ['ready before unhealthy', { health: 'unhealthy' }, undefined],
    ['ready before starting', { health: 'starting' }, undefined],
    ['ready before paused', { state: 'paused' }, undefined],
    ['ready before draining', { state: 'draining' }, undefined],
    ['ready before those of quiet hosts', {}, 'quiet'],
    ['ready before those of hosts known from disk', {}, 'stale'],
    ['weighty before weightless', { weight: 0 }, undefined],
  ] as const)('%s', (_, more, status) => {
    const twin = new Twin([entry('web', [at(hostA, 2), at(hostB, 2, more, status)])]);
    expect(data(twin.ask('web'))).toEqual(['10.1.0.2']);
    const alone = new Twin([entry('web', [at(hostB, 2, more, status)])]);
    expect(data(alone.ask('web'))).toEqual(['10.2.0.2']);
  });

  it.each([
    ['unhealthy before paused', { health: 'unhealthy' }, undefined, { state: 'paused' }, undefined],
    ['paused before quiet', { state: 'paused' }, undefined, {}, 'quiet'],
    ['quiet before draining', {}, 'quiet', { state: 'draining' }, undefined],
  ] as const)('%s when none is ready', (_, better, betterStatus, worse, worseStatus) => {
    const twin = new Twin([entry('web', [at(hostC, 3, worse, worseStatus), at(hostB, 2, better, betterStatus)])]);
    expect(data(twin.ask('web'))).toEqual(['10.2.0.2']);
  });

  it('that somebody watches before those whose engine is gone, which are answered where nobody else is left', () => {
    const gone = owner(hostB, container('web', [on(bridgeB, '10.2.0.2')]), { unwatched: true });
    const paused = at(hostA, 2, { state: 'paused' });
    expect(data(new Twin([entry('web', [paused, gone])]).ask('web'))).toEqual(['10.1.0.2']);
    expect(data(new Twin([entry('web', [gone])]).ask('web'))).toEqual(['10.2.0.2']);
  });

  it('that an asker cannot reach give way to those it can, ready or not', () => {
    const shadowed = owner(hostB, container('web', [on(network(hostB, 'bridge', '10.1.0.0/16'), '10.1.0.5')]));
    const twin = new Twin([entry('web', [shadowed, at(hostA, 2, { health: 'unhealthy' })])]);
    expect(data(twin.ask('web'))).toEqual(['10.1.0.2']);
  });

  it('on an overlay are answered to those on it, also where only its exit tells so, and to nobody else', () => {
    const overlay = { ...network(hostA, 'mesh', '10.4.0.0/24'), key: overlayNetworkKey('mesh'), driver: 'overlay' };
    const exit = network(hostA, 'docker_gwbridge', '10.5.0.0/24');
    const local = owner(hostA, container('local', [on(overlay, '10.4.0.2')]));
    const far = owner(hostB, container('web', [on(overlay, '10.4.0.3'), on(bridgeB, '10.2.0.3')]));
    const twin = new Twin([entry('web', [far]), entry('local', [local])], {}, [bridgeA, overlay, exit]);
    for (const from of ['10.4.0.2', '10.5.0.7', '127.0.0.1'])
      expect(data(twin.ask('web', { from }))).toEqual(['10.4.0.3']);
    expect(data(twin.ask('web', { from: '10.1.0.9' }))).toEqual(['10.2.0.3']);
    expect(twin.ask('local', { from: '10.1.0.9' })).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(data(new Twin([entry('web', [far])]).ask('web'))).toEqual(['10.2.0.3']);
  });

  it('on one overlay are answered to a container that is known by where it asks from, and those on another are not', () => {
    const overlay = (key: string, subnet: string) => ({
      ...network(hostA, key, subnet),
      key: overlayNetworkKey(key),
      driver: 'overlay',
    });
    const [shop, blog] = [overlay('shop', '10.4.0.0/24'), overlay('blog', '10.6.0.0/24')];
    const exit = network(hostA, 'docker_gwbridge', '10.5.0.0/24');
    const task = (name: string, net: typeof shop, at: string, from: string) =>
      owner(hostA, container(name, [on(net, at)], { asksFrom: [from as Address] }));
    const [web, page] = [task('web', shop, '10.4.0.2', '10.5.0.7'), task('page', blog, '10.6.0.2', '10.5.0.8')];
    const entries = [
      entry('web', [web]),
      entry('page', [page]),
      entry('db', [
        owner(hostB, container('db1', [on(shop, '10.4.0.3')])),
        owner(hostB, container('db2', [on(blog, '10.6.0.3')])),
      ]),
    ];
    const twin = new Twin(entries, {}, [bridgeA, shop, blog, exit]);
    const seenFrom = (from: string) => data(twin.ask('db', { from })).sort();
    expect(['10.5.0.7', '10.5.0.8'].map(seenFrom)).toEqual([['10.4.0.3'], ['10.6.0.3']]);
    expect(seenFrom('10.5.0.9')).toEqual(['10.4.0.3', '10.6.0.3']);
    // The next container may have its address.
    twin.responder.update([entry('web'), entry('page', [task('page', blog, '10.6.0.2', '10.5.0.7')])]);
    expect(['10.5.0.7', '10.5.0.8'].map(seenFrom)).toEqual([['10.6.0.3'], ['10.4.0.3', '10.6.0.3']]);
  });

  it('are those of the container that has an address here, also where another host has one that asks from it', () => {
    const overlay = { ...network(hostB, 'mesh', '10.4.0.0/24'), key: overlayNetworkKey('mesh'), driver: 'overlay' };
    const asksFrom = ['10.1.0.2' as Address];
    const far = owner(hostB, container('far', [on(overlay, '10.4.0.2')], { asksFrom }));
    const web = entry('web', [at(hostA, 2, { health: 'starting' }), at(hostA, 3)]);
    const twin = new Twin([web, entry('far', [far])]);
    expect(data(twin.ask('web', { from: '10.1.0.2' })).sort()).toEqual(['10.1.0.2', '10.1.0.3']);
  });

  it('share a name with addresses made by hand', () => {
    const twin = new Twin([entry('web', [at(hostA, 2)], [made('web', address('192.0.2.7'))])]);
    expect(data(twin.ask('web')).sort()).toEqual(['10.1.0.2', '192.0.2.7']);
  });

  it('know a container by an address as soon as it has it, and no longer', () => {
    const one = owner(hostA, container('one', [on(bridgeA, '10.1.0.2')]));
    const starting = (at: string) => owner(hostA, container('two', [on(bridgeA, at)], { health: 'starting' }));
    const twin = new Twin([entry('web', [one])]);
    const seenFrom = (from: string) => data(twin.ask('web', { from })).sort();
    expect([seenFrom('10.1.0.8'), seenFrom('10.1.0.9')]).toEqual([['10.1.0.2'], ['10.1.0.2']]);
    twin.responder.update([entry('web', [one, starting('10.1.0.9')])]);
    expect([seenFrom('10.1.0.8'), seenFrom('10.1.0.9')]).toEqual([['10.1.0.2'], ['10.1.0.2', '10.1.0.9']]);
    twin.responder.update([entry('web', [one, starting('10.1.0.8')])]);
    expect([seenFrom('10.1.0.8'), seenFrom('10.1.0.9')]).toEqual([['10.1.0.2', '10.1.0.8'], ['10.1.0.2']]);
    twin.responder.update([entry('web')]);
    twin.responder.update([entry('other', [one])]);
    expect(data(twin.ask('other', { from: '10.1.0.8' }))).toEqual(['10.1.0.2']);
  });

  it('change while questions are asked: every answer is of one state', () => {
    const twin = new Twin();
    const states = [
      ['10.1.0.1', '10.1.0.2', '10.1.0.3'],
      ['10.1.0.4', '10.1.0.5'],
    ];
    for (let round = 0; round < 100; round++) {
      const now = states[round % 2] ?? [];
      twin.responder.update([fixed('web', ...now), fixed('_x._tcp.web')]);
      for (let question = 0; question < 3; question++) expect(data(twin.ask('web')).sort()).toEqual(now);
    }
  });
});

describe('turns', () => {
  const three = entry('web', [at(hostA, 2), at(hostB, 2), at(hostC, 2)]);

  it('go on where they were when the name changes', () => {
    const twin = new Twin([three]);
    const counts = new Map<string, number>();
    for (let question = 0; question < 300; question++) {
      const [first = ''] = data(twin.ask('web'));
      counts.set(first, (counts.get(first) ?? 0) + 1);
      twin.responder.update([three]);
    }
    expect([...counts.values()]).toEqual([100, 100, 100]);
  });

  it('are even for each group of askers', () => {
    const front = network(hostA, 'front', '10.8.0.0/16');
    const twin = new Twin([three], {}, [bridgeA, front]);
    const counts: Record<string, Record<string, number>> = {};
    for (let question = 0; question < 300; question++) {
      for (const from of ['10.1.0.9', '10.8.0.9']) {
        const [first = ''] = data(twin.ask('web', { from }));
        const group = counts[from] ?? {};
        counts[from] = { ...group, [first]: (group[first] ?? 0) + 1 };
      }
    }
    for (const group of Object.values(counts)) expect(Object.values(group)).toEqual([100, 100, 100]);
  });

  it('go by weight', () => {
    const owners = [at(hostA, 2, { weight: 3 }), at(hostB, 2, { weight: 1 }), at(hostC, 2, { weight: 2 })];
    expect(firsts(new Twin([entry('web', owners)]), 60)).toEqual({ '10.1.0.2': 30, '10.2.0.2': 10, '10.3.0.2': 20 });
  });

  it('go by weight also where they are no small whole numbers', () => {
    const owners = [at(hostA, 2, { weight: 100_000 }), at(hostB, 2, { weight: 300_000 })];
    expect(firsts(new Twin([entry('web', owners)]), 40)).toEqual({ '10.1.0.2': 10, '10.2.0.2': 30 });
  });

  it('go by weight also where they are no whole numbers', () => {
    const owners = [at(hostA, 2, { weight: 1 }), at(hostB, 2, { weight: 0.25 })];
    expect(firsts(new Twin([entry('web', owners)]), 100)).toEqual({ '10.1.0.2': 80, '10.2.0.2': 20 });
  });

  it('are by owner, not by address: one with two addresses is not first twice as often', () => {
    const both = owner(hostA, container('web', [on(bridgeA, '10.1.0.2'), on(bridgeA, '10.1.0.3')]));
    const counts = firsts(new Twin([entry('web', [both, at(hostB, 2)])]), 40);
    expect(counts).toEqual({ '10.1.0.2': 10, '10.1.0.3': 10, '10.2.0.2': 20 });
  });

  it('are among the near ones where a container prefers them, and the others come behind', () => {
    const owners = [at(hostA, 2, { prefer: 'local' }), at(hostA, 3), at(hostB, 2), at(hostC, 2)];
    const twin = new Twin([entry('web', owners)]);
    expect(firsts(twin, 40)).toEqual({ '10.1.0.2': 20, '10.1.0.3': 20 });
    const [, second, ...far] = data(twin.ask('web'));
    expect(second).toMatch(/^10\.1\./);
    expect(far.sort()).toEqual(['10.2.0.2', '10.3.0.2']);
  });

  it('spill over to the others when no near one is ready', () => {
    const owners = [
      at(hostA, 2, { prefer: 'local', health: 'unhealthy' }),
      at(hostB, 2),
      at(hostC, 2, { prefer: 'local' }),
    ];
    expect(firsts(new Twin([entry('web', owners)]), 40)).toEqual({ '10.2.0.2': 20, '10.3.0.2': 20 });
  });

  it('are even for sixty and for one at a time', () => {
    const owners = Array.from({ length: 60 }, (_, index) => at(hostB, index + 1));
    const counts = Object.values(firsts(new Twin([entry('web', owners)], { answers: 'one' }), 300));
    expect(counts).toEqual(Array(60).fill(5));
  });
});
