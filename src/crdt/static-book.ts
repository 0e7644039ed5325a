import type { HostId, Name, StaticData, StaticRecord } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';
import { sealEnvelope } from './envelope.ts';
import { epochLike } from './epoch.ts';
import type { LiveDirectory } from './live-directory.ts';
import { staticFromJson, staticToJson } from './record-json.ts';
import type { Signer } from './signer.ts';
import type { LiveStatic, StaticsChange } from './static-change.ts';
import { contentOf, type Dot, type Edit, encodeEdit, keyOf, weightOf } from './static-edit.ts';
import type { Gone } from './static-gone.ts';
import { maxWriterBytes } from './static-room.ts';
import { type Doubts, doubtsOf, type StaticsSummary } from './static-summary.ts';
import { dataKey } from './static-table.ts';
import { Statics } from './statics.ts';

/** Octets of records in one edit; more are made in several, so that each fits a broadcast. */
const maxEditBytes = 16 * 1024;
/** Dots removed in one edit, for the same reason. */
const maxRemoved = 200;
/** Octets that an edit takes beside its records, and the smallest that it removes. */
const editBytes = 512;
/** Octets of a record's dot in an edit that removes it. */
const dotBytes = 70;
const noRoom = 'the static records of the mesh take all the room there is; remove some that are not needed any more';

const noRoomToRemove =
  'the static records of the mesh take all the room there is, and this host has removed as many as it may; remove it on another host';

/** What was removed, and by which edits. */
export interface Removal {
  readonly edits: readonly Edit[];
  readonly records: readonly StaticRecord[];
}

/** What became of a merge: this host's records that must be made again, and what does not add up. */
export interface BookMerge extends Doubts {
  readonly lost: readonly LiveStatic[];
  /** Edits left out for want of room. */
  readonly refused: number;
}

/** The operators' records as this host has them: makes its own edits, takes those of others, and shows what is left. */
export class StaticBook {
  readonly set: Statics;
  readonly #signer: Signer;
  readonly #directory: LiveDirectory;
  readonly #epoch: () => number;
  readonly #shown = new Map<string, { readonly dot: Dot; readonly record: StaticRecord }>();
  /** Records that this run made, by key: made again should another life of this host have used their numbers. */
  readonly #made = new Set<string>();
  /** The number of the last edit that this run made. */
  #last = 0;

  /** `epoch` is this host's epoch now: edits are numbered above it, so that no life of a host reuses numbers; `isHost`: see `Statics`. */
  constructor(
    signer: Signer,
    directory: LiveDirectory,
    epoch: () => number,
    isHost: (writer: HostId) => boolean = () => false,
  ) {
    this.set = new Statics(isHost);
    this.#signer = signer;
    this.#directory = directory;
    this.#epoch = epoch;
  }

