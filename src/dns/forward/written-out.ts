import type { Rr } from '../draft.ts';
import { nameAt, rrClass } from '../wire.ts';
import { dataLayout, type Message, pointerBits, type WireRecord, word } from './message.ts';

const typeAndClassOctets = 4;
const ttlOctets = 4;

/**
 * A record of a message with its names written out, so that it can stand in another one; every other octet as it came.
 * Undefined where it is of another class than IN, or where its owner cannot be written as text.
 */
export function writtenOut({ bytes }: Message, record: WireRecord): Rr | undefined {
  const { type, start, ttlAt, dataAt } = record;
  if (word(bytes, ttlAt - 2) !== rrClass.IN) return undefined;
  const owner = nameAt(nameFrom(bytes, start).octets, 0);
  if (owner.includes('\\')) return undefined;
  const { before, names } = dataLayout(bytes, type, dataAt) ?? { before: 0, names: 0 };
  const parts = [bytes.subarray(dataAt, dataAt + before)];
  let at = dataAt + before;
  for (let name = 0; name < names; name++) {
    const { octets, end } = nameFrom(bytes, at);
    parts.push(octets);
    at = end;
  }
  const data = Buffer.concat([...parts, bytes.subarray(at, record.end)]);
  const length = Buffer.of(data.length >> 8, data.length & 0xff);
  const head = bytes.subarray(ttlAt - typeAndClassOctets, ttlAt + ttlOctets);
  return { owner, octets: Buffer.concat([head, length, data]) };
}

/** The name at `start`, which the strict walk found well-formed, without compression; `end` is behind it, where it stands. */
function nameFrom(bytes: Uint8Array, start: number): { octets: Buffer; end: number } {
  const labels: Uint8Array[] = [];
  let end: number | undefined;
  let at = start;
  while (bytes[at] !== 0) {
    const length = bytes[at] ?? 0;
    if (length < pointerBits) {
      labels.push(bytes.subarray(at, at + 1 + length));
      at += 1 + length;
    } else {
      end ??= at + 2;
      at = word(bytes, at) & ~(pointerBits << 8);
    }
  }
  return { octets: Buffer.concat([...labels, Buffer.of(0)]), end: end ?? at + 1 };
}
