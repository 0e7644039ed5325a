import { accepted, type Result, refused } from '../result.ts';
import { decodeEnvelope, type Envelope, kindOf } from './envelope.ts';
import type { Item } from './item.ts';
import { unpackArrival, worthPackingBytes } from './packed-envelope.ts';

/** An envelope as it comes: itself, or packed and of so many octets. */
export type Sealed = { readonly bytes: Uint8Array } | { readonly held: Uint8Array; readonly length: number };

/** The envelope that an item of an answer holds. */
export function sealedIn(item: Item): Sealed | undefined {
  return item.type === 'envelope' || item.type === 'heard' || item.type === 'packed' ? item : undefined;
}

/** Reads everything but the signature of an envelope of at most `maxBytes` octets. */
export function openSealed(sealed: Sealed, maxBytes: number): Result<Envelope> {
  if ('bytes' in sealed) return open(sealed.bytes, maxBytes);
  const { held, length } = sealed;
  if (length > maxBytes) return refused('too large');
  const bytes = unpackArrival(held, length);
  return bytes.ok ? open(bytes.value, maxBytes, held) : bytes;
}

function open(bytes: Uint8Array, maxBytes: number, packed?: Uint8Array): Result<Envelope> {
  if (bytes.length > maxBytes) return refused('too large');
  // Only long snapshots are kept packed; anything else would keep the buffer that it was unpacked to, of 64 KiB.
  const kept = kindOf(bytes) === 'snapshot' && bytes.length >= worthPackingBytes ? packed : undefined;
  const decoded = decodeEnvelope(bytes, kept === undefined ? 'lent' : 'given');
  return decoded.ok && kept !== undefined ? accepted({ ...decoded.value, packed: kept }) : decoded;
}
