import { beforeEach, describe, expect, it } from 'vitest';
import { watchDefaults } from '../../src/config.ts';
import { type ContainerRecord, parseAddress } from '../../src/record.ts';
import { decodeNetworks } from '../../src/watch/decode.ts';
import type { ContainerEvent } from '../../src/watch/event.ts';
import { Lives } from '../../src/watch/lives.ts';
import { networkTable } from '../../src/watch/networks.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { endpointJson, inspection } from './documents.ts';
import { hostId, taken } from './host.ts';

const bridge = { Id: 'bridge', Name: 'bridge', Driver: 'bridge', IPAM: { Config: [{ Subnet: '10.1.0.0/16' }] } };
const networks = networkTable(taken(decodeNetworks([bridge])));

/** Lives with a sink and a list of what they asked to have inspected; instants are seconds of one day. */
class Told {
  readonly clock = new ManualClock();
  readonly records = new Map<string, ContainerRecord>();
  readonly log: string[] = [];
  readonly counts = new Map<string, number>();
  inspections: string[] = [];
  readonly lives = new Lives({
    clock: this.clock,
    options: watchDefaults,
    surroundings: { hostId, hostAddress: taken(parseAddress('192.0.2.1')), networks },
    namesOf: () => ({ names: [], skipped: [] }),
    output: {
      put: (record) => {
        this.records.set(record.id, record);
        this.log.push(`put ${record.id} ${record.state} ${record.addresses.map(({ address }) => address)}`);
      },
      remove: (id) => {
        this.records.delete(id);
        this.log.push(`remove ${id}`);
      },
      inspect: (id) => void this.inspections.push(id),
      count: (what) => void this.counts.set(what, (this.counts.get(what) ?? 0) + 1),
    },
  });

  event(type: Exclude<ContainerEvent['type'], 'signalled'>, id: string, second: number): void {
    this.lives.event({ type, id, at: instant(second) });
  }

  signal(id: string, second: number, signal: number): void {
    this.lives.event({ type: 'signalled', id, at: instant(second), signal });
  }

  /** The engine says that it runs, since then and with this address. */
  runs(id: string, since: number, parts: Parts = {}): void {
    this.lives.inspected(id, this.lives.now, running(id, since, parts));
  }
}

interface Parts {
  readonly address?: string;
  readonly networkMode?: string;
  readonly labels?: Record<string, string>;
  readonly restart?: string;
}

function running(
  id: string,
  since: number,
  { address = '10.1.0.2', networkMode = 'default', labels = {}, restart = 'no' }: Parts,
) {
  return inspection({
    id,
    name: id,
    state: { StartedAt: timeOf(since) },
    config: { Labels: labels },
    host: { NetworkMode: networkMode, RestartPolicy: { Name: restart } },
    networks: networkMode === 'default' ? { bridge: endpointJson('bridge', address) } : {},
  });
}

const timeOf = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
const instant = (second: number) => (Date.UTC(2026, 0, 1) + second * 1000) * 1000;

