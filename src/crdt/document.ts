import { YKeyValue } from 'y-utility/y-keyvalue';
import * as Y from 'yjs';
import { accepted, type Result } from '../result.ts';
import { type Entry, readUpdate, type Update } from './update.ts';
import { recordsArray, writerClient } from './wire.ts';

/** Values by key that changed, the new one or `undefined` where the key is gone. */
export type Changes = ReadonlyMap<string, string | undefined>;

/** Yjs would draw a random name for each document, which costs more than the rest of an empty one. */
const unnamed = { guid: '' };

/** The owner's side of one epoch of its document: writes entries and gives the bytes that tell the others. */
export class DocumentWriter {
  readonly #doc = new Y.Doc(unnamed);
  readonly #entries: YKeyValue<string>;
  #updates: Uint8Array[] = [];

  /** Begins an epoch with `entries` in it. */
  constructor(entries: Iterable<readonly [string, string]>) {
    this.#doc.clientID = writerClient;
    const array = this.#doc.getArray<Entry>(recordsArray);
    array.push(Array.from(entries, ([key, val]) => ({ key, val })));
    this.#entries = new YKeyValue(array);
    this.#doc.on('update', (update: Uint8Array) => this.#updates.push(update));
  }

  /** All living entries, oldest change first. */
  entries(): Array<readonly [string, string]> {
    return this.#entries.yarray.map(({ key, val }) => [key, val] as const);
  }

  /** Makes the changes at once; returns the update that tells of them, or `undefined` when all was so already. */
  change(changes: Changes): Uint8Array | undefined {
    const real = [...changes].filter(([key, value]) => this.#entries.get(key) !== value);
    this.#doc.transact(() => {
      for (const [key, value] of real) {
        if (value === undefined) this.#entries.delete(key);
        else this.#entries.set(key, value);
      }
    });
    const updates = this.#updates;
    this.#updates = [];
    return updates.length === 0 ? undefined : Y.mergeUpdates(updates);
  }

  /** The whole document, waste included. */
  state(): Uint8Array {
    return Y.encodeStateAsUpdate(this.#doc);
  }

  destroy(): void {
    this.#doc.destroy();
  }
}

/**
 * Everybody's side of one epoch of a host's document: takes its updates in order. It has one writer, so nothing is ever
 * merged here, and which clock made which key is all there is to remember; the values are in the log's envelopes.
 */
export class DocumentReader {
  readonly #clocks = new Map<string, number>();
  #next = 0;

  get size(): number {
    return this.#clocks.size;
  }

  /** Applies an update or refuses the whole of it; never throws. */
  apply(update: Uint8Array): Result<Changes> {
    const read = readUpdate(update, this.#next);
    if (!read.ok) return read;
    const changes = new Map<string, string | undefined>();
    for (const { key, val, clock } of read.value.appended) {
      this.#clocks.set(key, clock);
      changes.set(key, val);
    }
    for (const key of this.#keysIn(read.value.deleted)) {
      this.#clocks.delete(key);
      changes.set(key, undefined);
    }
    this.#next = read.value.next;
    return accepted(changes);
  }

  /** Keys whose newest entry is deleted. */
  #keysIn(deleted: Update['deleted']): string[] {
    if (deleted.length === 0) return [];
    const runs = deleted.toSorted((one, other) => one.clock - other.clock);
    return [...this.#clocks].filter(([, clock]) => isWithin(runs, clock)).map(([key]) => key);
  }
}

/** Whether one of the runs, which are in order, covers the clock. */
function isWithin(runs: Update['deleted'], clock: number): boolean {
  let [from, to] = [0, runs.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((runs[middle]?.clock ?? 0) <= clock) from = middle + 1;
    else to = middle;
  }
  const run = runs[from - 1];
  return run !== undefined && clock < run.clock + run.len;
}
