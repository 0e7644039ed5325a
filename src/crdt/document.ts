import { YKeyValue } from 'y-utility/y-keyvalue';
import * as Y from 'yjs';
import { type Result, refused } from '../result.ts';
import { checkUpdate, type Entry } from './update.ts';
import { readerClient, recordsArray, writerClient } from './wire.ts';

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

/** Everybody's side of one epoch of a host's document: takes its updates in order. */
export class DocumentReader {
  readonly #doc = new Y.Doc(unnamed);
  readonly #entries: YKeyValue<string>;

  constructor() {
    this.#doc.clientID = readerClient;
    this.#entries = new YKeyValue(this.#doc.getArray<Entry>(recordsArray));
  }

  /** Applies an update or refuses the whole of it; never throws. */
  apply(update: Uint8Array): Result<Changes> {
    const checked = checkUpdate(update, Y.getState(this.#doc.store, writerClient));
    if (!checked.ok) return checked;
    const changes = new Map<string, string | undefined>();
    const note = (events: ReadonlyMap<string, { readonly newValue?: string }>) => {
      for (const [key, { newValue }] of events) changes.set(key, newValue);
    };
    this.#entries.on('change', note);
    try {
      Y.applyUpdate(this.#doc, update);
      return { ok: true, value: changes };
    } catch {
      return refused('malformed update');
    } finally {
      this.#entries.off('change', note);
    }
  }

  values(): ReadonlyMap<string, Entry> {
    return this.#entries.map;
  }

  destroy(): void {
    this.#doc.destroy();
  }
}
