import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Edit, keyOf } from '../../src/crdt/static-edit.ts';
import { Gone } from '../../src/crdt/static-gone.ts';
import { StaticRoom } from '../../src/crdt/static-room.ts';
import { Statics } from '../../src/crdt/statics.ts';
import type { HostId, StaticRecord } from '../../src/record.ts';
import { accepted } from '../../src/result.ts';
import { name, staticRecord } from '../support/crdt-lab.ts';
import { testSigner } from '../support/signer.ts';
import { LabBook as Book } from '../support/static-lab.ts';

const writers = 3;
const names = ['a', 'b', 'c', 'd'];

/** One thing that happens: a host adds or removes a name, an edit arrives somewhere, or one host takes all of another. */
const event = fc.oneof(
  fc.record({
    type: fc.constant('add'),
    at: fc.nat(writers - 1),
    name: fc.constantFrom(...names),
    address: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ type: fc.constant('remove'), at: fc.nat(writers - 1), name: fc.constantFrom(...names) }),
  fc.record({ type: fc.constant('arrive'), at: fc.nat(writers - 1), edit: fc.nat() }),
  fc.record({ type: fc.constant('merge'), at: fc.nat(writers - 1), from: fc.nat(writers - 1) }),
);

/** What a liar says to one of them: some of the edits there are, and what it claims to have seen and not to have. */
const lie = fc.record({
  to: fc.nat(writers - 1),
  keeps: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
  denies: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
});

/** One of a writer's two edits is kept from a host, which then seems to leave out a record to whoever has both. */
const halfTold: (Event | Lie)[] = [
  { type: 'add', at: 2, name: 'd', address: 1 },
  { type: 'add', at: 2, name: 'a', address: 1 },
  { to: 0, keeps: [true, false], denies: [false] },
];

