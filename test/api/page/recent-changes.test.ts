import { describe, expect, it } from 'vitest';
import { changesKept, RecentChanges } from '../../../src/api/page/recent-changes.ts';
import type { Change, RecordView } from '../../../src/api/page/replies.ts';

function record(name: string, data: string, state = 'running'): RecordView {
  const host = { id: 'H1', name: 'host1' };
  return { name, fullName: name, type: 'A', data, source: 'container', state, host, since: 0 };
}

function event(revision: number, name: string, ...records: RecordView[]) {
  return { revision, names: [{ name, fullName: name, records }] };
}

function told(name: string, at = 1): Change {
  return { at, name, added: ['A 10.0.0.9 running on host1'], removed: [], first: true };
}

const nothing = () => [];

describe('recent changes', () => {
  it('are told by the difference of what was and what is, newest first', () => {
    const recent = new RecentChanges();
    recent.begin();
    recent.add(event(1, 'web', record('web', '10.0.0.2')), nothing, 5);
    recent.add(event(2, 'web', record('web', '10.0.0.2', 'draining')), () => [record('web', '10.0.0.2')], 6);
    recent.add(event(3, 'web'), () => [record('web', '10.0.0.2', 'draining')], 7);
    const [running, draining] = ['A 10.0.0.2 running on host1', 'A 10.0.0.2 draining on host1'];
    expect(recent.all).toEqual([
      { at: 7, name: 'web', added: [], removed: [draining], first: false },
      { at: 6, name: 'web', added: [draining], removed: [running], first: false },
      { at: 5, name: 'web', added: [running], removed: [], first: false },
    ]);
  });

  it('leave out what changed without a word, such as a weight', () => {
    const recent = new RecentChanges();
    recent.add(event(1, 'web', { ...record('web', '10.0.0.2'), weight: 2 }), () => [record('web', '10.0.0.2')], 5);
    expect(recent.all).toEqual([]);
  });

  it('are neither told twice nor lost, whichever of stream and history comes first', () => {
    const recent = new RecentChanges();
    recent.begin();
    recent.add(event(7, 'early', record('early', '10.0.0.2')), nothing, 5);
    recent.add(event(8, 'late', record('late', '10.0.0.3')), nothing, 5);
    recent.tell({ revision: 7, changes: [told('early'), told('older')] });
    expect(recent.all.map(({ name }) => name)).toEqual(['late', 'early', 'older']);
    recent.add(event(7, 'early', record('early', '10.0.0.2')), nothing, 5);
    recent.add(event(9, 'new', record('new', '10.0.0.4')), nothing, 6);
    expect(recent.all.map(({ name }) => name)).toEqual(['new', 'late', 'early', 'older']);
  });

  it('follow an agent that was started anew, and counts from 1', () => {
    const recent = new RecentChanges();
    recent.begin();
    recent.tell({ revision: 900, changes: [told('before')] });
    recent.begin();
    expect(recent.all.map(({ name }) => name)).toEqual(['before']);
    recent.add(event(2, 'web', record('web', '10.0.0.2')), nothing, 5);
    expect(recent.all.map(({ name }) => name)).toEqual(['web', 'before']);
    recent.tell({ revision: 1, changes: [] });
    expect(recent.all.map(({ name }) => name)).toEqual(['web']);
  });

  it('are bounded, also of ten thousand at once', () => {
    const recent = new RecentChanges();
    const names = Array.from({ length: 10_000 }, (_, index) => `n${index}`);
    const all = names.map((name) => ({ name, fullName: name, records: [record(name, '10.0.0.2')] }));
    recent.add({ revision: 1, names: all }, nothing, 5);
    recent.add(event(2, 'last', record('last', '10.0.0.2')), nothing, 6);
    expect(recent.all).toHaveLength(changesKept);
    expect(recent.all.slice(0, 2).map(({ name }) => name)).toEqual(['last', 'n9999']);
  });
});
