import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { accepted, type Result, refused } from '../result.ts';
import { decodeEnvelope, type Envelope } from './envelope.ts';

/** An envelope at rest, as memory and disk keep it: what is long is packed, to a tenth where it is records. */
export interface PackedEnvelope extends Pick<Envelope, 'kind' | 'epoch' | 'sequence'> {
  /** Octets of the envelope as its owner signed it. */
  readonly length: number;
  readonly packed: boolean;
  /** The envelope, as it came or packed (zstd, RFC 8878). */
  readonly held: Uint8Array;
}

/** Below this an envelope is an update, of which each log has a few; packing them would save no page of memory. */
export const worthPackingBytes = 4_096;
/** The fastest level: 0.1 ms for 50 containers, to nearly what the slower ones reach. */
const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Packed by a neighbour to less than this share, an envelope is kept as it came. */
const wellPacked = 1 / 4;
/** Times its packed length that an envelope from a neighbour may have: three times what records come to. */
const maxTimesPacked = 32;

/** An envelope as it is kept. `as`: the same, packed by a neighbour. */
export function packEnvelope({ kind, epoch, sequence, bytes }: Envelope, as?: Uint8Array): PackedEnvelope {
  const kept = { kind, epoch, sequence, length: bytes.length };
  if (bytes.length < worthPackingBytes) return { ...kept, packed: false, held: bytes };
  const held = as !== undefined && as.length < wellPacked * bytes.length ? as : zstdCompressSync(bytes, options);
  // A copy of its own length: what zlib gives lies in a buffer several times as long, and `as` in a whole answer.
  return { ...kept, packed: true, held: Uint8Array.from(held) };
}

/** Whether a neighbour may be sent it as it is kept; what packs too well would be taken for an attack. */
export function mayTravelPacked({ packed, held, length }: PackedEnvelope): boolean {
  return packed && length <= maxTimesPacked * held.length;
}

/** What a neighbour packed, of the length that it said; refused before it costs more than the neighbour's own octets allow. */
export function unpackArrival(held: Uint8Array, length: number): Result<Uint8Array> {
  if (length > maxTimesPacked * held.length) return refused('malformed');
  try {
    const bytes = zstdDecompressSync(held, { maxOutputLength: Math.max(1, length) });
    return bytes.length === length ? accepted(bytes) : refused('malformed');
  } catch {
    return refused('malformed');
  }
}

/** The envelope as its owner signed it. */
export function unpackEnvelope({ packed, held, length }: PackedEnvelope): Envelope {
  const envelope = readEnvelope({ packed, held }, length);
  if (!envelope.ok) throw new Error('an envelope kept here cannot be read', { cause: envelope.problem });
  return envelope.value;
}

/** Reads what was kept; refused where it is no envelope of at most `maxBytes`. */
export function readEnvelope(kept: Pick<PackedEnvelope, 'packed' | 'held'>, maxBytes: number): Result<Envelope> {
  if (!kept.packed) return decodeEnvelope(kept.held);
  try {
    return decodeEnvelope(zstdDecompressSync(kept.held, { maxOutputLength: maxBytes }), 'given');
  } catch {
    return refused('malformed');
  }
}
