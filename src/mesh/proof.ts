import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secret } from './secret.ts';

/**
 * How two hosts show each other that they share a secret, before anything else is said on a connection:
 *
 *     dialler  → hello                     "weft", version, 32 random bytes
 *     listener → hello
 *     dialler  → proofs                    two of 32 bytes: one for each of its secrets, random bytes in place of none
 *     listener → 1, proof                  of the secret both have: the connection goes on under it
 *              | 0                         they share none: both close
 *
 *     proof = HMAC-SHA256(secret's key, role, dialler's hello, listener's hello)
 *
 * A port scanner that says nothing is told nothing, and whoever lacks the secret gets no proof to guess it from.
 * Both hellos are in every proof, so none can be replayed and no version be talked down.
 */
export const helloBytes = 4 + 1 + 32;
export const proofBytes = 32;
export const proofsBytes = 2 * proofBytes;
export const accept = 1;
export const decline = 0;

const magic = Buffer.from('weft', 'latin1');
const version = 1;

export type Role = 'dialler' | 'listener';

export function createHello(): Uint8Array {
  return Buffer.concat([magic, Uint8Array.of(version), randomBytes(32)]);
}

/** Whether a Weft of any version said this; each side speaks the lower of the two versions. */
export function isHello(bytes: Uint8Array): boolean {
  return bytes.length === helloBytes && magic.equals(bytes.subarray(0, 4)) && (bytes[4] ?? 0) >= 1;
}

export function createProof(secret: Secret, role: Role, diallerHello: Uint8Array, listenerHello: Uint8Array): Buffer {
  return createHmac('sha256', secret.key).update(role).update(diallerHello).update(listenerHello).digest();
}

/** The dialler's two proofs; where it has one secret, the other is noise, so that nobody sees a rotation. */
export function createProofs(secrets: readonly Secret[], mine: Uint8Array, theirs: Uint8Array): Uint8Array {
  const proofs = secrets.slice(0, 2).map((secret) => createProof(secret, 'dialler', mine, theirs));
  return Buffer.concat([...proofs, randomBytes(proofsBytes)]).subarray(0, proofsBytes);
}

/** The first of our secrets that one of the proofs was made with. */
export function provenSecret(
  secrets: readonly Secret[],
  role: Role,
  proofs: Uint8Array,
  diallerHello: Uint8Array,
  listenerHello: Uint8Array,
): Secret | undefined {
  return secrets.find((secret) => {
    const expected = createProof(secret, role, diallerHello, listenerHello);
    for (let at = 0; at + proofBytes <= proofs.length; at += proofBytes)
      if (timingSafeEqual(expected, proofs.subarray(at, at + proofBytes))) return true;
    return false;
  });
}
