import { kindOf } from './envelope.ts';
import type { Arrival, Gate } from './gate.ts';
import type { Item } from './item.ts';
import type { BookMerge } from './static-book.ts';
import { decodeEdit, type Edit } from './static-edit.ts';
import type { Doubts, StaticsSummary } from './static-summary.ts';

/** What merging came to, as far as the neighbour is to answer for it. */
export type Merged = Pick<BookMerge, 'refused' | keyof Doubts>;

/** Keeps the static edits of one answer until all of them are there: they are only true together. */
export class EditCollector {
  readonly #gate: Gate;
  readonly #arrival: Arrival;
  readonly #merge: (edits: readonly Edit[], summary: StaticsSummary) => Merged;
  readonly #edits: Edit[] = [];
  #room: number;
  #merged: Merged | undefined;

  /** `room`: octets that all edits of one answer may have. */
  constructor(
    gate: Gate,
    arrival: Arrival,
    room: number,
    merge: (edits: readonly Edit[], summary: StaticsSummary) => Merged,
  ) {
    this.#gate = gate;
    this.#arrival = arrival;
    this.#room = room;
    this.#merge = merge;
  }

  /** Whether the neighbour has something else than these edits tell. */
  get isPuzzled(): boolean {
    const { lacking = false, unproven = false, forked = false } = this.#merged ?? {};
    return lacking || unproven || forked;
  }

  /** Whether it leaves out records that none of its edits removes, though there was room for all of them. */
  get isUnproven(): boolean {
    return this.#merged?.unproven === true && this.#merged.refused === 0 && this.#room >= 0;
  }

  /** Whether the item was one for this collector. */
  take(item: Item): boolean {
    if (item.type === 'alive') this.#merged = this.#merge(this.#edits, item.summary);
    const isEdit = item.type === 'envelope' && kindOf(item.bytes) === 'edit';
    if (isEdit) this.#collect(item.bytes);
    return isEdit || item.type === 'alive';
  }

  #collect(bytes: Uint8Array): void {
    this.#room -= bytes.length;
    const envelope = this.#room < 0 ? undefined : this.#gate.inspect(bytes, this.#arrival);
    const edit = envelope && decodeEdit(envelope);
    if (edit?.ok) this.#edits.push(edit.value);
  }
}