describe('the life of a container', () => {
  let told: Told;
  beforeEach(() => {
    told = new Told();
  });

  it('begins with the answer to one inspection and ends with its death, without another', () => {
    told.event('started', 'a', 1);
    expect(told.inspections).toEqual(['a']);
    told.runs('a', 1);
    told.event('ended', 'a', 2);
    expect(told.log).toEqual(['put a running 10.1.0.2', 'remove a']);
    expect(told.inspections).toEqual(['a']);
  });

  it('does not end with the late death of an earlier run', () => {
    told.runs('a', 5);
    told.event('ended', 'a', 4);
    expect(told.records.has('a')).toBe(true);
    expect(told.inspections).toEqual(['a']);
    told.runs('a', 5);
    expect(told.log).toEqual(['put a running 10.1.0.2']);
  });

  it('ends when a death looked late because the clock was set back', () => {
    told.runs('a', 5);
    told.event('ended', 'a', 4);
    told.lives.inspected('a', told.lives.now, undefined);
    expect(told.log.at(-1)).toBe('remove a');
  });

  it('does not begin with an inspection that its death overtook', () => {
    const askedAt = told.lives.now;
    told.event('ended', 'a', 2);
    told.lives.inspected('a', askedAt, running('a', 1, {}));
    expect(told.log).toEqual([]);
    expect(told.inspections).toEqual(['a']);
  });

  it('does not begin with an inspection that its removal overtook, however long ago it was forgotten', () => {
    told.event('started', 'a', 1);
    const askedAt = told.lives.now;
    told.event('ended', 'a', 2);
    told.event('removed', 'a', 2);
    told.lives.listed(told.lives.now, [], 'all');
    told.lives.inspected('a', askedAt, running('a', 1, {}));
    expect(told.log).toEqual([]);
  });

  it('goes on in the next run, whose start is told before anything else', () => {
    told.runs('a', 1);
    told.event('ended', 'a', 2);
    told.event('started', 'a', 3);
    told.runs('a', 3, { address: '10.1.0.9' });
    expect(told.log).toEqual(['put a running 10.1.0.2', 'remove a', 'put a running 10.1.0.9']);
  });

  it('is not looked at for networks that are connected before a start or disconnected after an end', () => {
    told.event('moved', 'a', 1);
    told.runs('b', 1);
    told.event('ended', 'b', 2);
    told.event('moved', 'b', 3);
    expect(told.inspections).toEqual([]);
  });

  it('is looked at again for a change that overtook the answer to its start', () => {
    told.event('started', 'a', 1);
    const askedAt = told.lives.now;
    told.event('changed', 'a', 2);
    told.lives.inspected('a', askedAt, running('a', 1, {}));
    expect(told.inspections).toEqual(['a', 'a']);
  });

  it('is told once while nothing of it changes', () => {
    told.runs('a', 1);
    told.runs('a', 1);
    expect(told.log).toHaveLength(1);
  });

  it('is kept to itself where its labels say so', () => {
    told.runs('a', 1, { labels: { 'weft.ignore': 'true' } });
    expect(told.log).toEqual([]);
  });
});

describe('draining', () => {
  let told: Told;
  beforeEach(() => {
    told = new Told();
    told.runs('a', 10);
  });

  it('begins with the stop signal, at once and without asking', () => {
    told.signal('a', 11, 15);
    expect(told.log.at(-1)).toBe('put a draining 10.1.0.2');
    expect(told.inspections).toEqual([]);
  });

  it('does not begin with another signal, nor with one for an earlier run', () => {
    told.signal('a', 11, 1);
    told.signal('a', 9, 15);
    expect(told.log).toHaveLength(1);
  });

  it('is known of a container that is inspected only after the signal', () => {
    told.signal('b', 21, 15);
    told.runs('b', 20, { address: '10.1.0.3' });
    expect(told.records.get('b')?.state).toBe('draining');
  });

  it('is over with the run', () => {
    told.signal('a', 11, 15);
    told.event('ended', 'a', 12);
    told.runs('a', 13);
    expect(told.records.get('a')?.state).toBe('running');
  });
});

