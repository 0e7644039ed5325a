import { createHash } from 'node:crypto';
import type { HostId } from '../record.ts';
import type { Dot, Edit } from './static-edit.ts';
import { StaticRoom } from './static-room.ts';

/** A static record that is there: what made it, and its JSON. */
export interface LiveStatic {
  readonly dot: Dot;
  readonly json: string;
}

/** What one host has: the newest edit it saw of each writer, and the records that are left of all edits up to those. */
export interface StaticsSummary {
  readonly seen: ReadonlyMap<HostId, number>;
  readonly alive: readonly Dot[];
}

/** Records that came and went. */
export interface StaticsChange {
  readonly added: readonly LiveStatic[];
  readonly removed: readonly LiveStatic[];
}

/**
 * Octets of edits that one writer may keep alive: five thousand records and more. Beyond it the writer's own oldest
 * records go, on every host alike, so that no member fills the others' memory.
 */
const maxWriterBytes = 2 * 1024 * 1024;

/**
 * The operators' records: a set that any host adds to and removes from, without tombstones. A record is known by its
 * dot. Whoever has seen a writer up to an edit, and does not have a record of that edit or before, knows that it was
 * removed; so removing leaves nothing behind, and there is nothing to compact (an "optimized OR-set without
 * tombstones", Bieniusa et al., 2012). A record added while another host removes its equal stays: its dot is new.
 */
export class Statics {
  /** The newest edit of each writer; it proves how far the writer is, whoever tells. */
  readonly #newest = new Map<HostId, Edit>();
  readonly #live = new Map<string, LiveStatic & { readonly edit: Edit }>();
  #hash: Uint8Array | undefined;

  get size(): number {
    return this.#live.size;
  }

  values(): Iterable<LiveStatic> {
    return this.#live.values();
  }

  /** The number of the writer's newest edit here; 0 for none. */
  seen(writer: HostId): number {
    return this.#newest.get(writer)?.number ?? 0;
  }

  /** Equal on two hosts exactly when all they have is equal. */
  hash(): Uint8Array {
    this.#hash ??= this.#computeHash();
    return this.#hash;
  }

  summary(): StaticsSummary {
    const seen = new Map(Array.from(this.#newest, ([writer, { number }]) => [writer, number] as const));
    return { seen, alive: Array.from(this.#live.values(), ({ dot }) => dot) };
  }

  /** Every edit that still matters: those with a living record, and the newest of each writer; each once. */
  edits(): Set<Edit> {
    return new Set([...this.#newest.values(), ...Array.from(this.#live.values(), ({ edit }) => edit)]);
  }

  /** The edits that a host needs which has seen `seen`. */
  editsAfter(seen: ReadonlyMap<HostId, number>): Edit[] {
    return [...this.edits()].filter(({ writer, number }) => number > (seen.get(writer) ?? 0));
  }

  /** Whether everything the edit builds on was seen here; if not, `merge` with somebody who has it. */
  isNext({ writer, previous, removed }: Edit): boolean {
    return this.seen(writer) === previous && removed.every((dot) => this.seen(dot.writer) >= dot.number);
  }

  /** Whether there is room for an edit beside all others. */
  hasRoom(edit: Edit): boolean {
    return new StaticRoom(this.edits()).take(edit.writer, [edit]);
  }

  /** Applies one edit that is next. */
  apply(edit: Edit): StaticsChange {
    const removed = edit.removed.flatMap((dot) => this.#remove(keyOf(dot)));
    this.#newest.set(edit.writer, edit);
    const added = edit.added.map((_, index) => this.#add(edit, index));
    return this.#settle({ added, removed }, [edit.writer]);
  }

  /**
   * Takes all that another host has, told by its summary and the edits that this host had not seen. Writers for whom there
   * is no room stay as they were: not seen, so nothing of theirs counts as removed.
   */
  merge(edits: readonly Edit[], { seen, alive }: StaticsSummary): StaticsChange {
    const theirs = new Set(alive.map(keyOf));
    const gone = [...this.#live].filter(
      ([key, { dot }]) => !theirs.has(key) && (seen.get(dot.writer) ?? 0) >= dot.number,
    );
    const removed = gone.flatMap(([key]) => this.#remove(key));
    const fresh = this.#admitted(edits.filter(({ writer, number }) => number > this.seen(writer)));
    const added = fresh.flatMap((edit) => this.#addLiving(edit, theirs));
    for (const edit of fresh) if (edit.number > this.seen(edit.writer)) this.#newest.set(edit.writer, edit);
    return this.#settle({ added, removed }, new Set(fresh.map(({ writer }) => writer)));
  }

  #admitted(edits: readonly Edit[]): Edit[] {
    const room = new StaticRoom(this.edits());
    const byWriter = Map.groupBy(edits, ({ writer }) => writer);
    return [...byWriter].flatMap(([writer, theirs]) => (room.take(writer, theirs) ? theirs : []));
  }

  #addLiving(edit: Edit, living: ReadonlySet<string>): LiveStatic[] {
    const indices = [...edit.added.keys()].filter((index) => living.has(keyOf({ ...edit, index })));
    return indices.map((index) => this.#add(edit, index));
  }

  #add(edit: Edit, index: number): LiveStatic {
    const { writer, number } = edit;
    const live = { dot: { writer, number, index }, json: edit.added[index] ?? '', edit };
    this.#live.set(keyOf(live.dot), live);
    return live;
  }

  #remove(key: string): LiveStatic[] {
    const live = this.#live.get(key);
    this.#live.delete(key);
    return live === undefined ? [] : [live];
  }

  #settle({ added, removed }: StaticsChange, writers: Iterable<HostId>): StaticsChange {
    this.#hash = undefined;
    const over = Array.from(writers).flatMap((writer) => this.#trim(writer));
    return { added: added.filter((live) => !over.includes(live)), removed: [...removed, ...over] };
  }

  /** Removes the writer's oldest records beyond what one writer may keep. */
  #trim(writer: HostId): LiveStatic[] {
    const own = [...this.#live.values()].filter(({ dot }) => dot.writer === writer);
    const edits = [...new Set(own.map(({ edit }) => edit))].sort((one, other) => other.number - one.number);
    const kept = new Set<Edit>();
    let room = maxWriterBytes;
    for (const edit of edits) {
      room -= edit.envelope.bytes.length;
      if (room >= 0) kept.add(edit);
    }
    return own.filter(({ edit }) => !kept.has(edit)).flatMap(({ dot }) => this.#remove(keyOf(dot)));
  }

  #computeHash(): Uint8Array {
    const { seen, alive } = this.summary();
    const lines = [...Array.from(seen, ([writer, number]) => `${writer} ${number}`), ...alive.map(keyOf)];
    return createHash('sha256').update(lines.sort().join('\n')).digest().subarray(0, 16);
  }
}

/** One text for each dot. */
export function keyOf({ writer, number, index }: Dot): string {
  return `${writer}/${number}/${index}`;
}
