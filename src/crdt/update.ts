import * as Y from 'yjs';
import { accepted, type Result, refused } from '../result.ts';
import { decode, hasContent, readNumber } from './codec.ts';
import { recordsArray, writerClient } from './wire.ts';

/** One value in a host's document. */
export interface Entry {
  readonly key: string;
  readonly val: string;
}

/**
 * Most structs of one update: two for each container (its record, and what was deleted before it) of the largest host
 * that fits an envelope. A struct takes 2 bytes on the wire and 100 in memory, so it is counted before it is decoded.
 */
const maxStructs = 65_536;
/** Longest run of deletions: far above any epoch, and small enough that sums stay exact. */
const maxRun = 2 ** 40;

/**
 * Accepts a Yjs update only if it is what an honest owner's document writes: entries appended by its one writer to the
 * one array, without gaps after `known` items, and deletions of items that exist. Yjs itself would keep anything else
 * waiting for ever, or throw in the middle of a merge.
 */
export function checkUpdate(update: Uint8Array, known: number): Result<Uint8Array> {
  const counted = decode(update, (from) => ({
    clients: readNumber(from),
    structs: hasContent(from) ? readNumber(from) : 0,
  }));
  if (!counted.ok || counted.value.clients > 1 || counted.value.structs > maxStructs)
    return refused('malformed update');
  try {
    const { structs, ds } = Y.decodeUpdate(update);
    const clock = checkStructs(structs, known);
    if (clock === undefined || !checkDeletions(ds.clients, clock)) return refused('malformed update');
    return accepted(update);
  } catch {
    return refused('malformed update');
  }
}

/** The clock after all structs, or `undefined` when one of them is not the next. */
function checkStructs(structs: ReturnType<typeof Y.decodeUpdate>['structs'], known: number): number | undefined {
  let clock: number | undefined;
  for (const struct of structs) {
    const { client, clock: at } = struct.id;
    const follows = clock === undefined ? at <= known : at === clock;
    if (client !== writerClient || !follows || !(struct.length > 0 && struct.length < maxRun)) return undefined;
    if (!(struct instanceof Y.GC) && !(struct instanceof Y.Item && isEntry(struct))) return undefined;
    clock = at + struct.length;
  }
  return Math.max(clock ?? 0, known);
}

function isEntry(item: Y.Item): boolean {
  // With a neighbour given, Yjs leaves the parent out of the update and takes the neighbour's.
  const rooted = item.parentSub === null && (item.parent === null || String(item.parent) === recordsArray);
  const neighboured = [item.origin, item.rightOrigin].every((id) => id === null || isEarlier(id, item.id));
  if (!rooted || !neighboured) return false;
  if (item.content instanceof Y.ContentDeleted) return true;
  return item.content instanceof Y.ContentAny && item.content.arr.every(isEntryValue);
}

function isEarlier(id: Y.ID, than: Y.ID): boolean {
  return id.client === writerClient && id.clock < than.clock;
}

function isEntryValue(value: unknown): boolean {
  const entry: Partial<Record<keyof Entry, unknown>> = Object(value);
  return typeof entry.key === 'string' && typeof entry.val === 'string';
}

type Deletions = Map<number, readonly { readonly clock: number; readonly len: number }[]>;

function checkDeletions(clients: Deletions, clock: number): boolean {
  return [...clients].every(
    ([client, ranges]) => client === writerClient && ranges.every((range) => range.clock + range.len <= clock),
  );
}