describe('static records', () => {
  it('become the same everywhere, whatever was lost, repeated or came in any order', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const books = Array.from({ length: writers }, (_, index) => new Book(index + 1));
        const sent: Edit[] = [];
        for (const each of events) play(each, books, sent);
        // Twice around, each takes all that its neighbour has.
        for (let round = 0; round < 2 * writers; round += 1)
          books[(round + 1) % writers]?.mergeFrom(books[round % writers] ?? new Book(9));
        expect(new Set(books.map((book) => book.show())).size).toBe(1);
        expect(new Set(books.map((book) => Buffer.from(book.set.hash()).toString('hex'))).size).toBe(1);
      }),
      { numRuns: 150 },
    );
  });

  it('stay when they are added while an equal one is removed elsewhere', () => {
    const [one, two] = [new Book(1), new Book(2)];
    one.add('db', 1);
    two.mergeFrom(one);
    one.remove(name('db'));
    two.add('db', 1);
    one.mergeFrom(two);
    two.mergeFrom(one);
    expect(one.show()).toBe(two.show());
    expect(one.show()).toContain('db');
  });

  it('never come back on a host that was away while they were removed', () => {
    const [one, two, away] = [new Book(1), new Book(2), new Book(3)];
    one.add('db', 1);
    away.mergeFrom(one);
    two.mergeFrom(one);
    two.remove(name('db'));
    one.mergeFrom(two);
    one.mergeFrom(away);
    expect(one.show()).toBe('[]');
    away.mergeFrom(one);
    expect(away.show()).toBe('[]');
  });

  it('go only by an edit that removes them, whatever another host says it has', () => {
    const one = new Book(1);
    one.add('db', 1);
    const [edit] = one.set.edits();
    const lie = { seen: new Map([[edit?.writer ?? ('' as HostId), 2 ** 40]]), alive: [] };
    expect(one.book.merge([], lie)).toMatchObject({ lacking: false, unproven: true });
    expect(one.show()).toContain('db');
  });

  it('are the same everywhere, and as the edits say, however much a liar keeps back and denies', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(event, lie), { maxLength: 60 }), (events) => {
        const books = Array.from({ length: writers }, (_, index) => new Book(index + 1));
        const sent: Edit[] = [];
        for (const each of events) {
          if ('keeps' in each) hearLie(books[each.to], sent, each);
          else play(each, books, sent);
        }
        for (let round = 0; round < 2 * writers; round += 1)
          books[(round + 1) % writers]?.mergeFrom(books[round % writers] ?? new Book(9));
        const removed = new Set(sent.flatMap((edit) => edit.removed.map(keyOf)));
        const made = sent.flatMap(({ writer, number, added }) =>
          [...added.keys()].map((index) => ({ writer, number, index })),
        );
        const truth = made.map(keyOf).filter((key) => !removed.has(key));
        for (const { set } of books)
          expect(Array.from(set.values(), ({ dot }) => keyOf(dot)).sort()).toEqual(truth.sort());
      }),
      { numRuns: 150, examples: [[halfTold]] },
    );
  });

  it('are not kept out before they are made, by an edit that calls them gone', () => {
    const [one, two] = [new Book(1), new Book(2)];
    const gone = new Gone();
    gone.add(testSigner(2).hostId, [2 ** 20, 2 ** 40]);
    const early = { ...heavyEdit(3, 300), added: [], gone };
    expect(one.set.isNext(early)).toBe(false);
    one.set.merge([early]);
    two.add('db', 1);
    one.mergeFrom(two);
    expect(one.show()).toContain('db');
  });

  it('leave nothing behind that grows: two thousand edits of a few names are as small as a dozen', () => {
    const one = new Book(1);
    for (let edit = 0; edit < 2_000; edit += 1) {
      one.add(names[edit % names.length] ?? 'a', 1 + (edit % 3));
      if (edit % 2 === 1) one.remove(name(names[edit % names.length] ?? 'a'));
    }
    expect(bytesOf(one)).toBeLessThan(25_000);
  });

  it('of one writer fill no more memory than one writer may have', () => {
    const [one, two] = [new Book(1), new Book(2)];
    const long = 'x'.repeat(4_000);
    const records = Array.from(
      { length: 600 },
      (_, index): StaticRecord => ({
        ...staticRecord(`n${index}`, '192.0.2.1'),
        data: { type: 'txt', text: long },
      }),
    );
    one.book.add(records);
    two.mergeFrom(one);
    expect(two.set.size).toBeLessThan(550);
    expect(two.show()).toBe(one.show());
    expect(two.show()).toContain('n599');
  });

  it('of many writers fill no more memory than all may have, and leave room for a record or two of anyone', () => {
    const set = new Statics(() => false);
    const mebibyte = 1024 * 1024;
    for (let number = 100; number < 120; number += 1) mergeOne(set, number, mebibyte);
    const kept = () => [...set.edits()].reduce((sum, { envelope }) => sum + envelope.bytes.length, 0);
    expect(set.size).toBe(16);
    expect(kept()).toBe(16 * mebibyte);
    mergeOne(set, 2, 5_000);
    expect(set.size).toBe(17);
    expect(set.hasRoom(heavyEdit(3, 9_000))).toBe(false);
    expect(set.hasRoom(heavyEdit(3, 5_000))).toBe(true);
    expect(set.hasRoom({ ...heavyEdit(100, 5_000), added: [] })).toBe(true);
  });

  it('are refused, and whoever adds them is told, where no other host would take them', () => {
    const [one, two] = [new Book(1), new Book(2)];
    for (const { set } of [one, two]) for (let number = 100; number < 116; number += 1) mergeOne(set, number, 2 ** 20);
    const record = (text: string, octets = 1) => staticRecord(text, '192.0.2.1', { madeOn: 'h'.repeat(octets) });
    expect(one.book.add([record('small')]).ok).toBe(true);
    const before = one.show();
    expect(one.book.add([record('long', 9_000)])).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/room.*remove/),
    });
    expect(one.show()).toBe(before);
    let added = 0;
    while (one.book.add([record(`n${added}`, 200)]).ok) added += 1;
    expect(added).toBeGreaterThan(10);
    two.mergeFrom(one);
    expect(two.show()).toBe(one.show());
  });

  it('are refused by what their edits take, to the octet', () => {
    const records = Array.from({ length: 300 }, (_, index) => staticRecord('db', `192.0.${index >> 8}.${index & 255}`));
    const add = ({ book }: Book) => book.add(records);
    const remove = ({ book }: Book) => {
      const removal = book.remove(name('db'));
      return removal.ok ? accepted(removal.value.edits) : removal;
    };
    // Added; each replaced by its equal; removed.
    for (const [before, what] of [
      [[], add],
      [[add], add],
      [[add], remove],
    ] as const) {
      const [free, just, short, other] = [new Book(1), new Book(1), new Book(1), new Book(2)];
      for (const book of [free, just, short]) for (const act of before) act(book);
      const edits = what(free);
      if (!edits.ok) throw new Error(edits.problem);
      const octets = edits.value
        .filter(({ gone }) => !gone)
        .reduce((sum, { envelope }) => sum + envelope.bytes.length, 0);
      expect(octets).toBeGreaterThan(16 * 1024);
      other.mergeFrom(just);
      for (const book of [just, other]) leaveRoom(book, octets);
      leaveRoom(short, octets - 1);
      const shown = short.show();
      expect(what(short)).toMatchObject({ ok: false, problem: expect.stringMatching(/room/) });
      expect(short.show()).toBe(shown);
      expect(what(just).ok).toBe(true);
      other.mergeFrom(just);
      expect(other.show()).toBe(just.show());
    }
  });

  it('are not removed on one host alone, where the others would take no more edits that remove', () => {
    const [one, two] = [new Book(1), new Book(2)];
    const records = Array.from({ length: 400 }, (_, index) => staticRecord(`r${index}`, '192.0.2.1'));
    expect(two.book.add(records).ok).toBe(true);
    one.mergeFrom(two);
    for (const { set } of [one, two]) {
      for (let number = 100; number < 116; number += 1) mergeOne(set, number, 2 ** 20);
      for (let number = 200; number < 500; number += 1) mergeOne(set, number, 9_000);
    }
    // Each of them leaves others of its edit, so nothing of that can be told gone.
    let removed = 0;
    while (removed < 100 && one.book.remove(name(`r${removed}`)).ok) removed += 1;
    expect(removed).toBeGreaterThan(10);
    expect(removed).toBeLessThan(60);
    expect(one.book.remove(name(`r${removed}`))).toMatchObject({ problem: expect.stringMatching(/on another host/) });
    two.mergeFrom(one);
    expect(two.show()).toBe(one.show());
    expect(two.remove(name(`r${removed}`)).records).toHaveLength(1);
  });

  it('have no more writers than there may be hosts', () => {
    const room = new StaticRoom(
      Array.from({ length: 5_000 }, (_, number) => heavyEdit(number, 100)),
      () => false,
    );
    expect(room.fits(heavyEdit(7, 100))).toBe(true);
    expect(room.fits(heavyEdit(5_000, 100))).toBe(false);
  });

  it('are replaced by one with the same name and data', () => {
    const one = new Book(1);
    one.book.add([staticRecord('db', '192.0.2.1', { ttlSeconds: 5 })]);
    one.book.add([staticRecord('db', '192.0.2.1', { ttlSeconds: 9 })]);
    expect(one.directory.entry(name('db')).statics).toMatchObject([{ ttlSeconds: 9 }]);
    expect(one.set.size).toBe(1);
  });

  it('go one by one, or all of a name', () => {
    const one = new Book(1);
    one.book.add([staticRecord('db', '192.0.2.1'), staticRecord('db', '192.0.2.2'), staticRecord('web', '192.0.2.3')]);
    expect(one.remove(name('db'), staticRecord('db', '192.0.2.1').data).records).toHaveLength(1);
    expect(one.directory.entry(name('db')).statics).toHaveLength(1);
    expect(one.remove(name('db')).records).toHaveLength(1);
    expect(one.remove(name('db')).records).toEqual([]);
    expect([...one.directory.names()]).toEqual(['web']);
  });
});

