import { hash } from 'node:crypto';
import type { HostId } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';
import {
  decode,
  encode,
  hasContent,
  readHostId,
  readList,
  readNumber,
  readVarString,
  writeList,
  writeVarString,
  writeVarUint,
} from './codec.ts';
import type { Envelope } from './envelope.ts';
import { Gone } from './static-gone.ts';

/** One static record ever made: the `index`-th of the writer's edit `number`. */
export interface Dot {
  readonly writer: HostId;
  readonly number: number;
  readonly index: number;
}

/** One operator's change to the static records, by one writer, at once. */
export interface Edit {
  readonly writer: HostId;
  /** The writer's edits have growing numbers; `previous` is the one before, 0 for none. */
  readonly number: number;
  readonly previous: number;
  readonly removed: readonly Dot[];
  /** Records as JSON. */
  readonly added: readonly string[];
  /** Edits of which the writer knows that nothing is left, told now and then so that they need not be kept. */
  readonly gone?: Gone;
  readonly envelope: Envelope;
  /** What tells it from another edit of the same writer and number, which two agents with one key may make. */
  readonly content: string;
}

/** One text for each writer and number: that of the edit which counts, should there be two. */
export function numberKeyOf({ writer, number }: Pick<Edit, 'writer' | 'number'>): string {
  return `${writer}/${number}`;
}

/** The hash of all that was signed, and of the signature: who has a strange key may sign two things with one. */
export function contentOf({ bytes }: Envelope): string {
  return hash('sha256', bytes, 'base64');
}

/** One text for each dot. */
export function keyOf({ writer, number, index }: Dot): string {
  return `${writer}/${number}/${index}`;
}

export function encodeEdit(
  previous: number,
  removed: readonly Dot[],
  added: readonly string[],
  gone?: Gone,
): Uint8Array {
  return encode((to) => {
    writeVarUint(to, previous);
    writeList(to, removed, writeDot);
    writeList(to, added, writeVarString);
    gone?.write(to);
  });
}

/** Reads a verified envelope of kind `edit`; its sequence is the edit's number. */
export function decodeEdit(envelope: Envelope): Result<Edit> {
  const { owner: writer, sequence: number } = envelope;
  const read = decode(envelope.payload, (from) => ({
    writer,
    number,
    previous: readNumber(from),
    removed: readList(from, readDot),
    added: readList(from, readVarString),
    ...(hasContent(from) && { gone: Gone.read(from) }),
    envelope,
    content: contentOf(envelope),
  }));
  if (read.ok && !(read.value.previous < number)) return refused('malformed');
  return read.ok ? accepted(read.value) : read;
}

/** Whether the edit removes nothing that is still to be made: it could keep another host's records out for ever. */
export function isFounded({ removed, gone }: Edit, seen: (writer: HostId) => number): boolean {
  if (removed.some((dot) => dot.number > seen(dot.writer))) return false;
  return gone === undefined || [...gone.writers()].every((writer) => gone.last(writer) <= seen(writer));
}

/** Of the edits with one number, those that count. */
export function countingOf(edits: readonly Edit[]): Set<Edit> {
  const greatest = new Map<string, Edit>();
  for (const edit of edits) {
    const key = numberKeyOf(edit);
    if (edit.content > (greatest.get(key)?.content ?? '')) greatest.set(key, edit);
  }
  return new Set(greatest.values());
}

/** Octets that keeping an edit costs, and more for each run of a list of edits that are gone: those are looked through. */
export function weightOf({ envelope, gone }: Edit): number {
  return envelope.bytes.length + (gone?.size ?? 0) * runBytes;
}

const runBytes = 64;

export function writeDot(to: Parameters<typeof writeVarUint>[0], dot: Dot): void {
  writeVarString(to, dot.writer);
  writeVarUint(to, dot.number);
  writeVarUint(to, dot.index);
}

export function readDot(from: Parameters<typeof readNumber>[0]): Dot {
  return { writer: readHostId(from), number: readNumber(from), index: readNumber(from) };
}
