import type { HostId } from '../record.ts';

/** This host's key, and everybody's public keys, which their host ids are made of. */
export interface Signer {
  readonly hostId: HostId;
  /** The Ed25519 signature of `bytes` by this host's key: 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
  /** Whether `owner`'s key signed `bytes`; never throws, whatever it is given. */
  verify(owner: HostId, bytes: Uint8Array, signature: Uint8Array): boolean;
  /** The same on another thread; `bytes` and `signature` stay as they are meanwhile. Never rejects. */
  verifyAhead(owner: HostId, bytes: Uint8Array, signature: Uint8Array): Promise<boolean>;
}
