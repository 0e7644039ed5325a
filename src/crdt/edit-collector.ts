import { kindOf } from './envelope.ts';
import type { Arrival, Gate } from './gate.ts';
import type { Item } from './item.ts';
import { decodeEdit, type Edit } from './static-edit.ts';
import type { StaticsSummary } from './statics.ts';

/** Keeps the static edits of one answer until all of them are there: they are only true together. */
export class EditCollector {
  readonly #gate: Gate;
  readonly #arrival: Arrival;
  readonly #merge: (edits: readonly Edit[], summary: StaticsSummary) => void;
  readonly #edits: Edit[] = [];
  #room: number;

  /** `room`: octets that all edits of one answer may have. */
  constructor(
    gate: Gate,
    arrival: Arrival,
    room: number,
    merge: (edits: readonly Edit[], summary: StaticsSummary) => void,
  ) {
    this.#gate = gate;
    this.#arrival = arrival;
    this.#room = room;
    this.#merge = merge;
  }

  /** Whether the item was one for this collector. */
  take(item: Item): boolean {
    if (item.type === 'alive') this.#merge(this.#edits, item.summary);
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
