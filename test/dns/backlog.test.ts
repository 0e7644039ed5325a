import { describe, expect, it } from 'vitest';
import { Backlog } from '../../src/dns/backlog.ts';
import type { NameEntry } from '../../src/record.ts';
import { container, entry, fixed, hostA, owner } from './zone-words.ts';

describe('what a thread is yet to be told', () => {
  it('is told in the order in which it changed first, each name once and as it is known last', () => {
    const backlog = filled(fixed('web', '192.0.2.1'), fixed('db', '192.0.2.2'));
    backlog.add([fixed('web', '192.0.2.3')]);
    expect(backlog.take()).toEqual([fixed('web', '192.0.2.3'), fixed('db', '192.0.2.2')]);
    expect(backlog.take()).toEqual([]);
  });

  it('is never more than there are names, however often they change', () => {
    const backlog = new Backlog();
    for (let change = 0; change < 10_000; change++) backlog.add([fixed(`name${change % 10}`, '192.0.2.1')]);
    expect(backlog.size).toBe(10);
  });

  it('fits one message whole where it is little, whoever owns it', () => {
    const shared = Array.from({ length: 100 }, (_, index) => ownedBy(1_000, `service${index}`));
    expect(filled(...shared).take()).toHaveLength(100);
  });

  it('is cut by names and by their owners where it is much, and nothing is left out', () => {
    const shared = Array.from({ length: 100 }, (_, index) => ownedBy(500, `service${index}`));
    const backlog = filled(...shared, ...Array.from({ length: 300 }, (_, index) => fixed(`name${index}`, '192.0.2.1')));
    const messages: NameEntry[][] = [];
    for (let next = backlog.take(); next.length > 0; next = backlog.take()) messages.push(next);
    expect(new Set(messages.flat().map(({ name }) => name)).size).toBe(400);
    expect(messages[0]).toHaveLength(2);
    expect(Math.max(...messages.map(({ length }) => length))).toBe(128);
  });

  it('hands over a name of more owners than a message takes by itself', () => {
    const others = Array.from({ length: 200 }, (_, index) => fixed(`name${index}`, '192.0.2.1'));
    expect(filled(ownedBy(5_000, 'everywhere'), ...others).take()).toHaveLength(1);
  });
});

function filled(...entries: NameEntry[]): Backlog {
  const backlog = new Backlog();
  backlog.add(entries);
  return backlog;
}

function ownedBy(owners: number, name: string): NameEntry {
  return entry(name, new Array(owners).fill(owner(hostA, container(name, []))));
}
