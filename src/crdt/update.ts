import * as Y from 'yjs';
import { accepted, type Result, refused } from '../result.ts';
import { decode, hasContent, readNumber } from './codec.ts';
import { recordsArray, writerClient } from './wire.ts';

/** One value in a host's document. */
export interface Entry {
  readonly key: string;
  readonly val: string;
}

/** What an update says: entries that were appended, each with its clock, and runs of clocks that were deleted. */
export interface Update {
  readonly appended: readonly (Entry & { readonly clock: number })[];
  readonly deleted: readonly { readonly clock: number; readonly len: number }[];
  /** The clock that comes after all of them. */
  readonly next: number;
}

/**
 * Most structs of one update: two for each container (its record, and what was deleted before it) of the largest host
 * that fits an envelope. A struct takes 2 bytes on the wire and 100 in memory, so it is counted before it is decoded.
 */
const maxStructs = 65_536;
/** Longest run of deletions: far above any epoch, and small enough that sums stay exact. */
const maxRun = 2 ** 40;

/**
 * Reads a Yjs update if it is what an honest owner's document writes: entries appended by its one writer to the one
 * array, without a gap after the `known` clocks, and deletions of what was there. Anything else is refused whole: Yjs
 * itself would keep it waiting for ever, or throw in the middle of a merge.
 */
export function readUpdate(update: Uint8Array, known: number): Result<Update> {
  const counted = decode(update, (from) => ({
    clients: readNumber(from),
    structs: hasContent(from) ? readNumber(from) : 0,
  }));
  if (!counted.ok || counted.value.clients > 1 || counted.value.structs > maxStructs) return refused(malformedUpdate);
  try {
    const { structs, ds } = Y.decodeUpdate(update);
    const read = readStructs(structs, known);
    const deleted = [...ds.clients].flatMap(([client, ranges]) => (client === writerClient ? ranges : [beyondAll]));
    if (read === undefined || deleted.some(({ clock, len }) => clock + len > read.next))
      return refused(malformedUpdate);
    return accepted({ ...read, deleted });
  } catch {
    return refused(malformedUpdate);
  }
}

const malformedUpdate = 'malformed update';
/** A deletion of what another writer made: never right in a document with one. */
const beyondAll = { clock: Number.MAX_SAFE_INTEGER, len: 1 };

type Struct = ReturnType<typeof Y.decodeUpdate>['structs'][number];

/** The new entries, or `undefined` when a struct is not the next, or not one of ours. */
function readStructs(structs: readonly Struct[], known: number): Omit<Update, 'deleted'> | undefined {
  const appended: (Entry & { clock: number })[] = [];
  let next: number | undefined;
  for (const struct of structs) {
    const { client, clock } = struct.id;
    const follows = next === undefined ? clock <= known : clock === next;
    const entries = entriesOf(struct);
    if (client !== writerClient || !follows || entries === undefined) return undefined;
    for (const [index, entry] of entries.entries())
      if (clock + index >= known) appended.push({ key: entry.key, val: entry.val, clock: clock + index });
    next = clock + struct.length;
  }
  return { appended, next: Math.max(next ?? 0, known) };
}

/** The entries in a struct, none where they were deleted since; `undefined` for what is no part of the array. */
function entriesOf(struct: Struct): readonly Entry[] | undefined {
  if (!(struct.length > 0 && struct.length < maxRun)) return undefined;
  if (!(struct instanceof Y.Item)) return struct instanceof Y.GC ? [] : undefined;
  // With a neighbour given, Yjs leaves the parent out of the update and takes the neighbour's.
  const rooted = struct.parentSub === null && (struct.parent === null || String(struct.parent) === recordsArray);
  if (!rooted) return undefined;
  if (struct.content instanceof Y.ContentDeleted) return [];
  return struct.content instanceof Y.ContentAny && struct.content.arr.every(isEntry) ? struct.content.arr : undefined;
}

function isEntry(value: unknown): value is Entry {
  const entry: Partial<Record<keyof Entry, unknown>> = Object(value);
  return typeof entry.key === 'string' && typeof entry.val === 'string';
}
