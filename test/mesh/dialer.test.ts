import { describe, expect, it } from 'vitest';
import { meshDefaults } from '../../src/config.ts';
import { inTurn } from '../../src/mesh/dial-order.ts';
import { Dialer, type DialerOptions } from '../../src/mesh/dialer.ts';
import { settle } from '../../src/mesh/settle.ts';
import { type DialOutcome, newTarget } from '../../src/mesh/target.ts';
import { type HostId, parseHostId } from '../../src/record.ts';
import { ManualClock } from '../support/manual-clock.ts';

const self = host('M');
const lower = host('A');
const higher = host('z');

describe('whom a host dials', () => {
  it('is dialled at once where our id is the lower one, and later where it is not', async () => {
    const world = new World();
    world.dialer.start();
    world.dialer.learn(higher, ['192.0.2.1:6783']);
    world.dialer.learn(lower, ['192.0.2.2:6783']);
    await world.clock.advanceAsync(0);
    expect(world.dialled).toEqual([higher]);
    await world.clock.advanceAsync(2 * meshDefaults.yieldMs);
    expect(world.dialled).toEqual([higher, lower]);
  });

  it('is not dialled when it linked with us in the meantime', async () => {
    const world = new World();
    world.dialer.start();
    world.dialer.learn(lower, ['192.0.2.2:6783']);
    world.linked.add(lower);
    await world.clock.advanceAsync(60_000);
    expect(world.dialled).toEqual([]);
  });

  it('is dialled again within a second for minutes, and at leisure after that', async () => {
    const world = new World({ type: 'failed', problem: 'nobody there' });
    world.dialer.start();
    world.dialer.learn(higher, ['192.0.2.1:6783']);
    await world.clock.advanceAsync(60_000);
    expect(world.dialled.length).toBeGreaterThanOrEqual(60);
    expect(world.dialled.length).toBeLessThan(300);
    await world.clock.advanceAsync(meshDefaults.patientAfterMs);
    const before = world.dialled.length;
    await world.clock.advanceAsync(60_000);
    expect(world.dialled.length - before).toBeLessThanOrEqual(30);
    expect(world.dialled.length - before).toBeGreaterThanOrEqual(15);
  });

  it('is dialled with the pauses of any failure where each link breaks before it carries anything', async () => {
    const world = new World();
    world.dialer.start();
    world.dialer.learn(higher, ['192.0.2.1:6783']);
    for (let step = 0; step < 1_000; step += 1) {
      await world.clock.advanceAsync(10);
      if (world.linked.delete(higher)) world.dialer.lost(higher, false);
    }
    expect(world.dialled.length).toBeLessThan(50);
    expect(world.dialer.wanted().map(({ problem }) => problem)).toEqual([
      '192.0.2.1:6783 hung up in the handshake; it may have parted with us',
    ]);
  });

  it('is dialled no more when it is unlearnt', async () => {
    const world = new World({ type: 'failed', problem: 'nobody there' });
    world.dialer.start();
    world.dialer.learn(higher, ['192.0.2.1:6783']);
    await world.clock.advanceAsync(5_000);
    world.dialer.unlearn(higher);
    const before = world.dialled.length;
    await world.clock.advanceAsync(60_000);
    expect(world.dialled.length).toBe(before);
    expect(world.dialer.wanted()).toEqual([]);
  });

  it('is dialled at once when its address changes, however often the old one failed', async () => {
    const world = new World({ type: 'failed', problem: 'nobody there' });
    world.dialer.start();
    world.dialer.learn(higher, ['192.0.2.1:6783']);
    await world.clock.advanceAsync(meshDefaults.patientAfterMs * 2);
    const before = world.dialled.length;
    world.dialer.learn(higher, ['192.0.2.9:6783']);
    await world.clock.advanceAsync(0);
    expect(world.dialled.length).toBe(before + 1);
  });

  it('is not dialled when it has no address', async () => {
    const world = new World();
    world.dialer.start();
    world.dialer.learn(higher, []);
    await world.clock.advanceAsync(60_000);
    expect(world.dialled).toEqual([]);
  });

  it('is any of those that are learnt of together, not the first of them', async () => {
    const world = new World(undefined, { fullMeshHosts: 4, linksWhenLarge: 3 });
    const learnt = Array.from({ length: 20 }, (_, index) => host(String.fromCharCode(97 + index)));
    world.dialer.start();
    for (const each of learnt) world.dialer.learn(each, ['192.0.2.1:6783']);
    await world.clock.advanceAsync(0);
    expect(world.dialled).toHaveLength(3);
    expect(world.dialled.toSorted()).not.toEqual(learnt.slice(0, 3).toSorted());
  });

  it('is a few of many in a large mesh', async () => {
    const world = new World(undefined, { fullMeshHosts: 4, linksWhenLarge: 3 });
    for (let index = 0; index < 20; index += 1)
      world.dialer.learn(host(String.fromCharCode(97 + index)), ['192.0.2.1:6783']);
    world.dialer.start();
    await world.clock.advanceAsync(60_000);
    expect(world.linked.size).toBe(3);
    const [first] = world.linked;
    if (first === undefined) throw new Error('nobody is linked');
    world.linked.delete(first);
    world.dialer.lost(first, true);
    await world.clock.advanceAsync(60_000);
    expect(world.linked.size).toBe(3);
  });

  it('looks for others in a large mesh when those it picked do not answer', async () => {
    const world = new World(undefined, { fullMeshHosts: 4, linksWhenLarge: 3 });
    const alive = new Set([host('a'), host('b'), host('c')]);
    world.answer = (peer) => (alive.has(peer) ? { type: 'linked', peer } : { type: 'failed', problem: 'nobody there' });
    for (let index = 0; index < 20; index += 1)
      world.dialer.learn(host(String.fromCharCode(97 + index)), ['192.0.2.1:6783']);
    world.dialer.start();
    await world.clock.advanceAsync(60_000);
    expect(world.linked).toEqual(alive);
  });

  it('is a host that nothing is heard of, however many links a large mesh has, one after another and seldom', async () => {
    const world = new World({ type: 'failed', problem: 'nobody there' }, { fullMeshHosts: 4, linksWhenLarge: 3 });
    const hosts = Array.from({ length: 20 }, (_, index) => host(String.fromCharCode(97 + index)));
    for (const each of hosts.slice(0, 10)) world.linked.add(each);
    world.dialer.start();
    for (const each of hosts) world.dialer.learn(each, ['192.0.2.1:6783']);
    await world.clock.advanceAsync(60_000);
    expect(world.dialled).toEqual([]);
    for (const each of hosts.slice(15)) world.unheard.add(each);
    await world.clock.advanceAsync(60_000);
    expect(new Set(world.dialled)).toEqual(world.unheard);
    expect(world.dialled).toHaveLength(60);
    world.answer = (peer) => ({ type: 'linked', peer });
    await world.clock.advanceAsync(60_000);
    expect(world.linked).toEqual(new Set([...hosts.slice(0, 10), ...hosts.slice(15)]));
  });

  it('is half as many as a large mesh asks for, however many dialled us', async () => {
    const world = new World({ type: 'failed', problem: 'nobody there' }, { fullMeshHosts: 4, linksWhenLarge: 8 });
    const hosts = Array.from({ length: 20 }, (_, index) => host(String.fromCharCode(97 + index)));
    world.dialer.start();
    for (const each of hosts.slice(0, 10)) {
      world.linked.add(each);
      world.inbound.add(each);
    }
    for (const each of hosts) world.dialer.learn(each, ['192.0.2.1:6783']);
    await world.clock.advanceAsync(60_000);
    // Where nobody answers it costs little.
    expect(world.dialled.length).toBeGreaterThan(60);
    expect(world.dialled.length).toBeLessThanOrEqual(4 * 60);
    expect(world.dialer.wanted()).toEqual([]);
    world.answer = (peer) => ({ type: 'linked', peer });
    await world.clock.advanceAsync(5_000);
    expect(world.linked.size).toBe(14);
    const before = world.dialled.length;
    await world.clock.advanceAsync(60_000);
    expect(world.dialled.length).toBe(before);
  });

  it('is whoever an operator named, however many links a large mesh has', async () => {
    const world = new World(undefined, { fullMeshHosts: 4, linksWhenLarge: 3 });
    for (let index = 0; index < 10; index += 1) {
      world.linked.add(host(String.fromCharCode(97 + index)));
      world.dialer.learn(host(String.fromCharCode(97 + index)), ['192.0.2.1:6783']);
    }
    world.dialer.start();
    let tries = 0;
    world.answerSeed = () => {
      tries += 1;
      return tries < 5 ? { type: 'failed', problem: 'nobody there' } : { type: 'linked', peer: lower };
    };
    world.dialer.addSeed('192.0.2.9:6783');
    await world.clock.advanceAsync(60_000);
    expect(tries).toBe(5);
    expect(world.linked.has(lower)).toBe(true);
  });

  it('is looked for again at a name that led to this host, but not at an address of it', async () => {
    const world = new World();
    let tries = 0;
    world.answerSeed = () => {
      tries += 1;
      return tries < 3 ? { type: 'self' } : { type: 'linked', peer: lower };
    };
    world.dialer.start();
    world.dialer.addSeed('192.0.2.9:6783');
    await world.clock.advanceAsync(60_000);
    expect(tries).toBe(1);
    world.dialer.addSeed('leader.example:6783');
    expect(world.dialer.wanted().map(({ key }) => key)).toEqual(['leader.example:6783']);
    await world.clock.advanceAsync(1_000);
    expect(world.dialer.wanted()).toEqual([]);
    await world.clock.advanceAsync(60_000);
    expect(world.linked.has(lower)).toBe(true);
  });

  it('is every other time one who is believed in, and of those alike whoever failed least', () => {
    const [proven = self, vouchedFor = self, ...strange] = Array.from({ length: 20 }, (_, index) =>
      host(String.fromCharCode(97 + index)),
    );
    const targets = [...strange, proven, vouchedFor].map((peer, index) => ({
      ...newTarget(peer, false, peer, ['192.0.2.1:6783'], 0),
      failures: index % 3,
      proven: peer === proven,
    }));
    const hearsay = { vouchesFor: (peer: HostId) => peer === vouchedFor };
    const clock = new ManualClock();
    const orders = Array.from({ length: 100 }, () => inTurn(targets, { clock, hearsay }));
    for (const order of orders) {
      expect(new Set(order.slice(0, 4).map(({ peer }) => peer)).intersection(new Set([proven, vouchedFor])).size).toBe(
        2,
      );
      const failures = order.filter(({ peer }) => peer !== proven && peer !== vouchedFor).map((each) => each.failures);
      expect(failures).toEqual(failures.toSorted());
      expect(order).toHaveLength(targets.length);
    }
    const first = new Set(orders.map(([chosen]) => chosen?.peer));
    expect(first.has(proven) || first.has(vouchedFor)).toBe(true);
    expect(first.size).toBeGreaterThan(5);
  });

  it('is nobody any more once it is stopped', async () => {
    const world = new World({ type: 'failed', problem: 'nobody there' });
    world.dialer.start();
    world.dialer.learn(higher, ['192.0.2.1:6783']);
    await world.clock.advanceAsync(1_000);
    world.dialer.stop();
    const before = world.dialled.length;
    await world.clock.advanceAsync(60_000);
    expect(world.dialled.length).toBe(before);
    expect(world.clock.pending).toBe(0);
  });
});