/** It takes those edits of all that a liar does not keep back, and its word for what is left of them. */
function hearLie(book: Book | undefined, all: readonly Edit[], { keeps, denies }: Lie): void {
  if (book === undefined) return;
  book.misled = true;
  const told = all.filter((_, at) => keeps[at % keeps.length] === false);
  const seen = new Map(all.map(({ writer, number }) => [writer, number] as const));
  const alive = Array.from(book.set.values(), ({ dot }) => dot);
  book.book.merge(told, { seen, alive: alive.filter((_, at) => denies[at % denies.length] === false) });
}

type Lie = typeof lie extends fc.Arbitrary<infer T> ? T : never;
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

function play(each: Event, books: readonly Book[], sent: Edit[]): void {
  const book = books[each.at];
  if (book === undefined) return;
  if ('address' in each) sent.push(...book.add(each.name, each.address));
  else if ('name' in each) sent.push(...book.remove(name(each.name)).edits);
  else if ('from' in each) book.mergeFrom(books[each.from] ?? book);
  else {
    const arriving = sent[each.edit % Math.max(1, sent.length)];
    if (arriving !== undefined) book.hear(arriving);
  }
}

function bytesOf({ set }: Book): number {
  return [...set.edits()].reduce((sum, { envelope }) => sum + envelope.bytes.length, 0);
}

/** An edit of a writer that adds one record and takes so many octets. */
function heavyEdit(writer: number, octets: number): Edit {
  const owner = `WRITER${writer}` as HostId;
  const bytes = new Uint8Array(octets);
  const envelope = { kind: 'edit', owner, epoch: 1, sequence: 1, payload: bytes, bytes } as const;
  return { writer: owner, number: 1, previous: 0, removed: [], added: ['{}'], envelope, content: `${owner} ${octets}` };
}

/** Others take all the room there is but so many octets. */
function leaveRoom(book: Book, octets: number): void {
  let left = 2 ** 24 - bytesOf(book) - octets;
  for (let number = 100; left > 0; number += 1) {
    mergeOne(book.set, number, Math.min(left, 2 ** 20));
    left -= 2 ** 20;
  }
}

/** Takes all that a host has which knows of one heavy edit. */
function mergeOne(set: Statics, writer: number, octets: number): void {
  const edit = heavyEdit(writer, octets);
  set.merge([edit]);
}
