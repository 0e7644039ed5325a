import type { Name, StaticData, StaticRecord } from '../record.ts';
import { sealEnvelope } from './envelope.ts';
import type { LiveDirectory } from './live-directory.ts';
import { staticFromJson, staticToJson } from './record-json.ts';
import type { Signer } from './signer.ts';
import { type Dot, type Edit, encodeEdit } from './static-edit.ts';
import { dataKey } from './static-table.ts';
import { keyOf, type LiveStatic, Statics, type StaticsChange, type StaticsSummary } from './statics.ts';

/** Octets of records in one edit; more are made in several, so that each fits a broadcast. */
const maxEditBytes = 16 * 1024;
/** Dots removed in one edit, for the same reason. */
const maxRemoved = 200;

/** The operators' records as this host has them: makes its own edits, takes those of others, and shows what is left. */
export class StaticBook {
  readonly set = new Statics();
  readonly #signer: Signer;
  readonly #directory: LiveDirectory;
  readonly #epoch: () => number;
  readonly #shown = new Map<string, { readonly dot: Dot; readonly record: StaticRecord }>();
  /** Records that this run made, by key: made again should another life of this host have used their numbers. */
  readonly #made = new Set<string>();

  /** `epoch` is this host's epoch now: edits are numbered above it, so that no life of a host reuses numbers. */
  constructor(signer: Signer, directory: LiveDirectory, epoch: () => number) {
    this.#signer = signer;
    this.#directory = directory;
    this.#epoch = epoch;
  }

  /** Edits that add the records; each removes older ones with the same name and data. */
  add(records: readonly StaticRecord[]): Edit[] {
    const edits: Edit[] = [];
    let batch: StaticRecord[] = [];
    let bytes = 0;
    for (const record of records) {
      const size = staticToJson(record).length;
      if (bytes + size > maxEditBytes && batch.length > 0) {
        edits.push(this.#edit(this.#equals(batch), batch.map(staticToJson)));
        batch = [];
        bytes = 0;
      }
      batch.push(record);
      bytes += size;
    }
    return batch.length === 0 ? edits : [...edits, this.#edit(this.#equals(batch), batch.map(staticToJson))];
  }

  /** Edits that remove a name's records, or those with this data, and the records they remove. */
  remove(name: Name, data?: StaticData): { readonly edits: Edit[]; readonly records: StaticRecord[] } {
    const wanted = data && dataKey(data);
    const found = [...this.#shown.values()].filter(
      ({ record }) => record.name === name && (wanted === undefined || dataKey(record.data) === wanted),
    );
    const edits: Edit[] = [];
    for (let at = 0; at < found.length; at += maxRemoved)
      edits.push(
        this.#edit(
          found.slice(at, at + maxRemoved).map(({ dot }) => dot),
          [],
        ),
      );
    return { edits, records: found.map(({ record }) => record) };
  }

  apply(edit: Edit): void {
    this.#show(this.set.apply(edit));
  }

  /** Merges all that another host has; returns records of this run that another life of this host wiped out. */
  merge(edits: readonly Edit[], summary: StaticsSummary): string[] {
    const self = this.#signer.hostId;
    const overruled = (summary.seen.get(self) ?? 0) > this.set.seen(self);
    const change = this.set.merge(edits, summary);
    const lost = overruled ? change.removed.filter(({ dot }) => this.#made.has(keyOf(dot))) : [];
    this.#show(change);
    return lost.map(({ json }) => json);
  }

  /** One edit with these records again. */
  again(added: readonly string[]): Edit {
    return this.#edit([], added);
  }

  #edit(removed: readonly Dot[], added: readonly string[]): Edit {
    const writer = this.#signer.hostId;
    const previous = this.set.seen(writer);
    const number = Math.max(previous + 1, this.#epoch());
    const envelope = sealEnvelope(this.#signer, 'edit', this.#epoch(), number, encodeEdit(previous, removed, added));
    const edit = { writer, number, previous, removed, added, envelope };
    this.apply(edit);
    for (const index of added.keys()) this.#made.add(keyOf({ writer, number, index }));
    return edit;
  }

  #equals(records: readonly StaticRecord[]): Dot[] {
    const keys = new Set(records.map(recordKey));
    return [...this.#shown.values()].filter(({ record }) => keys.has(recordKey(record))).map(({ dot }) => dot);
  }

  #show({ added, removed }: StaticsChange): void {
    for (const live of added) this.#put(live);
    for (const { dot } of removed) {
      const key = keyOf(dot);
      this.#shown.delete(key);
      this.#made.delete(key);
      this.#directory.setStatic(key, undefined);
      this.#directory.setStaticProblem(key, undefined);
    }
  }

  #put({ dot, json }: LiveStatic): void {
    const key = keyOf(dot);
    const read = staticFromJson(json);
    if (!read.ok) {
      this.#directory.setStaticProblem(key, { host: dot.writer, key, problem: read.problem });
      return;
    }
    this.#shown.set(key, { dot, record: read.value });
    this.#directory.setStatic(key, read.value);
  }
}

function recordKey({ name, data }: StaticRecord): string {
  return `${name} ${dataKey(data)}`;
}
