import type { HostId } from '../record.ts';
import type { Envelope } from './envelope.ts';
import { changeBetween, type LiveStatic, type StaticsChange } from './static-change.ts';
import { contentOf, countingOf, type Dot, type Edit, isFounded, keyOf, numberKeyOf, weightOf } from './static-edit.ts';
import { Gone, maxRuns } from './static-gone.ts';
import { StaticRoom } from './static-room.ts';
import { hashOf, type StaticsSummary } from './static-summary.ts';

/** A merge may leave out writers for whom there is no room. */
export interface StaticsMerge extends StaticsChange {
  readonly refused: number;
}

/** Octets of dead edits, beside what it costs to tell that they are gone, that are worth telling it. */
const worthTelling = 4 * 1024;

/**
 * The operators' records: a set that any host adds to and removes from. It is the union of signed edits: a record is known
 * by its dot, the edit that added it, and is there unless an edit removed it; so nobody's bare word adds or removes one,
 * and order and repetition do not matter. A record added while another host removes its equal stays: its dot is new.
 *
 * Edits of which nothing is left are dropped once an edit says so (`gone`): a list of runs of numbers, which proves the
 * same in a few octets. So what is kept is in proportion to what is alive, however long the history.
 *
 * Two agents with one key, or a liar, may sign two edits of one number. Then the one with the greater content counts, and
 * adds what it adds; what the other removes or calls gone was signed no less, and stays so.
 */
export class Statics {
  /** What is kept, by content. */
  readonly #edits = new Map<string, Edit>();
  /** Of those, what counts, by writer and number. */
  readonly #counting = new Map<string, Edit>();
  readonly #newest = new Map<HostId, Edit>();
  readonly #live = new Map<string, LiveStatic & { readonly edit: Edit }>();
  /** Dots that an edit which is kept removes. */
  readonly #removed = new Set<string>();
  #gone = new Gone();
  #room: StaticRoom;
  readonly #isHost: (writer: HostId) => boolean;
  /** What dead edits may take at most, as far as is known without looking for them. */
  #deadBytes = 0;
  #hash: Uint8Array | undefined;

  /** `isHost` tells whom the mesh knows, which is what its room is for. */
  constructor(isHost: (writer: HostId) => boolean) {
    this.#isHost = isHost;
    this.#room = new StaticRoom([], isHost);
  }

  get size(): number {
    return this.#live.size;
  }

  values(): Iterable<LiveStatic> {
    return this.#live.values();
  }

  has(dot: Dot): boolean {
    return this.#live.has(keyOf(dot));
  }

  /** Whether the record is there by its dot, and no other of the same dot. */
  shows({ dot, json }: LiveStatic): boolean {
    return this.#live.get(keyOf(dot))?.json === json;
  }

  /** Whether a signed edit says that this record, had it been here, is no more. */
  isGone(dot: Dot): boolean {
    return this.wasRemoved(dot) || this.#gone.has(dot.writer, dot.number);
  }

  /** Whether an edit that is kept removes this very record. */
  wasRemoved(dot: Dot): boolean {
    return this.#removed.has(keyOf(dot));
  }

  /** The number of the writer's newest edit here; 0 for none. */
  seen(writer: HostId): number {
    return this.#newest.get(writer)?.number ?? 0;
  }

  /** Equal on two hosts exactly when all they show is equal. */
  hash(): Uint8Array {
    this.#hash ??= hashOf(new Set([...this.#newest.values(), ...this.#livingEdits()]), this.#live.keys());
    return this.#hash;
  }

