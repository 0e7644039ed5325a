import { describe, expect, it } from 'vitest';
import { tellChange } from '../../../src/api/page/change-words.ts';
import { EventReader } from '../../../src/api/page/event-stream.ts';
import { drawLinks, drawMesh, hostName, inOrder } from '../../../src/api/page/mesh-drawing.ts';
import { QueryRate, sparkline } from '../../../src/api/page/query-rate.ts';
import type { Host } from '../../../src/api/page/replies.ts';
import { age, count, rounded } from '../../../src/api/page/words.ts';

describe('the page says', () => {
  it.each([
    [-1, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_600_000, '1h'],
    [90_000_000, '1d'],
  ])('%d ms as %s', (milliseconds, text) => {
    expect(age(milliseconds)).toBe(text);
  });

  it('numbers as people write them', () => {
    expect([count(1, 'host'), count(0, 'host'), count(12_000, 'name')]).toEqual(['1 host', '0 hosts', '12,000 names']);
    expect([0, 0.44, 12.6, 4_210.4].map(rounded)).toEqual(['0', '0.4', '13', '4,210']);
  });

  it('what came, what went, and what only changed its state', () => {
    expect(
      tellChange({
        added: ['A 10.1.0.2 draining on host1', 'A 10.1.0.3 running on host1'],
        removed: ['A 10.1.0.2 running on host1', 'TXT "on and on" static on host2'],
      }),
    ).toEqual([
      { sign: '−', text: 'TXT "on and on" static on host2' },
      { sign: '~', text: 'A 10.1.0.2 on host1: running → draining' },
      { sign: '+', text: 'A 10.1.0.3 running on host1' },
    ]);
    expect(tellChange({ added: ['nonsense'], removed: [] })).toEqual([{ sign: '+', text: 'nonsense' }]);
  });
});

describe('the reader of a watch stream', () => {
  it('makes events of pieces that are cut anywhere', () => {
    const text = ': still here\n\nevent: change\nid: a-1\ndata: {"x": 1}\n\ndata: 2\n\nevent: cut';
    for (const size of [1, 7, text.length]) {
      const reader = new EventReader();
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect(pieces.flatMap((piece) => reader.push(piece))).toEqual([
        { type: 'change', id: 'a-1', data: '{"x": 1}' },
        { type: 'message', id: undefined, data: '2' },
      ]);
    }
  });
});

describe('the rate of queries', () => {
  it('is what the counter rose in the time between', () => {
    const rate = new QueryRate();
    rate.add(0, 100);
    expect(rate.points).toEqual([]);
    rate.add(2_000, 300);
    rate.add(2_000, 300);
    rate.add(3_000, 300);
    expect(rate.points).toEqual([100, 0]);
  });

  it('does not fall below nothing when the agent starts anew', () => {
    const rate = new QueryRate();
    rate.add(0, 1_000);
    rate.add(1_000, 5);
    rate.add(2_000, 15);
    expect(rate.points).toEqual([10]);
  });

  it('keeps the last minutes only', () => {
    const rate = new QueryRate();
    for (let at = 0; at <= 500; at++) rate.add(at * 1_000, at);
    expect(rate.points).toHaveLength(60);
  });

  it('is drawn from the right, inside its box', () => {
    expect(sparkline([1], 59, 22)).toBe('');
    expect(sparkline([0, 50, 100], 59, 22)).toBe('57.0,21.0 58.0,11.0 59.0,1.0');
  });
});

describe('the drawing of the mesh', () => {
  const hosts = (...names: string[]) => names.map((name, index) => host(name, index === 0 ? 'self' : 'alive'));
  const link = (peer: string, state: 'established' | 'failed') => ({
    peer,
    address: '192.0.2.2:6783',
    outbound: true,
    state,
  });

  it('has this host in the middle, and the others around it with their best link', () => {
    const drawn = drawMesh(hosts('a', 'b', 'c'), [link('b', 'failed'), link('b', 'established')], 200, 100);
    expect(drawn.map(({ host, x, y, link }) => [host.id, x, y, link?.state])).toEqual([
      ['a', 100, 50, undefined],
      ['b', 28, 50, 'established'],
      ['c', 172, 50, undefined],
    ]);
  });

  it('has the links between others, each once, below those of this host', () => {
    const drawn = drawMesh(hosts('a', 'b', 'c', 'd'), [link('b', 'established')], 200, 100);
    const elsewhere = [
      { from: 'c', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'd', to: 'a' },
      { from: 'd', to: 'unknown' },
    ];
    expect(
      drawLinks(drawn, elsewhere).map(({ ends, state }) => `${ends.map(({ host }) => host.id).join('-')} ${state}`),
    ).toEqual(['b-c elsewhere', 'a-b established', 'a-c none', 'a-d none']);
  });

  it('draws a thousand hosts as forty, those with trouble first', () => {
    const many = hosts(...Array.from({ length: 1_000 }, (_, index) => `h${index}`));
    const drawn = drawMesh([...many, host('sick', 'quiet')], [], 200, 100);
    expect(drawn).toHaveLength(40);
    expect(drawn.slice(0, 2).map(({ host }) => host.id)).toEqual(['h0', 'sick']);
    expect(new Set(drawn.map(({ x, y }) => `${x} ${y}`)).size).toBe(40);
  });

  it('lists this host, then what is wrong, then by name; and calls a host that said no name by its id', () => {
    const nameless = { ...host('12D3KooWabcdef', 'alive'), record: undefined };
    const listed = inOrder([
      host('h10', 'alive'),
      host('h9', 'alive'),
      nameless,
      host('h1', 'quiet'),
      host('h0', 'self'),
    ]);
    expect(listed.map(hostName)).toEqual(['h0', 'h1', '…abcdef', 'h9', 'h10']);
  });
});

function host(name: string, status: Host['status']): Host {
  const record = { name, version: '0.1.0', meshAddresses: [], networks: [], startedAt: 0 };
  return { id: name, record, status, records: 0, badRecords: 0 };
}
