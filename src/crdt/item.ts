import type { HostId } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';
import {
  type Decoder,
  decode,
  encode,
  hasContent,
  readHostId,
  readList,
  readNumber,
  readView,
  writeList,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from './codec.ts';
import { readSeen, writeSeen } from './request.ts';
import { readDot, writeDot } from './static-edit.ts';
import type { StaticsSummary } from './static-summary.ts';
import { itemNumbers } from './wire.ts';

/**
 * What answers are made of. `verdict`: whether both have the same; `envelope`: verbatim; `packed`: an envelope of so many
 * octets as the neighbour keeps it, for askers that take it; `heard`: a sign of life,
 * verbatim, and how old it is; `forgotten`: a host that was dropped after this beat; `alive`: all static records that
 * the neighbour has, after the edits that the asker lacked; `unknown`: of a later version.
 */
export type Item =
  | { readonly type: 'verdict'; readonly same: boolean }
  | { readonly type: 'envelope'; readonly bytes: Uint8Array }
  | { readonly type: 'packed'; readonly length: number; readonly held: Uint8Array }
  | { readonly type: 'heard'; readonly ageMs: number; readonly bytes: Uint8Array }
  | { readonly type: 'forgotten'; readonly host: HostId; readonly epoch: number; readonly beat: number }
  | { readonly type: 'alive'; readonly summary: StaticsSummary }
  | { readonly type: 'unknown' };

/** Octets of a chunk: a few milliseconds of work for the receiver, and a fraction of what any mesh lets pass at once. */
const chunkBytes = 64 * 1024;

/** Octets of the longest number that is ours: 2^53. */
const maxLengthBytes = 8;

/** Items as a stream of chunks: each with its length before it, cut anywhere. */
export function* toChunks(items: Iterable<Item>): Generator<Uint8Array> {
  let chunk = new Uint8Array(chunkBytes);
  let filled = 0;
  for (const item of items) {
    const bytes = encodeItem(item);
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + chunkBytes - filled);
      chunk.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < chunkBytes) continue;
      yield chunk;
      chunk = new Uint8Array(chunkBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}

/** Puts a stream of chunks together again; one for each answer. */
export class ItemReader {
  readonly #maxItemBytes: number;
  #rest: Uint8Array = new Uint8Array();
  #chunks: Uint8Array[] = [];
  #waitingFor = 0;

  constructor(maxItemBytes: number) {
    this.#maxItemBytes = maxItemBytes;
  }

  /** The items that are whole now. */
  push(chunk: Uint8Array): Result<Item[]> {
    this.#chunks.push(chunk);
    this.#waitingFor -= chunk.length;
    if (this.#waitingFor > 0) return accepted([]);
    this.#rest = Buffer.concat([this.#rest, ...this.#chunks]);
    this.#chunks = [];
    return this.#read();
  }

  #read(): Result<Item[]> {
    const items: Item[] = [];
    for (;;) {
      const length = lengthOf(this.#rest);
      if (length === undefined) return this.#rest.length > maxLengthBytes ? refused('malformed') : accepted(items);
      if (length.bytes > this.#maxItemBytes) return refused('too large');
      const end = length.at + length.bytes;
      if (end > this.#rest.length) {
        this.#waitingFor = end - this.#rest.length;
        return accepted(items);
      }
      const item = decode(this.#rest.subarray(length.at, end), readItem);
      if (!item.ok) return item;
      items.push(item.value);
      this.#rest = this.#rest.subarray(end);
    }
  }
}

/** The length that stands first, or `undefined` when not all of it is there yet. */
function lengthOf(bytes: Uint8Array): { readonly bytes: number; readonly at: number } | undefined {
  const read = decode(bytes, (from) => ({ bytes: readNumber(from), at: from.pos }));
  return read.ok ? read.value : undefined;
}

function encodeItem(item: Item): Uint8Array {
  const body = encode((to) => {
    if (item.type === 'unknown') return;
    writeVarUint(to, itemNumbers[item.type]);
    switch (item.type) {
      case 'verdict':
        return writeVarUint(to, item.same ? 1 : 0);
      case 'envelope':
        return writeVarUint8Array(to, item.bytes);
      case 'packed':
        writeVarUint(to, item.length);
        return writeVarUint8Array(to, item.held);
      case 'heard':
        writeVarUint(to, Math.round(item.ageMs));
        return writeVarUint8Array(to, item.bytes);
      case 'forgotten':
        writeVarString(to, item.host);
        writeVarUint(to, item.epoch);
        return writeVarUint(to, item.beat);
      case 'alive':
        writeSeen(to, item.summary.seen);
        writeList(to, item.summary.alive, writeDot);
        return writeVarUint8Array(to, item.summary.hash ?? new Uint8Array());
    }
  });
  return encode((to) => writeVarUint8Array(to, body));
}

function readItem(from: Decoder): Item {
  switch (readNumber(from)) {
    case itemNumbers.verdict:
      return { type: 'verdict', same: readNumber(from) === 1 };
    case itemNumbers.envelope:
      return { type: 'envelope', bytes: readView(from) };
    case itemNumbers.packed:
      return { type: 'packed', length: readNumber(from), held: readView(from) };
    case itemNumbers.heard:
      return { type: 'heard', ageMs: readNumber(from), bytes: readView(from) };
    case itemNumbers.forgotten:
      return { type: 'forgotten', host: readHostId(from), epoch: readNumber(from), beat: readNumber(from) };
    case itemNumbers.alive:
      return { type: 'alive', summary: readSummary(from) };
    default:
      return { type: 'unknown' };
  }
}

function readSummary(from: Decoder): StaticsSummary {
  const summary = { seen: readSeen(from), alive: readList(from, readDot) };
  // Earlier versions end here.
  const hash = hasContent(from) ? readView(from) : new Uint8Array();
  return hash.length === 0 ? summary : { ...summary, hash };
}