  /**
   * Edits that add the records; each removes older ones with the same name and data. Refused where others would not take
   * them, for want of room.
   */
  add(records: readonly StaticRecord[]): Result<Edit[]> {
    const octets = records.reduce((sum, record) => sum + Buffer.byteLength(staticToJson(record)), editBytes);
    return this.set.hasRoomFor(this.#signer.hostId, octets) ? accepted(this.#addAll(records)) : refused(noRoom);
  }

  /** Edits that remove a name's records, or those with this data, and the records they remove; refused as `add` is. */
  remove(name: Name, data?: StaticData): Result<Removal> {
    const wanted = data && dataKey(data);
    const found = [...this.#shown.values()].filter(
      ({ record }) => record.name === name && (wanted === undefined || dataKey(record.data) === wanted),
    );
    const octets = editBytes * Math.ceil(found.length / maxRemoved) + dotBytes * found.length;
    if (!this.set.hasRoomToRemove(this.#signer.hostId, octets)) return refused(noRoomToRemove);
    const edits: Edit[] = [];
    for (let at = 0; at < found.length; at += maxRemoved)
      edits.push(
        this.#edit(
          found.slice(at, at + maxRemoved).map(({ dot }) => dot),
          [],
        ),
      );
    return accepted({ edits: [...edits, ...this.#fold()], records: found.map(({ record }) => record) });
  }

  /** Applies an edit that is next; returns records of this host that must be made again. */
  apply(edit: Edit): readonly LiveStatic[] {
    const change = this.set.apply(edit);
    this.#show(change);
    return this.#ownOf(change.overruled);
  }

  /** Merges the edits that another host gave, and looks whether they tell all that is different there. */
  merge(edits: readonly Edit[], summary: StaticsSummary): BookMerge {
    const self = this.#signer.hostId;
    const before = this.set.seen(self);
    const made = [...this.set.values()].filter(({ dot }) => this.#made.has(keyOf(dot)));
    const change = this.set.merge(edits);
    this.#show(change);
    // Another life of this host went further: whoever followed that one has not seen what this run made.
    const overruled = this.set.seen(self) > before;
    const alive = new Set(summary.alive.map(keyOf));
    const unseen = made.filter(({ dot }) => !alive.has(keyOf(dot)) && !this.set.wasRemoved(dot));
    const lost = new Set([...(overruled ? unseen : []), ...this.#ownOf(change.overruled)]);
    return { lost: [...lost], refused: change.refused, ...doubtsOf(this.set, summary) };
  }

  /** An edit with these records in the place of what they were, if there are any. */
  again(lost: readonly LiveStatic[]): Edit[] {
    const there = lost.filter((live) => this.set.shows(live)).map(({ dot }) => dot);
    const added = lost.map(({ json }) => json);
    return lost.length === 0 ? [] : [this.#edit(there, added)];
  }

  #addAll(records: readonly StaticRecord[]): Edit[] {
    const edits: Edit[] = [];
    let batch: StaticRecord[] = [];
    let bytes = 0;
    for (const record of records) {
      const size = staticToJson(record).length;
      if (bytes + size > maxEditBytes && batch.length > 0) {
        edits.push(this.#addBatch(batch));
        batch = [];
        bytes = 0;
      }
      batch.push(record);
      bytes += size;
    }
    if (batch.length > 0) edits.push(this.#addBatch(batch));
    return [...edits, ...this.#fold()];
  }

  #addBatch(records: readonly StaticRecord[]): Edit {
    const added = records.map(staticToJson);
    return this.#edit([...this.#equals(records), ...this.#beyond(added)], added);
  }

  /** This host's oldest records, as many as make room for these among what one writer may have. */
  #beyond(added: readonly string[]): Dot[] {
    const edits = this.set.livingEdits(this.#signer.hostId);
    const more = added.reduce((sum, json) => sum + 2 * json.length, 0);
    let over = edits.reduce((sum, edit) => sum + weightOf(edit), more - maxWriterBytes);
    const dots: Dot[] = [];
    for (const edit of edits) {
      if (over <= 0) break;
      over -= weightOf(edit);
      const { writer, number } = edit;
      const all = edit.added.map((_, index) => ({ writer, number, index }));
      dots.push(...all.filter((dot) => this.set.has(dot)));
    }
    return dots;
  }

  /** An edit that says of which others nothing is left, where that frees more than it costs. */
  #fold(): Edit[] {
    const gone = this.set.worthFolding();
    return gone === undefined ? [] : [this.#edit([], [], gone)];
  }

  #edit(removed: readonly Dot[], added: readonly string[], gone?: Gone): Edit {
    const writer = this.#signer.hostId;
    const previous = this.set.seen(writer);
    const number = this.#nextNumber(previous);
    const payload = encodeEdit(previous, removed, added, gone);
    const envelope = sealEnvelope(this.#signer, 'edit', this.#epoch(), number, payload);
    const content = contentOf(envelope);
    const edit = { writer, number, previous, removed, added, envelope, content, ...(gone && { gone }) };
    this.apply(edit);
    this.#last = number;
    for (const index of added.keys()) this.#made.add(keyOf({ writer, number, index }));
    return edit;
  }

  /**
   * Numbers of one run follow each other. Where another life of this host made the last edit, or makes edits now, this one
   * begins elsewhere, by the chance in its epoch: two that go on from the same edit do not use the same numbers.
   */
  #nextNumber(previous: number): number {
    const epoch = this.#epoch();
    if (previous === this.#last && previous >= epoch) return previous + 1;
    return previous < epoch ? epoch : epochLike(epoch, previous);
  }

  #ownOf(lives: readonly LiveStatic[]): readonly LiveStatic[] {
    return lives.filter(({ dot }) => dot.writer === this.#signer.hostId);
  }

  #equals(records: readonly StaticRecord[]): Dot[] {
    const keys = new Set(records.map(recordKey));
    return [...this.#shown.values()].filter(({ record }) => keys.has(recordKey(record))).map(({ dot }) => dot);
  }

  #show({ added, removed }: StaticsChange): void {
    // In this order: another edit of the same number may have another record by the same dot.
    for (const { dot } of removed) {
      const key = keyOf(dot);
      this.#shown.delete(key);
      this.#made.delete(key);
      this.#directory.setStatic(key, undefined);
      this.#directory.setStaticProblem(key, undefined);
    }
    for (const live of added) this.#put(live);
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
