import { describe, expect, it } from 'vitest';
import { meshDefaults } from '../../src/config.ts';
import { Dialer } from '../../src/mesh/dialer.ts';
import { type HostId, parseHostId } from '../../src/record.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** So many dialers that know each other, and the links that come of what they dial. */
class Meshes {
  readonly clock = new ManualClock();
  readonly dialers = new Map<HostId, Dialer>();
  readonly links = new Map<HostId, Set<HostId>>();
  /** Who dialled whom, of these links. */
  readonly #made = new Set<string>();
  dials = 0;
  reaches = (_one: HostId, _other: HostId): boolean => true;

  constructor(count: number) {
    const hosts = Array.from({ length: count }, (_, index) => hostOf(index));
    for (const self of hosts) this.links.set(self, new Set());
    for (const self of hosts) this.dialers.set(self, this.#dialerOf(self));
    for (const dialer of this.dialers.values()) {
      for (const host of hosts) if (dialer !== this.dialers.get(host)) dialer.learn(host, ['192.0.2.1:6783']);
      dialer.start();
    }
  }

  of(host: HostId): Set<HostId> {
    return this.links.get(host) ?? new Set();
  }

  /** How many of its links a host dialled. */
  chosen(host: HostId): number {
    return [...this.of(host)].filter((other) => this.#made.has(`${host} ${other}`)).length;
  }

  /** Ends links that lead nowhere now. */
  settle(): void {
    for (const [one, others] of this.links)
      for (const other of others)
        if (!this.reaches(one, other)) {
          others.delete(other);
          this.#made.delete(`${one} ${other}`);
          this.dialers.get(one)?.lost(other, true);
        }
  }

  /** All that word goes to and comes from, by way of others too. */
  together(host: HostId): ReadonlySet<HostId> {
    const found = new Set([host]);
    for (const each of found) for (const other of this.of(each)) found.add(other);
    return found;
  }

  #dialerOf(self: HostId): Dialer {
    return new Dialer({
      self,
      clock: this.clock,
      options: meshDefaults,
      links: { peers: () => this.of(self), dialled: () => this.chosen(self) },
      hearsay: {
        unheard: () => new Set(this.links.keys()).difference(this.together(self)),
        vouchesFor: () => false,
      },
      dial: async ({ peer }) => {
        if (peer === undefined || !this.reaches(self, peer)) return { type: 'failed', problem: 'nobody there' };
        this.dials += 1;
        if (!this.of(self).has(peer)) this.#made.add(`${self} ${peer}`);
        this.of(self).add(peer);
        this.of(peer).add(self);
        return { type: 'linked', peer };
      },
    });
  }
}

function hostOf(index: number): HostId {
  const letters = `${String.fromCharCode(65 + (index % 8))}${String.fromCharCode(65 + Math.floor(index / 8))}`;
  const id = parseHostId(`12D3KooW${letters.repeat(22)}`);
  if (!id.ok) throw new Error(id.problem);
  return id.value;
}

describe('a mesh too large for every link', () => {
  it.each([33, 36, 48, 60])('of %i hosts comes to rest, some links of each of its own choosing', async (count) => {
    const mesh = new Meshes(count);
    await mesh.clock.advanceAsync(10_000);
    const { linksWhenLarge } = meshDefaults;
    for (const [host, others] of mesh.links) {
      expect(others.size).toBeGreaterThanOrEqual(linksWhenLarge);
      expect(mesh.chosen(host)).toBeGreaterThanOrEqual(linksWhenLarge / 2);
    }
    const links = [...mesh.links.values()].reduce((sum, { size }) => sum + size, 0);
    expect(links / count).toBeLessThan(2.5 * linksWhenLarge);
    const { dials } = mesh;
    await mesh.clock.advanceAsync(60_000);
    expect(mesh.dials).toBe(dials);
  });

  it('is one again within seconds of its two halves reaching each other', async () => {
    const count = 60;
    const mesh = new Meshes(count);
    const [first = hostOf(0), ...others] = [...mesh.links.keys()];
    const half = new Set([first, ...others.slice(0, count / 2)]);
    await mesh.clock.advanceAsync(10_000);
    expect(mesh.together(first).size).toBe(count);
    mesh.reaches = (one, other) => half.has(one) === half.has(other);
    mesh.settle();
    await mesh.clock.advanceAsync(60_000);
    expect(mesh.together(first)).toEqual(half);
    mesh.reaches = () => true;
    await mesh.clock.advanceAsync(4_000);
    expect(mesh.together(first).size).toBe(count);
  });
});
