import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Edit } from '../../src/crdt/static-edit.ts';
import { keyOf } from '../../src/crdt/static-edit.ts';
import { CrdtLab, LabReplica, name, staticRecord } from '../support/crdt-lab.ts';
import { testSigner } from '../support/signer.ts';
import { LabBook } from '../support/static-lab.ts';

/** The first two have one key, as after a data directory was copied. */
const keys = [1, 1, 2, 3];
const books = keys.length;

/** What happens: a host adds a record that nobody made before, or removes one, or hears an edit, or takes all of another. */
const event = fc.record({
  type: fc.constantFrom('add', 'add', 'remove', 'hear', 'hear', 'merge', 'merge'),
  at: fc.nat(books - 1),
  which: fc.nat(),
});

describe('static records of two agents with one key', () => {
  it('are all there on all hosts, less those removed, in whatever order edits come', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        // Each life of a host has its own chance in its epochs.
        const history = play(events, (index) => 2 ** 20 * (1 + (index % 2)) + index * 1_000);
        const shown = new Set(history.books[0]?.directory.names());
        for (const each of history.added) expect(shown.has(name(each))).toBe(!history.removed.has(each));
      }),
      { numRuns: 300 },
    );
  });

  it('are the same everywhere even where their edits have the same numbers, and go only where somebody removed', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const history = play(events, () => 2 ** 20);
        const { sent, books, added } = history;
        const shown = new Set(books[0]?.directory.names());
        const removed = new Set(sent.flatMap((edit) => edit.removed.map(keyOf)));
        const hit = (edit: Edit) => edit.added.some((_, index) => removed.has(keyOf({ ...edit, index })));
        // By its number an edit that removes may mean either of two: what is lost with that, nobody can tell.
        for (const each of added)
          if (!shown.has(name(each)))
            expect(sent.some((edit) => edit.added.join().includes(`"${each}"`) && hit(edit))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('have other numbers than those of the other agent, though both go on from the same edit', () => {
    const [one, clone] = [new LabBook(1, 2 ** 20 + 5), new LabBook(1, 2 ** 21 + 9)];
    one.add('a', 1);
    clone.mergeFrom(one);
    clone.add('b', 1);
    one.mergeFrom(clone);
    const [[mine], [theirs]] = [one.add('c', 1), clone.add('d', 1)];
    expect(mine?.previous).toBe(theirs?.previous);
    expect(mine?.number).not.toBe(theirs?.number);
  });

  it('are found to differ by content where all numbers are the same', () => {
    const [one, clone, two, three] = [new LabBook(1), new LabBook(1), new LabBook(2), new LabBook(3)];
    one.add('a', 1);
    clone.add('b', 1);
    two.mergeFrom(one);
    three.mergeFrom(clone);
    expect(two.set.summary().seen).toEqual(three.set.summary().seen);
    expect(two.set.hash()).not.toEqual(three.set.hash());
    for (const [taker, giver] of [
      [two, three],
      [three, two],
      [one, two],
      [clone, two],
      [two, one],
      [two, clone],
      [three, two],
      [one, two],
      [clone, two],
    ] as const)
      taker.mergeFrom(giver);
    for (const { directory } of [one, clone, two, three]) expect([...directory.names()].sort()).toEqual(['a', 'b']);
  });

  it('bring back nothing that was removed, by saying something else in the number that told it gone', () => {
    const [one, two, away] = [new LabBook(1), new LabBook(2), new LabBook(3)];
    const [old] = one.add('old', 1);
    away.mergeFrom(one);
    two.mergeFrom(one);
    for (let round = 0; round < 12; round += 1) {
      two.add(`x${round}`, 1);
      two.remove(name(`x${round}`));
    }
    two.remove(name('old'));
    const fold = [...two.set.edits()].find(({ gone }) => gone !== undefined);
    if (fold === undefined || old === undefined) throw new Error('an edit that tells what is gone');
    one.mergeFrom(two);
    expect([...one.set.edits()].some(({ writer, number }) => writer === old.writer && number < old.number)).toBe(false);
    // The same number once more, greater by its content and without the list.
    const { gone: _, ...rest } = fold;
    for (const { set } of [one, two]) set.merge([{ ...rest, removed: [], content: '~' }]);
    one.mergeFrom(away);
    two.mergeFrom(away);
    for (const { directory } of [one, two]) expect([...directory.names()]).not.toContain('old');
  });
});

describe('hosts of which two have one key', () => {
  it('come to have all records that either makes', async () => {
    const lab = new CrdtLab();
    const [one, two, three] = await lab.start(3);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three hosts');
    const clone = new LabReplica(lab, testSigner(1), 'clone', testSigner(99).hostId);
    lab.net.cut(clone.mesh.hostId, one.id);
    await clone.start();
    await lab.run(10_000);
    const all: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      one.replica.addStatic([staticRecord(`one${round}`, '192.0.2.1')]);
      clone.replica.addStatic([staticRecord(`clone${round}`, '192.0.2.2')]);
      all.push(`one${round}`, `clone${round}`);
      await lab.run(round * 400);
    }
    const hosts = [one, two, three, clone];
    await lab.until(() => hosts.every((host) => all.every((each) => host.answers(each).length > 0)), 60_000);
    await lab.run(30_000);
    // Who goes on without the other's edits seems to leave them out, but not so often that it is parted with.
    for (const { mesh } of hosts) expect(mesh.blamed().every(({ count }) => count < 5)).toBe(true);
  });
});

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** Plays it all, and lets all tell all in the end. */
function play(events: readonly Event[], epochOf: (index: number) => number) {
  const all = keys.map((key, index) => new LabBook(key, epochOf(index)));
  // Who goes on without the other's edits seems to leave them out, until it was told.
  for (const book of all) book.misled = true;
  const sent: Edit[] = [];
  const added: string[] = [];
  const removed = new Set<string>();
  const remade = () => all.flatMap((book) => book.remade);
  for (const { type, at, which } of events) {
    const book = all[at];
    if (book === undefined) continue;
    if (type === 'add') {
      added.push(`n${added.length}`);
      sent.push(...book.add(added.at(-1) ?? '', 1));
    } else if (type === 'remove') {
      const one = [...book.directory.names()][which % Math.max(1, book.set.size)];
      if (one === undefined) continue;
      sent.push(...book.remove(one).edits);
      removed.add(one);
    } else if (type === 'merge') book.mergeFrom(all[which % books] ?? book);
    else {
      const heard = [...sent, ...remade()];
      const edit = heard[which % Math.max(1, heard.length)];
      if (edit !== undefined) book.hear(edit);
    }
  }
  // What was lost is made again on the way, and has to come round as well.
  for (let round = 0; round < 5 * books; round += 1)
    all[(round + 1) % books]?.mergeFrom(all[round % books] ?? new LabBook(9));
  expect(new Set(all.map((book) => book.show())).size).toBe(1);
  expect(new Set(all.map(({ set }) => Buffer.from(set.hash()).toString('hex'))).size).toBe(1);
  return { books: all, sent: [...sent, ...remade()], added, removed };
}