  summary(): StaticsSummary {
    const seen = new Map(Array.from(this.#newest, ([writer, { number }]) => [writer, number] as const));
    return { seen, alive: Array.from(this.#live.values(), ({ dot }) => dot), hash: this.hash() };
  }

  /** Every edit that still matters: together they prove what is here, and what is not any more. */
  edits(): Iterable<Edit> {
    return this.#edits.values();
  }

  /** The edits that a host needs which has seen `seen`, and all before. */
  editsAfter(seen: ReadonlyMap<HostId, number>): Edit[] {
    return [...this.edits()].filter(({ writer, number }) => number > (seen.get(writer) ?? 0));
  }

  /** The writer's edits with a living record, oldest first. */
  livingEdits(writer: HostId): Edit[] {
    const living = this.#livingEdits().values();
    return [...living.filter((edit) => edit.writer === writer)].sort((one, other) => one.number - other.number);
  }

  /** Whether everything the edit builds on was seen here; if not, `merge` with somebody who has it. */
  isNext(edit: Edit): boolean {
    if (this.seen(edit.writer) !== edit.previous && !this.givesWayTo(edit.envelope)) return false;
    return isFounded(edit, (writer) => this.seen(writer));
  }

  /** Whether the edit that is here by this number does not count beside this one. */
  givesWayTo(envelope: Envelope): boolean {
    const here = this.#counting.get(numberKeyOf({ writer: envelope.owner, number: envelope.sequence }));
    return here !== undefined && here.content < contentOf(envelope);
  }

  /** Whether there is room for an edit beside all others. */
  hasRoom(edit: Edit): boolean {
    return this.#room.fits(edit);
  }

  /** Whether there is room for so many octets of records of one writer, here and so on all hosts that have the same. */
  hasRoomFor(writer: HostId, octets: number): boolean {
    return this.#room.fitsRecords(writer, octets);
  }

  /** The same for edits that remove. */
  hasRoomToRemove(writer: HostId, octets: number): boolean {
    return this.#room.fitsRemoval(writer, octets);
  }

  /** Applies one edit that is next. */
  apply(edit: Edit): StaticsChange {
    return this.follows(edit) ? this.#take(edit) : this.merge([edit]);
  }

  /** Whether an edit that is next only adds and removes: for any other, all that is kept is gone through anew. */
  follows({ gone, number, writer }: Edit): boolean {
    return gone === undefined && number > this.seen(writer);
  }

  /** Takes edits in whatever order; those of writers for whom there is no room are left out. */
  merge(edits: readonly Edit[]): StaticsMerge {
    const news = this.#news(edits);
    if (news.length === 0) return { added: [], removed: [], overruled: [], refused: 0 };
    const before = new Map(this.#live);
    const kept = [...this.#edits.values()];
    this.#rebuild([...kept, ...news]);
    const refused = this.#crowdedOut(new Set(news));
    const admitted = news.filter(({ writer }) => !refused.has(writer));
    if (refused.size > 0) this.#rebuild([...kept, ...admitted]);
    const change = changeBetween(before, this.#live, (dot) => this.isGone(dot));
    return { ...change, refused: news.length - admitted.length };
  }

  /** The edits of which nothing is left, where dropping them is worth an edit that says so. */
  worthFolding(): Gone | undefined {
    if (this.#deadBytes <= worthTelling) return undefined;
    const living = this.#livingEdits();
    const dead = [...this.#counting.values()].filter(
      (edit) => !living.has(edit) && !this.#gone.has(edit.writer, edit.number),
    );
    const weight = dead.reduce((sum, edit) => sum + (this.#isNewest(edit) ? 0 : weightOf(edit)), 0);
    this.#deadBytes = weight;
    if (weight <= worthTelling) return undefined;
    const gone = new Gone();
    for (const [writer, edits] of Map.groupBy(dead, (edit) => edit.writer))
      gone.add(
        writer,
        edits.map(({ number }) => number),
      );
    for (const { gone: told } of bySize(this.#edits.values()).toReversed())
      if (gone.size + told.size <= maxRuns) gone.join(told);
    return gone.size <= maxRuns && weight > worthTelling + gone.size * foldedRunBytes ? gone : undefined;
  }

  /** Edits that were not here, less those that speak of what nobody can have seen. */
  #news(edits: readonly Edit[]): Edit[] {
    const highest = new Map<HostId, number>();
    for (const { writer, number } of edits)
      highest.set(writer, Math.max(number, highest.get(writer) ?? this.seen(writer)));
    const seen = (writer: HostId) => highest.get(writer) ?? this.seen(writer);
    return edits.filter((edit) => !this.#edits.has(edit.content) && isFounded(edit, seen));
  }

  /** Writers whose news are more than there is room for. */
  #crowdedOut(news: ReadonlySet<Edit>): Set<HostId> {
    const edits = [...this.#edits.values()];
    const room = new StaticRoom(
      edits.filter((edit) => !news.has(edit)),
      this.#isHost,
    );
    const refused = new Set<HostId>();
    for (const edit of edits.filter((each) => news.has(each))) {
      if (!room.fits(edit)) refused.add(edit.writer);
      else room.hold(edit);
    }
    return refused;
  }

  /** Begins anew with these edits, and keeps those that still matter. */
  #rebuild(edits: readonly Edit[]): void {
    this.#hash = undefined;
    this.#deadBytes = Number.POSITIVE_INFINITY;
    for (const part of [this.#edits, this.#counting, this.#newest, this.#live, this.#removed]) part.clear();
    const counting = countingOf(edits);
    for (const edit of counting) this.#see(edit);
    const tellers = this.#learnGone(edits);
    for (const edit of edits) for (const dot of edit.removed) this.#removed.add(keyOf(dot));
    for (const edit of counting) this.#addLiving(edit);
    const living = this.#livingEdits();
    for (const edit of edits) {
      const counts = counting.has(edit);
      const isProof = tellers.has(edit) || !this.#isFolded(edit, counts);
      if (isProof || living.has(edit) || (counts && this.#isNewest(edit))) this.#keep(edit, counts);
    }
    this.#room = new StaticRoom(this.#edits.values(), this.#isHost);
  }

  /** Learns what is gone; returns the edits that tell it, less those that tell no more than others. */
  #learnGone(edits: readonly Edit[]): Set<Edit> {
    this.#gone = new Gone();
    const tellers = new Set<Edit>();
    for (const edit of bySize(edits)) {
      if (this.#gone.includes(edit.gone)) continue;
      this.#gone.join(edit.gone);
      tellers.add(edit);
    }
    return tellers;
  }

  /** Whether others prove all that the edit does; one that does not count adds nothing. */
  #isFolded({ writer, number, removed }: Edit, counts: boolean): boolean {
    const addsNothing = !counts || this.#gone.has(writer, number);
    return addsNothing && removed.every((dot) => this.#gone.has(dot.writer, dot.number));
  }

  #keep(edit: Edit, counts: boolean): void {
    this.#edits.set(edit.content, edit);
    if (counts) this.#counting.set(numberKeyOf(edit), edit);
  }

  #take(edit: Edit): StaticsChange {
    this.#hash = undefined;
    this.#see(edit);
    this.#keep(edit, true);
    this.#room.hold(edit);
    this.#deadBytes += weightOf(edit);
    for (const dot of edit.removed) this.#removed.add(keyOf(dot));
    const removed = edit.removed.flatMap((dot) => this.#remove(keyOf(dot)));
    return { added: this.#addLiving(edit), removed, overruled: [] };
  }

  #see(edit: Edit): void {
    if (edit.number > this.seen(edit.writer)) this.#newest.set(edit.writer, edit);
  }

  #isNewest(edit: Edit): boolean {
    return this.seen(edit.writer) === edit.number;
  }

  #addLiving(edit: Edit): LiveStatic[] {
    const { writer, number } = edit;
    const dots = edit.added.map((_, index) => ({ writer, number, index }));
    return dots.filter((dot) => !this.isGone(dot)).map((dot) => this.#add(edit, dot));
  }

  #add(edit: Edit, dot: Dot): LiveStatic {
    const live = { dot, json: edit.added[dot.index] ?? '', edit };
    this.#live.set(keyOf(dot), live);
    return live;
  }

  #remove(key: string): LiveStatic[] {
    const live = this.#live.get(key);
    this.#live.delete(key);
    this.#deadBytes += live === undefined ? 0 : weightOf(live.edit);
    return live === undefined ? [] : [live];
  }

  #livingEdits(): Set<Edit> {
    return new Set(Array.from(this.#live.values(), ({ edit }) => edit));
  }
}

/** What a run in a list of edits that are gone costs, on the wire and to look through. */
const foldedRunBytes = 16;

type Teller = Edit & { readonly gone: Gone };

/** The edits that tell of others which are gone, those that tell most first. */
function bySize(edits: Iterable<Edit>): Teller[] {
  const tellers = Array.from(edits).filter((edit): edit is Teller => edit.gone !== undefined);
  return tellers.sort((one, other) => other.gone.size - one.gone.size || other.number - one.number);
}