describe('an address', () => {
  it('has one owner: who began later evicts the other before it is told itself', () => {
    const told = new Told();
    told.runs('a', 1);
    told.runs('b', 2);
    expect(told.log).toEqual(['put a running 10.1.0.2', 'remove a', 'put b running 10.1.0.2']);
    expect(told.inspections).toEqual(['a']);
    told.runs('a', 1);
    expect([...told.records.keys()]).toEqual(['b']);
  });

  it('is not taken by an earlier run that is heard of later', () => {
    const told = new Told();
    told.runs('b', 2);
    told.runs('a', 1);
    expect([...told.records.keys()]).toEqual(['b']);
  });

  it('is free again when its owner ends', () => {
    const told = new Told();
    told.runs('a', 1);
    told.event('ended', 'a', 2);
    told.runs('b', 0);
    expect([...told.records.keys()]).toEqual(['b']);
  });

  it('is shared by those that joined the network of its owner, as long as that run lasts', () => {
    const told = new Told();
    told.runs('side', 3, { networkMode: 'container:main' });
    expect(told.log).toEqual(['put side running ']);
    told.runs('main', 2);
    expect(told.records.get('side')?.addresses).toEqual(told.records.get('main')?.addresses);
    told.event('ended', 'main', 4);
    told.runs('main', 5);
    expect(told.records.get('side')?.addresses).toEqual([]);
  });

  it('is kept by those that joined one on the network of the host, which outlasts every run', () => {
    const told = new Told();
    told.runs('main', 1, { networkMode: 'host' });
    told.runs('side', 2, { networkMode: 'container:main' });
    told.runs('third', 3, { networkMode: 'container:side' });
    told.event('ended', 'main', 4);
    told.runs('main', 5, { networkMode: 'host' });
    told.event('ended', 'side', 6);
    told.runs('side', 7, { networkMode: 'container:main' });
    for (const id of ['main', 'side', 'third'])
      expect(
        told.records.get(id)?.addresses.map(({ networkName }) => networkName),
        id,
      ).toEqual(['host']);
  });

  it('is shared by one that joined one that joined its owner, and by none that joined in a circle', () => {
    const told = new Told();
    told.runs('main', 2);
    told.runs('side', 3, { networkMode: 'container:main' });
    told.runs('third', 4, { networkMode: 'container:side' });
    expect(told.records.get('third')?.addresses).toEqual(told.records.get('main')?.addresses);
    told.event('ended', 'main', 5);
    expect(told.records.get('third')?.addresses).toEqual([]);
    told.runs('this', 6, { networkMode: 'container:that' });
    told.runs('that', 6, { networkMode: 'container:this' });
    expect(told.records.get('that')?.addresses).toEqual([]);
  });

  it('is shared by way of one that has no record, whatever is told first, and follows its owner', () => {
    const told = new Told();
    const addresses = () => told.records.get('third')?.addresses.map(({ address }) => address);
    told.runs('third', 4, { networkMode: 'container:side' });
    told.runs('side', 3, { networkMode: 'container:main', labels: { 'weft.ignore': 'true' } });
    told.runs('main', 2);
    expect(addresses()).toEqual(['10.1.0.2']);
    told.runs('main', 2, { address: '10.1.0.3' });
    expect(addresses()).toEqual(['10.1.0.3']);
    told.event('ended', 'main', 5);
    expect(addresses()).toEqual([]);
    expect([...told.records.keys()]).toEqual(['third']);
  });
});

describe('a container that dies while another one starts', () => {
  let told: Told;
  beforeEach(() => {
    told = new Told();
    told.runs('old', 1);
    told.event('started', 'new', 2);
  });

  it('is answered, as one that drains, until it is known what that one is', () => {
    told.event('ended', 'old', 3);
    expect(told.records.get('old')?.state).toBe('draining');
    told.runs('new', 2, { address: '10.1.0.3' });
    expect(told.log.slice(1)).toEqual(['put old draining 10.1.0.2', 'put new running 10.1.0.3', 'remove old']);
    told.clock.advance(watchDefaults.farewellMs);
    expect(told.log.at(-1)).toBe('remove old');
  });

  it('is removed only once, however often its end is told', () => {
    told.event('ended', 'old', 3);
    told.event('removed', 'old', 3);
    expect(told.lives.records().map(({ id }) => id)).toEqual(['old']);
    told.runs('new', 2, { address: '10.1.0.3' });
    expect(told.log.filter((line) => line === 'remove old')).toHaveLength(1);
    expect(told.lives.records().map(({ id }) => id)).toEqual(['new']);
  });

  it('is removed before that one is told, when it has its address', () => {
    told.event('ended', 'old', 3);
    told.runs('new', 2);
    expect(told.log.slice(1)).toEqual(['put old draining 10.1.0.2', 'remove old', 'put new running 10.1.0.2']);
    told.clock.advance(watchDefaults.farewellMs);
    expect([...told.records.keys()]).toEqual(['new']);
  });

  it.each([
    ['dies too', (told: Told) => told.event('ended', 'new', 3)],
    ['is removed', (told: Told) => told.event('removed', 'new', 3)],
    ['turns out not to run', (told: Told) => told.lives.inspected('new', told.lives.now, undefined)],
    ['is missing in a listing', (told: Told) => told.lives.listed(told.lives.now, [], 'all')],
    ['is not known in time', (told: Told) => told.clock.advance(watchDefaults.farewellMs)],
  ])('is removed when that one %s', (_, happens) => {
    told.event('ended', 'old', 3);
    expect(told.records.has('old')).toBe(true);
    happens(told);
    expect(told.records.size).toBe(0);
  });

  it('does not wait for those that start after its end', () => {
    told.event('ended', 'old', 3);
    told.event('started', 'later', 4);
    told.event('ended', 'new', 4);
    expect(told.records.size).toBe(0);
  });

  it('goes on where it starts again, at the address of its next run', () => {
    told.event('ended', 'old', 3);
    told.event('started', 'old', 4);
    told.runs('old', 4, { address: '10.1.0.4' });
    told.runs('new', 2, { address: '10.1.0.3' });
    told.clock.advance(watchDefaults.farewellMs);
    expect(told.log.slice(1)).toEqual([
      'put old draining 10.1.0.2',
      'put old running 10.1.0.4',
      'put new running 10.1.0.3',
    ]);
  });
});

