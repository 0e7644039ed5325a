import { describe, expect, it } from 'vitest';
import { crdtDefaults } from '../../src/config.ts';
import { type EnvelopeKind, sealEnvelope } from '../../src/crdt/envelope.ts';
import { Hosts } from '../../src/crdt/hosts.ts';
import { LiveDirectory } from '../../src/crdt/live-directory.ts';
import type { Signer } from '../../src/crdt/signer.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testSigner } from '../support/signer.ts';

const [self, one, mallory] = [testSigner(1), testSigner(2), testSigner(3)];
const maxStoredBytes = 100_000;

describe('the store of all logs', () => {
  it('keeps for a host what it had, though a snapshot of it is shorter for a while and others fill the rest', () => {
    const hosts = createHosts();
    take(hosts, one, 'snapshot', 1, 20_000);
    for (let sequence = 2; sequence <= 4; sequence += 1) take(hosts, one, 'update', sequence, 5_000);
    take(hosts, one, 'snapshot', 4, 20_000);
    const before = hosts.storedBytes;
    expect(before).toBeLessThan(21_000);
    // The longest that still finds room.
    let length = maxStoredBytes;
    while (!take(hosts, mallory, 'snapshot', 1, length)) length -= 100;
    expect(length).toBeGreaterThan(60_000);
    expect(take(hosts, mallory, 'update', 2, 200)).toBe(false);
    for (let sequence = 5; sequence <= 7; sequence += 1) expect(take(hosts, one, 'update', sequence, 5_000)).toBe(true);
    expect(take(hosts, one, 'update', 8, 5_000)).toBe(false);
    expect(take(hosts, one, 'snapshot', 8, 30_000)).toBe(true);
    expect(hosts.storedBytes).toBeLessThanOrEqual(maxStoredBytes);
  });

  it('has room again when a host that had much is forgotten', () => {
    const hosts = createHosts();
    take(hosts, mallory, 'snapshot', 1, 80_000);
    take(hosts, mallory, 'snapshot', 2, 1_000);
    expect(take(hosts, one, 'snapshot', 1, 50_000)).toBe(false);
    hosts.forget(mallory.hostId);
    expect(take(hosts, one, 'snapshot', 1, 50_000)).toBe(true);
  });
});

function createHosts(): Hosts {
  const clock = new ManualClock();
  const directory = new LiveDirectory(
    self.hostId,
    () => ({ epoch: 0, sequence: 0 }),
    () => {},
  );
  return new Hosts(self.hostId, clock, { ...crdtDefaults, maxStoredBytes, fairShareBytes: 5_000 }, directory);
}

/** Takes what has room; whether it had. What it says is of no meaning here. */
function take(hosts: Hosts, signer: Signer, kind: EnvelopeKind, sequence: number, octets: number): boolean {
  const envelope = sealEnvelope(signer, kind, 1, sequence, new Uint8Array(octets));
  if (!hosts.hasRoom(envelope)) return false;
  hosts.take(envelope);
  return true;
}
