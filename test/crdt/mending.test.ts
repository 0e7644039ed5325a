import { describe, expect, it } from 'vitest';
import { crdtDefaults } from '../../src/config.ts';
import { Hosts } from '../../src/crdt/hosts.ts';
import { LiveDirectory } from '../../src/crdt/live-directory.ts';
import { Mending } from '../../src/crdt/mending.ts';
import type { HostId } from '../../src/record.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testSigner } from '../support/signer.ts';

describe('mending', () => {
  it('seeks no more than there may be hosts, however many a neighbour invents while it is busy', () => {
    const [self, peer] = [testSigner(1).hostId, testSigner(2).hostId];
    const clock = new ManualClock();
    const directory = new LiveDirectory(
      self,
      () => ({ epoch: 0, sequence: 0 }),
      () => {},
    );
    const sought: number[] = [];
    let busy = true;
    const mending = new Mending({
      clock,
      hosts: new Hosts(self, clock, crdtDefaults, directory),
      afterMs: 100,
      neighbours: () => [peer],
      isBusy: () => busy,
      pull: async (_peer, have) => void sought.push(have.length),
    });
    for (let index = 0; index < 3 * crdtDefaults.maxHosts; index += 1)
      mending.want(`12D3KooW${index}` as HostId, 1, 1, peer);
    clock.advance(1_000);
    busy = false;
    clock.advance(100);
    mending.stop();
    expect(sought).toEqual([crdtDefaults.maxHosts]);
  });
});
