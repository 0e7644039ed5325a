import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type Result, refused } from '../result.ts';
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
const worthPackingBytes = 4_096;
/** The fastest level: 0.1 ms for 50 containers, to nearly what the slower ones reach. */
const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export function packEnvelope({ kind, epoch, sequence, bytes }: Envelope): PackedEnvelope {
  const known = { kind, epoch, sequence, length: bytes.length };
  if (bytes.length < worthPackingBytes) return { ...known, packed: false, held: bytes };
  // A copy of its own length: what zlib gives lies in a buffer several times as long.
  return { ...known, packed: true, held: Uint8Array.from(zstdCompressSync(bytes, options)) };
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
    return decodeEnvelope(zstdDecompressSync(kept.held, { maxOutputLength: maxBytes }));
  } catch {
    return refused('malformed');
  }
}