describe('a container that dies again and again', () => {
  const loop = { restart: 'always' };
  const crash = (told: Told, second: number) => {
    told.event('ended', 'a', second);
    told.event('started', 'a', second + 1);
    told.runs('a', second + 1, loop);
  };

  it('is held back until a run has lived, longer each time', () => {
    const told = new Told();
    told.runs('a', 0, loop);
    crash(told, 1);
    crash(told, 3);
    expect(told.records.has('a')).toBe(true);
    crash(told, 5);
    expect(told.records.has('a')).toBe(false);
    told.clock.advance(watchDefaults.holdMinMs);
    expect(told.records.has('a')).toBe(true);
    crash(told, 7);
    told.clock.advance(watchDefaults.holdMinMs);
    expect(told.records.has('a')).toBe(false);
    told.clock.advance(watchDefaults.holdMinMs);
    expect(told.records.has('a')).toBe(true);
  });

  it('is not answered by the end of a hold that it did not live to see', () => {
    const told = new Told();
    told.runs('a', 0, loop);
    for (const second of [1, 3, 5]) crash(told, second);
    told.event('ended', 'a', 7);
    told.clock.advance(watchDefaults.holdMaxMs);
    expect(told.records.size).toBe(0);
    expect(told.clock.pending).toBe(0);
  });

  it('is not held back when somebody ends it, nor when nothing starts it again', () => {
    const told = new Told();
    for (let second = 1; second < 20; second += 2) {
      told.runs('a', second, loop);
      told.signal('a', second + 1, 9);
      told.event('ended', 'a', second + 1);
      told.runs('b', second, { address: '10.1.0.3' });
      told.event('ended', 'b', second + 1);
    }
    told.runs('a', 30, loop);
    told.runs('b', 30, { address: '10.1.0.3' });
    expect([...told.records.keys()]).toEqual(['a', 'b']);
  });

  it('is forgiven after a while', () => {
    const told = new Told();
    told.runs('a', 0, loop);
    for (const second of [1, 3, 5]) crash(told, second);
    told.clock.advance(watchDefaults.crashWindowMs);
    crash(told, 500);
    expect(told.records.has('a')).toBe(true);
  });
});

describe('a listing', () => {
  const summary = (id: string, parts = {}) => ({
    id,
    name: id,
    paused: false,
    health: undefined,
    addresses: ['10.1.0.2'],
    ...parts,
  });

  it('ends what is missing in it, unless that is younger than the listing', () => {
    const told = new Told();
    told.runs('a', 1);
    const askedAt = told.lives.now;
    told.event('started', 'b', 2);
    told.runs('b', 2, { address: '10.1.0.3' });
    told.lives.listed(askedAt, [], 'different');
    expect([...told.records.keys()]).toEqual(['b']);
  });

  it('sends only those to be looked at that are new or different', () => {
    const told = new Told();
    told.runs('a', 1);
    const look = (parts: object) => told.lives.listed(told.lives.now, [summary('a', parts)], 'different');
    expect(look({})).toEqual([]);
    expect(look({ name: undefined, paused: undefined, addresses: undefined })).toEqual([]);
    expect(look({ name: 'other' })).toEqual(['a']);
    expect(look({ paused: true })).toEqual(['a']);
    expect(look({ health: 'healthy' })).toEqual(['a']);
    expect(look({ addresses: ['10.1.0.7'] })).toEqual(['a']);
    expect(told.lives.listed(told.lives.now, [summary('b')], 'different')).toEqual(['b']);
    expect(told.lives.listed(told.lives.now, [summary('a')], 'all')).toEqual(['a']);
  });

  it('sends one that drains to be looked at: nobody may have told of its end and of its next start', () => {
    const told = new Told();
    told.runs('a', 1);
    told.signal('a', 2, 15);
    expect(told.lives.listed(told.lives.now, [summary('a')], 'different')).toEqual(['a']);
    told.runs('a', 3);
    expect(told.records.get('a')?.state).toBe('running');
    expect(told.lives.listed(told.lives.now, [summary('a')], 'different')).toEqual([]);
  });
});
