import { DocumentWriter } from '../../src/crdt/document.ts';
import { type EnvelopeKind, sealEnvelope } from '../../src/crdt/envelope.ts';
import { encodeSignOfLife } from '../../src/crdt/sign-of-life.ts';
import type { Signer } from '../../src/crdt/signer.ts';
import type { HostId } from '../../src/record.ts';

/** What a member of the mesh can make that no honest one would: for those who test what comes of it. */

/** An envelope in another host's name with this signer's signature. */
export function forge(
  signer: Signer,
  owner: HostId,
  kind: EnvelopeKind,
  epoch: number,
  sequence: number,
  payload: Uint8Array,
): Uint8Array {
  const thief: Signer = { ...signer, hostId: owner };
  return sealEnvelope(thief, kind, epoch, sequence, payload).bytes;
}

/** The whole document of a host with these records. */
export function documentOf(records: Readonly<Record<string, object>>): Uint8Array {
  return new DocumentWriter(Object.entries(records).map(([key, record]) => [key, JSON.stringify(record)])).state();
}

/** The payload of a heartbeat; with `about`, that of a doubt or of a word to forget. */
export function signOfLife(
  beat: number,
  about?: { readonly host: HostId; readonly epoch: number; readonly beat: number },
): Uint8Array {
  return encodeSignOfLife({
    beat: Math.ceil(beat),
    restarting: false,
    intervalMs: 1_000,
    edited: 0,
    ...(about && { about }),
  });
}

/** Bytes that mean nothing, the same for the same seed. */
export function noise(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (Math.imul(index + 1, 2654435761 + seed * 40503) >>> 13) & 0xff);
}
