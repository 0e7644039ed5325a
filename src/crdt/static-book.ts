import type { HostId, Name, StaticData, StaticRecord } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';
import { sealEnvelope } from './envelope.ts';
import { epochLike } from './epoch.ts';
import type { LiveDirectory } from './live-directory.ts';
import { staticFromJson, staticToJson } from './record-json.ts';
import type { Signer } from './signer.ts';
import type { LiveStatic, StaticsChange } from './static-change.ts';
import { contentOf, type Dot, type Edit, encodeEdit, keyOf, weightOf } from './static-edit.ts';
import { OldestRecords } from './static-oldest.ts';
import { type Doubts, doubtsOf, type StaticsSummary } from './static-summary.ts';
import { dataKey } from './static-table.ts';
import { Statics } from './statics.ts';

/** Octets that one edit says; what is more is said in several, so that each fits a broadcast. */
const maxEditBytes = 16 * 1024;
const noRoom = 'the static records of the mesh take all the room there is; remove some that are not needed any more';

const noRoomToRemove =
  'the static records of the mesh take all the room there is, and this host has removed as many as it may; remove it on another host';

/** What one edit is to do. */
type Deed = Pick<Edit, 'removed' | 'added' | 'gone'>;

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
    const edits = this.#chain(this.#additions(records), this.#oldest());
    if (!this.set.hasRoomFor(this.#signer.hostId, weightOfAll(edits))) return refused(noRoom);
    for (const edit of edits) this.#make(edit);
    return accepted([...edits, ...this.#fold()]);
  }

  /** Edits that remove a name's records, or those with this data, and the records they remove; refused as `add` is. */
  remove(name: Name, data?: StaticData): Result<Removal> {
    const wanted = data && dataKey(data);
    const found = [...this.#shown.values()].filter(
      ({ record }) => record.name === name && (wanted === undefined || dataKey(record.data) === wanted),
    );
    const deeds = inParts(found, (some) => ({ removed: some.map(({ dot }) => dot), added: [] }));
    const edits = this.#chain(deeds);
    if (!this.set.hasRoomToRemove(this.#signer.hostId, weightOfAll(edits))) return refused(noRoomToRemove);
    for (const edit of edits) this.#make(edit);
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
    return lost.length === 0 ? [] : this.#makeAll([{ removed: there, added }]);
  }

  /** What adds the records, in the place of their equals. */
  #additions(records: readonly StaticRecord[]): Deed[] {
    const keys = new Set(records.map(recordKey));
    const equals = Map.groupBy(
      this.#shown.values().filter(({ record }) => keys.has(recordKey(record))),
      ({ record }) => recordKey(record),
    );
    const dotsOf = (record: StaticRecord) => (equals.get(recordKey(record)) ?? []).map(({ dot }) => dot);
    return inParts(records, (some) => ({ removed: some.flatMap(dotsOf), added: some.map(staticToJson) }));
  }

  /** An edit that says of which others nothing is left, where that frees more than it costs. */
  #fold(): Edit[] {
    const gone = this.set.worthFolding();
    return gone === undefined ? [] : this.#makeAll([{ removed: [], added: [], gone }]);
  }

  #makeAll(deeds: readonly Deed[]): Edit[] {
    const edits = this.#chain(deeds);
    for (const edit of edits) this.#make(edit);
    return edits;
  }

  /** What it may give up for more: one record that it has now, or one that it is about to make. */
  #oldest(): OldestRecords {
    const seen = this.set.seen(this.#signer.hostId);
    return new OldestRecords(
      this.set.livingEdits(this.#signer.hostId),
      (dot) => dot.number > seen || this.set.has(dot),
    );
  }

  /** The next edits of this host, each after the one before; nothing comes of them until they are made. */
  #chain(deeds: readonly Deed[], oldest?: OldestRecords): Edit[] {
    const writer = this.#signer.hostId;
    const seen = this.set.seen(writer);
    const edits: Edit[] = [];
    for (const { removed: named, added, gone } of deeds) {
      const previous = edits.at(-1)?.number ?? seen;
      const number = edits.length > 0 ? previous + 1 : this.#nextNumber(seen);
      const removed = [...named, ...(oldest?.giveUpFor(added) ?? [])];
      const payload = encodeEdit(previous, removed, added, gone);
      const envelope = sealEnvelope(this.#signer, 'edit', this.#epoch(), number, payload);
      const content = contentOf(envelope);
      const edit = { writer, number, previous, removed, added, envelope, content, ...(gone && { gone }) };
      edits.push(edit);
      oldest?.add(edit);
    }
    return edits;
  }

  #make(edit: Edit): void {
    const { writer, number, added } = edit;
    this.apply(edit);
    this.#last = number;
    for (const index of added.keys()) this.#made.add(keyOf({ writer, number, index }));
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

/** One deed for all, or as many halves of it as each fit an edit. */
function inParts<T>(all: readonly T[], deedOf: (some: readonly T[]) => Deed): Deed[] {
  if (all.length === 0) return [];
  const deed = deedOf(all);
  if (all.length === 1 || encodeEdit(0, deed.removed, deed.added).length <= maxEditBytes) return [deed];
  const half = all.length >> 1;
  return [...inParts(all.slice(0, half), deedOf), ...inParts(all.slice(half), deedOf)];
}

function weightOfAll(edits: readonly Edit[]): number {
  return edits.reduce((sum, edit) => sum + weightOf(edit), 0);
}