describe('two connections to the same host', () => {
  const young = 10;
  const old = 60_000;
  const limit = meshDefaults.simultaneousMs;

  it('come down to the same one at both ends, however they crossed', () => {
    for (const [one, other] of [
      [lower, higher],
      [higher, lower],
    ] as const) {
      // `one` dialled the first, `other` the second; the ends may see them in either order.
      const atOne = settle(one, other, { outbound: true, ageMs: young }, { outbound: false }, limit);
      const atOneReversed = settle(one, other, { outbound: false, ageMs: young }, { outbound: true }, limit);
      const atOther = settle(other, one, { outbound: false, ageMs: young }, { outbound: true }, limit);
      const atOtherReversed = settle(other, one, { outbound: true, ageMs: young }, { outbound: false }, limit);
      const first = one < other;
      expect(atOne === 'standing').toBe(first);
      expect(atOneReversed === 'fresh').toBe(first);
      expect(atOther === 'standing').toBe(first);
      expect(atOtherReversed === 'fresh').toBe(first);
    }
  });

  it('are one too many when the same side dialled twice at once', () => {
    expect(settle(lower, higher, { outbound: true, ageMs: young }, { outbound: true }, limit)).toBe('standing');
    expect(settle(higher, lower, { outbound: false, ageMs: young }, { outbound: false }, limit)).toBe('standing');
  });

  it('are a sign that the peer lost the older one when it dials after a while', () => {
    for (const outbound of [true, false])
      for (const [one, other] of [
        [lower, higher],
        [higher, lower],
      ] as const)
        expect(settle(one, other, { outbound, ageMs: old }, { outbound: false }, limit)).toBe('fresh');
  });
});

