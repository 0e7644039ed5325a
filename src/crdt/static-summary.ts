import { createHash } from 'node:crypto';
import type { HostId } from '../record.ts';
import { type Dot, type Edit, keyOf, numberKeyOf } from './static-edit.ts';

/** What one host has: the newest edit it saw of each writer, and the records that are left of all edits up to those. */
export interface StaticsSummary {
  readonly seen: ReadonlyMap<HostId, number>;
  readonly alive: readonly Dot[];
  /** The hash of what it shows; earlier versions do not tell it. */
  readonly hash?: Uint8Array;
}

/** What differs between two hosts and is told by no edit that one gave the other. */
export interface Doubts {
  /** It has records of edits that should have been seen here. */
  readonly lacking: boolean;
  /** It does not have some that nobody removed. */
  readonly unproven: boolean;
  /** All is the same by its numbers, and its contents are not: there are two edits of one number. */
  readonly forked: boolean;
}

/** What doubts are judged by: the static records here. */
interface Here {
  seen(writer: HostId): number;
  has(dot: Dot): boolean;
  isGone(dot: Dot): boolean;
  summary(): StaticsSummary;
}

/** Of the edits, which are those that show something or are the newest, and of the records that are alive. */
export function hashOf(edits: Iterable<Edit>, alive: Iterable<string>): Uint8Array {
  const lines = [...Array.from(edits, (edit) => `${numberKeyOf(edit)} ${edit.content}`), ...alive];
  return createHash('sha256').update(lines.sort().join('\n')).digest().subarray(0, 16);
}

/** Where another host's summary does not agree with what is here, and the edits it gave do not tell why. */
export function doubtsOf(here: Here, { seen, alive, hash }: StaticsSummary): Doubts {
  const ours = here.summary();
  const theirs = new Set(alive.map(keyOf));
  const missing = alive.filter((dot) => !here.has(dot));
  const surplus = ours.alive.filter((dot) => !theirs.has(keyOf(dot)));
  const sameNumbers = missing.length + surplus.length === 0 && isSameSeen(ours.seen, seen);
  return {
    lacking: missing.some((dot) => dot.number <= here.seen(dot.writer) && !here.isGone(dot)),
    unproven: surplus.some((dot) => dot.number <= (seen.get(dot.writer) ?? 0)),
    forked: sameNumbers && hash !== undefined && Buffer.compare(hash, ours.hash ?? hash) !== 0,
  };
}

function isSameSeen(ours: StaticsSummary['seen'], theirs: StaticsSummary['seen']): boolean {
  return ours.size === theirs.size && ours.entries().every(([writer, number]) => theirs.get(writer) === number);
}
