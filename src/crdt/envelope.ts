import type { HostId } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';
import {
  decode,
  encode,
  readHostId,
  readNumber,
  readView,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from './codec.ts';
import type { Signer } from './signer.ts';
import { envelopeVersion, kindNumbers } from './wire.ts';

export type EnvelopeKind = keyof typeof kindNumbers;

/** What an owner says, numbered within an epoch and signed; `bytes` is the whole of it as it came, for relaying. */
export interface Envelope {
  /** `unknown` for kinds of a later version, which are passed on and otherwise left alone. */
  readonly kind: EnvelopeKind | 'unknown';
  readonly owner: HostId;
  readonly epoch: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
  readonly bytes: Uint8Array;
  /** The whole of it as a neighbour packed it (`packed-envelope.ts`): a part of a larger message. */
  readonly packed?: Uint8Array;
  /** Whether the owner signed it, where that was checked already. */
  readonly isSigned?: boolean;
}

/** Octets of an Ed25519 signature (RFC 8032 section 5.1.6). */
const signatureLength = 64;
/** A mesh holds a few versions next to each other; what claims to be far beyond them is garbage. */
const lastImaginedVersion = 15;
const kinds = new Map<number, EnvelopeKind>(
  Object.entries(kindNumbers).map(([kind, number]) => [number, kind as EnvelopeKind]),
);

export function sealEnvelope(
  signer: Signer,
  kind: EnvelopeKind,
  epoch: number,
  sequence: number,
  payload: Uint8Array,
): Envelope {
  const body = encode((to) => {
    writeVarUint(to, envelopeVersion);
    writeVarUint(to, kindNumbers[kind]);
    writeVarString(to, signer.hostId);
    writeVarUint(to, epoch);
    writeVarUint(to, sequence);
    writeVarUint8Array(to, payload);
  });
  const bytes = new Uint8Array(body.length + signatureLength);
  bytes.set(body);
  bytes.set(signer.sign(body), body.length);
  return { kind, owner: signer.hostId, epoch, sequence, payload, bytes };
}

/**
 * Reads everything but the signature, which costs a hundred times more and is only worth it for what is news. The
 * envelope keeps a copy of `bytes`, which may be a part of a message, or `bytes` itself where the caller gives it away.
 */
export function decodeEnvelope(bytes: Uint8Array, given: 'lent' | 'given' = 'lent'): Result<Envelope> {
  if (bytes.length <= signatureLength) return refused('malformed');
  const [version = 0] = bytes;
  if (version > envelopeVersion && version <= lastImaginedVersion) return refused('unknown version');
  if (version !== envelopeVersion) return refused('malformed');
  // Not `slice`: that of a Buffer, which zlib gives, is no copy.
  const whole = given === 'given' ? bytes : new Uint8Array(bytes);
  const body = whole.subarray(0, -signatureLength);
  const read = decode<Envelope>(body, (from) => {
    readNumber(from);
    const kind = kinds.get(readNumber(from)) ?? 'unknown';
    const [owner, epoch, sequence, payload] = [readHostId(from), readNumber(from), readNumber(from), readView(from)];
    return { kind, owner, epoch, sequence, payload, bytes: whole };
  });
  return read.ok ? accepted(read.value) : read;
}

/** The kind of what may be an envelope, from its second octet alone. */
export function kindOf(bytes: Uint8Array): EnvelopeKind | undefined {
  return kinds.get(bytes[1] ?? 0);
}

/** Whether it is a part of its owner's log, which is kept. */
export function isOfLog({ kind }: Envelope): boolean {
  return kind === 'snapshot' || kind === 'update' || kind === 'farewell';
}

/** Whether the owner signed it: all bytes before the signature. */
export function verifyEnvelope(signer: Signer, { bytes, owner, isSigned }: Envelope): boolean {
  return isSigned ?? signer.verify(owner, bytes.subarray(0, -signatureLength), bytes.subarray(-signatureLength));
}

/** The envelope, of which `verifyEnvelope` knows then; it was checked on another thread. */
export async function checkAhead(signer: Signer, envelope: Envelope): Promise<Envelope> {
  const { bytes, owner } = envelope;
  const [body, signature] = [bytes.subarray(0, -signatureLength), bytes.subarray(-signatureLength)];
  return { ...envelope, isSigned: await signer.verifyAhead(owner, body, signature) };
}