/** A dialer whose every dial is answered the same. */
class World {
  readonly clock = new ManualClock();
  readonly linked = new Set<HostId>();
  /** Of those, who dialled us. */
  readonly inbound = new Set<HostId>();
  readonly dialled: HostId[] = [];
  readonly dialer: Dialer;
  readonly unheard = new Set<HostId>();
  readonly vouchedFor = new Set<HostId>();
  answer: (peer: HostId) => DialOutcome;
  answerSeed = (): DialOutcome => {
    throw new Error('no seeds here');
  };

  constructor(outcome?: DialOutcome, options: Partial<DialerOptions> = {}) {
    this.answer = (peer) => outcome ?? { type: 'linked', peer };
    this.dialer = new Dialer({
      self,
      clock: this.clock,
      options: { ...meshDefaults, ...options },
      links: { peers: () => this.linked, dialled: () => this.linked.difference(this.inbound).size },
      hearsay: { unheard: () => this.unheard, vouchesFor: (peer) => this.vouchedFor.has(peer) },
      dial: async ({ peer }) => {
        if (peer !== undefined) this.dialled.push(peer);
        const answer = peer === undefined ? this.answerSeed() : this.answer(peer);
        if (answer.type === 'linked') this.linked.add(answer.peer);
        return answer;
      },
    });
  }
}

function host(letter: string): HostId {
  const id = parseHostId(`12D3KooW${letter.replace('l', 'L').repeat(44)}`);
  if (!id.ok) throw new Error(id.problem);
  return id.value;
}
