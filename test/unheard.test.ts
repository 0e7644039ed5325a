import { describe, expect, it } from 'vitest';
import type { HostView } from '../src/crdt/directory.ts';
import { type HostId, parseHostId } from '../src/record.ts';
import { unheardOf } from '../src/unheard.ts';

const view = (letter: string, status: HostView['status'], heardMsAgo?: number): HostView => ({
  id: host(letter),
  status,
  epoch: 1,
  sequence: 1,
  records: 0,
  badRecords: 0,
  ...(heardMsAgo !== undefined && { heardMsAgo }),
});

function host(letter: string): HostId {
  const id = parseHostId(`12D3KooW${letter.repeat(44)}`);
  if (!id.ok) throw new Error(id.problem);
  return id.value;
}

describe('hosts that nothing is heard of', () => {
  it('are those that missed their beats, also while they are kept alive, and those that were never heard', () => {
    const hosts = [
      view('A', 'self', 0),
      view('B', 'alive', 900),
      view('C', 'alive', 3_000),
      view('D', 'quiet', 60_000),
      view('E', 'stale'),
    ];
    expect([...unheardOf(hosts)]).toEqual(['C', 'D', 'E'].map(host));
  });

  it('are given the time between two beats of a large mesh', () => {
    const hosts = Array.from({ length: 1_000 }, () => view('B', 'alive', 15_000));
    expect(unheardOf(hosts).size).toBe(0);
  });
});
