import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { type HostId, parseHostId } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';

export type Decoder = decoding.Decoder;
export type Encoder = encoding.Encoder;

/** What a reader throws inside `decode`; nothing else in this room throws for what others sent. */
class Malformed extends Error {}

/**
 * Reads bytes from outside with `read`, which may throw; bytes after what it read are left for later versions.
 * Any throw becomes the problem `malformed`.
 */
export function decode<T>(bytes: Uint8Array, read: (from: Decoder) => T): Result<T> {
  try {
    return accepted(read(decoding.createDecoder(bytes)));
  } catch {
    return refused('malformed');
  }
}

export function encode(write: (to: Encoder) => void): Uint8Array {
  return encoding.encode(write);
}

export function readHostId(from: Decoder): HostId {
  const host = parseHostId(decoding.readVarString(from));
  if (!host.ok) throw new Malformed(host.problem);
  return host.value;
}

/** A whole number up to 2^53 - 1. */
export function readNumber(from: Decoder): number {
  const value = decoding.readVarUint(from);
  if (!Number.isSafeInteger(value)) throw new Malformed('number out of range');
  return value;
}

/** Bytes with their length before them, as a view of the message that brought them. */
export function readView(from: Decoder): Uint8Array {
  return decoding.readVarUint8Array(from);
}

/** How often to call `read`: a count, refused before it is believed when the rest could not hold so many. */
export function readList<T>(from: Decoder, read: (from: Decoder) => T): T[] {
  const count = readNumber(from);
  if (count > from.arr.length - from.pos) throw new Malformed('count beyond the message');
  return Array.from({ length: count }, () => read(from));
}

export function writeList<T>(to: Encoder, values: readonly T[], write: (to: Encoder, value: T) => void): void {
  encoding.writeVarUint(to, values.length);
  for (const value of values) write(to, value);
}

export const { readVarString, hasContent } = decoding;
export const { writeVarUint, writeVarString, writeVarUint8Array } = encoding;

export function malformed(problem: string): never {
  throw new Malformed(problem);
}
