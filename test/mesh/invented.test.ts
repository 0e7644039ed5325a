import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { meshDefaults } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import { fromMultiaddr } from '../../src/mesh/address.ts';
import { type DialNode, dialTarget } from '../../src/mesh/dial.ts';
import { Dialer } from '../../src/mesh/dialer.ts';
import type { Link } from '../../src/mesh/link.ts';
import { newTarget } from '../../src/mesh/target.ts';
import { type HostId, parseHostId } from '../../src/record.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** A dial to somebody who is there, on a wire across a city. */
const answerMs = 30;
const seed = '198.51.100.1:6783';
const hosts = { honest: 20, invented: 1_000 };

describe('a host in a mesh to which a member invented a thousand, each at 64 addresses where nobody answers', () => {
  // One in 50 is honest, and a host tries 12 a second: 99 of 100 joiners find one in 20 s, and that one tells of others.
  it.each([1, 2, 3, 4, 5])(
    'has a second link within twenty seconds of joining, and all within five more (%i)',
    async (number) => {
      const world = new World(number);
      world.dialer.addSeed(seed);
      world.dialer.start();
      expect(await world.until(() => world.linked.size > 1)).toBeLessThan(20_000);
      expect(await world.until(() => world.linked.size >= meshDefaults.linksWhenLarge)).toBeLessThan(5_000);
      await world.clock.advanceAsync(60_000);
      expect(world.linked.size).toBeLessThan(2 * meshDefaults.linksWhenLarge);
    },
  );

  it('has its links within three seconds of a restart', async () => {
    const world = new World(6);
    for (const host of world.honest) world.dialer.welcome(host);
    world.dialer.start();
    expect(await world.until(() => world.linked.size >= meshDefaults.linksWhenLarge)).toBeLessThan(3_000);
  });

  it('finds others though all that it was linked with before are gone, and a neighbour vouches for the invented', async () => {
    const world = new World(7);
    for (const host of world.honest.slice(0, 12)) world.dialer.welcome(host);
    world.honest.splice(0, 12);
    world.vouched = (host) => !world.honest.includes(host);
    world.dialer.addSeed(seed);
    world.dialer.start();
    expect(await world.until(() => world.linked.size > 2, 120_000)).toBeLessThan(120_000);
  });

  it.each([
    { proven: false, lines: 1 },
    { proven: true, lines: 20 },
  ])(
    'has $lines of 20 reasons in the log why a host was not reached (linked before: $proven)',
    async ({ proven, lines }) => {
      const logged: string[] = [];
      const log = pino({ level: 'warn' }, { write: (line) => void logged.push(line) });
      const target = { ...newTarget('restless', false, hostOf(1), [], 0), proven };
      const nobody: DialNode = { dial: () => Promise.reject(new Error('Connection timeout')) };
      for (const address of blackHoles(20)) {
        target.addresses = [address];
        const outcome = await dialTarget(target, nobody, noLinks, { ...noLookUp, clock: new ManualClock(), log });
        if ('problem' in outcome) target.problem = outcome.problem;
      }
      expect(logged).toHaveLength(lines);
    },
  );

  it('tries all addresses of a host, a few with each dial', async () => {
    const world = new World(8);
    const many = hostOf(0);
    for (const host of [...world.known]) if (host !== many) world.dialer.unlearn(host);
    world.dialer.learn(many, [...blackHoles(13), world.addressOf(many)]);
    world.dialer.start();
    expect(await world.until(() => world.linked.has(many))).toBeLessThan(8_000);
    expect(Math.max(...world.tried)).toBeLessThanOrEqual(4);
  });
});

/** A dialer that dials as it does in an agent, on a network where only honest hosts answer. */
class World {
  readonly clock: ManualClock;
  readonly dialer: Dialer;
  readonly linked = new Set<HostId>();
  readonly known: readonly HostId[];
  readonly honest: HostId[];
  /** Addresses tried by each dial. */
  readonly tried: number[] = [];
  vouched = (host: HostId): boolean => this.#isDialledByNeighbour(host);

  constructor(number: number) {
    this.clock = new ManualClock({ seed: number });
    const all = Array.from({ length: hosts.honest + hosts.invented }, (_, index) => hostOf(index));
    this.known = all;
    this.honest = all.slice(0, hosts.honest);
    this.dialer = new Dialer({
      self: hostOf(4_095),
      clock: this.clock,
      options: meshDefaults,
      links: { peers: () => this.linked, dialled: () => this.linked.size },
      hearsay: { unheard: () => new Set(), vouchesFor: (host) => this.vouched(host) },
      dial: async (target) => {
        let tried = 0;
        const node: DialNode = {
          dial: (address, { signal }) => {
            tried += 1;
            return this.#dial(fromMultiaddr(address), signal);
          },
        };
        const outcome = await dialTarget(target, node, noLinks, { ...noLookUp, clock: this.clock, log: silentLog });
        if (outcome.type === 'linked') this.linked.add(outcome.peer);
        this.tried.push(tried);
        return outcome;
      },
    });
    for (const host of all.toReversed())
      this.dialer.learn(host, this.honest.includes(host) ? [this.addressOf(host)] : blackHoles(64));
  }

  addressOf(host: HostId): string {
    return `203.0.113.${this.known.indexOf(host)}:6783`;
  }

  /** Moves time until it is so; returns how long that took. */
  async until(condition: () => boolean, withinMs = 60_000): Promise<number> {
    const from = this.clock.now();
    while (!condition() && this.clock.now() - from < withinMs) await this.clock.advanceAsync(50);
    return this.clock.now() - from;
  }

  #dial(address: string, signal: AbortSignal): Promise<{ readonly remotePeer: object }> {
    const peer = address === seed ? this.honest[0] : this.honest.find((host) => this.addressOf(host) === address);
    return new Promise((resolve, reject) => {
      if (peer !== undefined) this.clock.after(answerMs, () => resolve({ remotePeer: { toString: () => peer } }));
      else this.clock.after(meshDefaults.connectTimeoutMs, () => reject(new Error('Connection timeout')));
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  }

  /** Everybody but the seed, which came first and had no need to, dialled the next eight. */
  #isDialledByNeighbour(host: HostId): boolean {
    const index = this.honest.indexOf(host);
    const distance = (from: HostId) => (index - this.honest.indexOf(from) + hosts.honest) % hosts.honest;
    return index > 0 && [...this.linked].some((from) => from !== this.honest[0] && distance(from) <= 8);
  }
}

const noLinks = { get: (): Link | undefined => undefined, isBanned: () => false, takeAnswer: () => undefined };
const noLookUp = { listening: { addresses: () => [] }, lookUp: async () => [] };

function blackHoles(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `192.0.2.${index + 1}:6783`);
}

function hostOf(index: number): HostId {
  const letters = [...index.toString(8).padStart(4, '0')].map((digit) => 'ABCDEFGH'[Number(digit)]).join('');
  const id = parseHostId(`12D3KooW${letters.repeat(11)}`);
  if (!id.ok) throw new Error(id.problem);
  return id.value;
}
