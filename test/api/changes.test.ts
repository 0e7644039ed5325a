import { describe, expect, it } from 'vitest';
import { ChangeLog } from '../../src/api/changes.ts';
import { viewRecords } from '../../src/api/record-view.ts';
import type { Domain, Name, NameEntry, Owner } from '../../src/record.ts';
import { noon, owner } from '../support/control-twin.ts';
import { ManualClock } from '../support/manual-clock.ts';

function entry(name: string, ...owners: Owner[]): NameEntry {
  return { name: name as Name, owners, statics: [] };
}

function view(entry: NameEntry) {
  return viewRecords(entry, 'weave.local' as Domain, () => undefined);
}

function log(kept = 10) {
  const clock = new ManualClock({ epoch: noon });
  const changes = new ChangeLog(clock, kept);
  return { clock, changes, add: (...entries: NameEntry[]) => changes.add(entries, view) };
}

describe('the log of changes', () => {
  it('puts into words only what somebody asks for, and that once', () => {
    const changes = new ChangeLog(new ManualClock({ epoch: noon }), 10);
    let viewed = 0;
    const counted = (each: NameEntry) => {
      viewed++;
      return view(each);
    };
    for (let number = 0; number < 1_000; number++)
      changes.add([entry(`web${number}`, owner('web', '172.17.0.2'))], counted);
    expect(viewed).toBe(0);
    expect(changes.latest(5)).toHaveLength(5);
    const once = viewed;
    expect(once).toBeLessThanOrEqual(20);
    changes.latest(5);
    expect(viewed).toBe(once);
  });

  it('tells the history of a name as what came and what went', () => {
    const { clock, changes, add } = log();
    add(entry('web', owner('web', '172.17.0.2')));
    clock.advance(1_000);
    add(entry('web', owner('web', '172.17.0.2'), owner('web', '172.17.0.3')), entry('db'));
    clock.advance(1_000);
    add(entry('web', owner('web', '172.17.0.3', { state: 'draining' })));
    expect(changes.history('web')).toEqual([
      { at: noon, added: ['A 172.17.0.2 running on host1'], removed: [] },
      { at: noon + 1_000, added: ['A 172.17.0.3 running on host1'], removed: [] },
      {
        at: noon + 2_000,
        added: ['A 172.17.0.3 draining on host1'],
        removed: ['A 172.17.0.2 running on host1', 'A 172.17.0.3 running on host1'],
      },
    ]);
    expect(changes.history('nobody')).toEqual([]);
  });

  it('tells the latest changes of all names, newest first, and of which it knows no change before', () => {
    const { clock, changes, add } = log();
    add(entry('web', owner('web', '172.17.0.2')), entry('db', owner('db', '172.17.0.3')));
    clock.advance(1_000);
    add(entry('web', owner('web', '172.17.0.2', { weight: 2 })));
    add(entry('web'));
    const gone = { name: 'web', added: [], removed: ['A 172.17.0.2 running on host1'] };
    const came = { name: 'db', added: ['A 172.17.0.3 running on host1'], removed: [] };
    expect(changes.latest(2)).toEqual([
      { at: noon + 1_000, first: false, ...gone },
      { at: noon, first: true, ...came },
    ]);
    expect(changes.latest(1)).toHaveLength(1);
  });

  it('tells the names that changed since, each once', () => {
    const { changes, add } = log();
    add(entry('a'));
    const revision = changes.revision;
    add(entry('b'), entry('c'));
    add(entry('b'));
    expect([...(changes.namesSince(revision) ?? [])]).toEqual(['b', 'c']);
    expect(changes.namesSince(changes.revision)?.size).toBe(0);
  });

  it('says that it does not know rather than leave a change out', () => {
    const { changes, add } = log(10);
    for (let index = 0; index < 100; index++) add(entry(`n${index}`));
    expect(changes.namesSince(0)).toBeUndefined();
    expect(changes.namesSince(101)).toBeUndefined();
    expect(changes.namesSince(Number.NaN)).toBeUndefined();
    expect([...(changes.namesSince(95) ?? [])]).toEqual(['n95', 'n96', 'n97', 'n98', 'n99']);
  });

  it('knows that a batch greater than itself cannot be told', () => {
    const { changes, add } = log(10);
    add(entry('before'));
    add(...Array.from({ length: 50 }, (_, index) => entry(`n${index}`)));
    expect(changes.namesSince(1)).toBeUndefined();
    expect(changes.namesSince(2)?.size).toBe(0);
  });
});
