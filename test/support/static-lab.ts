import { expect } from 'vitest';
import { LiveDirectory } from '../../src/crdt/live-directory.ts';
import { type Removal, StaticBook } from '../../src/crdt/static-book.ts';
import { decodeEdit, type Edit } from '../../src/crdt/static-edit.ts';
import type { HostId, Name, StaticData } from '../../src/record.ts';
import { staticRecord } from './crdt-lab.ts';
import { testSigner } from './signer.ts';

/** One host's static records. */
export class LabBook {
  readonly directory: LiveDirectory;
  readonly book: StaticBook;
  /** A liar told it something, or told somebody from whom it took all. */
  misled = false;

  /** What it made again, as another agent of its key made another edit of the same number. */
  readonly remade: Edit[] = [];

  constructor(number: number, epoch = 2 ** 20) {
    const signer = testSigner(number);
    this.directory = new LiveDirectory(
      signer.hostId,
      () => ({ epoch: 0, sequence: 0 }),
      () => {},
    );
    this.book = new StaticBook(signer, this.directory, () => epoch);
  }

  get set() {
    return this.book.set;
  }

  add(text: string, address: number): Edit[] {
    // So long that a few of them are worth folding when they are dead.
    const edits = this.book.add([staticRecord(text, `192.0.2.${address}`, { madeOn: 'h'.repeat(1_000) })]);
    if (!edits.ok) throw new Error(edits.problem);
    return edits.value;
  }

  remove(text: Name, data?: StaticData): Removal {
    const removal = this.book.remove(text, data);
    if (!removal.ok) throw new Error(removal.problem);
    return removal.value;
  }

  /** As hosts do it: what does not add up is asked for as a whole; if it still does not, the other looks, and then this. */
  mergeFrom(other: LabBook): void {
    if (other === this) return;
    this.misled ||= other.misled;
    const { lacking, unproven, forked } = this.#take(other, this.set.summary().seen);
    if (!lacking && !unproven && !forked) return;
    const all = this.#take(other);
    expect(all.lacking || all.unproven ? other.misled : true).toBe(true);
    if (!all.lacking && !all.unproven) return;
    other.mergeFrom(this);
    expect(this.#take(other)).toMatchObject({ lacking: false, unproven: false });
  }

  #take({ set }: LabBook, seen: ReadonlyMap<HostId, number> = new Map()) {
    const merged = this.book.merge(set.editsAfter(seen), set.summary());
    this.remade.push(...this.book.again(merged.lost));
    return merged;
  }

  /** A broadcast came. */
  hear({ envelope }: Edit): void {
    const edit = decodeEdit(envelope);
    const known = envelope.sequence <= this.set.seen(envelope.owner) && !this.set.givesWayTo(envelope);
    if (edit.ok && !known && this.set.isNext(edit.value))
      this.remade.push(...this.book.again(this.book.apply(edit.value)));
  }

  show(): string {
    return JSON.stringify([...this.directory.names()].sort().map((each) => this.directory.entry(each)));
  }
}
