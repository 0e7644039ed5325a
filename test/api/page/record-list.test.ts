import { describe, expect, it } from 'vitest';
import { countStates, isShortId, RecordList } from '../../../src/api/page/record-list.ts';
import type { RecordView } from '../../../src/api/page/replies.ts';
import { searchFor } from '../../../src/api/page/search.ts';

const everything = () => true;

function record(name: string, data: string, more: Partial<RecordView> = {}): RecordView {
  return {
    name,
    fullName: `${name}.weave.local`,
    type: 'A',
    data,
    source: 'container',
    state: 'running',
    container: { id: 'c0ffee00c0ffee00', name: `${name}-1`, image: 'busybox:1' },
    host: { id: 'H1', name: 'host1', status: 'self' },
    network: 'bridge',
    since: 0,
    ...more,
  };
}

function event(...records: RecordView[]) {
  const names = [...new Set(records.map(({ name }) => name))];
  return {
    revision: 1,
    names: names.map((name) => ({ name, fullName: name, records: records.filter((each) => each.name === name) })),
  };
}

function gone(name: string) {
  return { revision: 2, names: [{ name, fullName: name, records: [] }] };
}

describe('the list of records', () => {
  it('is in the order of names as people count', () => {
    const list = new RecordList();
    list.apply('snapshot', event(record('node10', '10.0.0.1'), record('node2', '10.0.0.2'), record('db', '10.0.0.3')));
    expect(list.rows(everything).map(({ name }) => name)).toEqual(['db', 'node2', 'node10']);
  });

  it('takes in what changed, what came and what went', () => {
    const list = new RecordList();
    list.apply('snapshot', event(record('a', '10.0.0.1'), record('c', '10.0.0.3')));
    list.rows(everything);
    list.apply('change', event(record('a', '10.0.0.9'), record('b', '10.0.0.2')));
    expect(list.rows(everything).map(({ data }) => data)).toEqual(['10.0.0.9', '10.0.0.2', '10.0.0.3']);
    list.apply('change', gone('a'));
    list.apply('change', gone('nobody'));
    expect(list.rows(everything).map(({ name }) => name)).toEqual(['b', 'c']);
    // One came and one went in the same event: as many as before, and others.
    list.apply('change', { revision: 3, names: [...gone('b').names, ...event(record('d', '10.0.0.4')).names] });
    expect(list.rows(everything).map(({ name }) => name)).toEqual(['c', 'd']);
  });

  it('forgets with a snapshot what is not in it', () => {
    const list = new RecordList();
    list.apply('snapshot', event(record('a', '10.0.0.1')));
    list.apply('snapshot', event(record('b', '10.0.0.2')));
    expect(list.rows(everything).map(({ name }) => name)).toEqual(['b']);
  });

  it('counts states, and apart from them what is shadowed', () => {
    const records = [record('a', '1'), record('b', '2', { state: 'quiet', shadowed: 'elsewhere' })];
    expect([...countStates(records)]).toEqual([
      ['running', 1],
      ['quiet', 1],
      ['shadowed', 1],
    ]);
  });

  it('knows the short ids of containers', () => {
    expect(['c0ffee00c0ff', 'c0ffee', 'coffee00coff', 'web'].map(isShortId)).toEqual([true, false, false, false]);
  });
});

describe('a search', () => {
  const web = record('web', '10.1.0.2');
  const db = record('db', '2001:db8::7', { state: 'static', type: 'AAAA', container: undefined, network: undefined });
  const far = record('web', '10.2.0.2', { host: { name: 'host2' }, shadowed: 'its subnet is another one here' });

  it.each([
    ['', [web, db, far]],
    ['  ', [web, db, far]],
    ['WEB', [web, far]],
    ['web 10.2', [far]],
    ['web nothing', []],
    ['state:running', [web, far]],
    ['state:shadowed', [far]],
    ['host:host2', [far]],
    ['host:', [web, db, far]],
    ['type:aaaa', [db]],
    ['container:web-1', [web, far]],
    ['container:c0ffee', [web, far]],
    ['image:busybox network:bridge name:weave', [web, far]],
    ['2001:db8::7', [db]],
    ['address:2001:db8', [db]],
    ['unknown:web', []],
    ['constructor:web', []],
  ])('for %j finds what has every word', (query, expected) => {
    expect([web, db, far].filter(searchFor(query))).toEqual(expected);
  });
});
