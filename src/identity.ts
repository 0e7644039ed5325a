import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id';
import { LRUCache } from 'lru-cache';
import type { Log } from './log.ts';
import { type HostId, parseHostId } from './record.ts';

/** This host's Ed25519 key, and everybody's public keys, which their host ids are made of. */
export interface Identity {
  readonly hostId: HostId;
  /** The private key: 32 bytes (RFC 8032 section 5.1.5). */
  readonly seed: Uint8Array;
  /** The Ed25519 signature of `bytes` by this host's key: 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
  /** Whether `owner`'s key signed `bytes`; never throws, whatever it is given. */
  verify(owner: HostId, bytes: Uint8Array, signature: Uint8Array): boolean;
  /** The same, on a thread of the pool that Node keeps for such work. */
  verifyAhead(owner: HostId, bytes: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** Where the key is kept; see `store.ts`, which sets a damaged file aside and then reads as if there were none. */
interface IdentityStorage {
  read(file: string): Promise<Uint8Array | undefined>;
  write(file: string, bytes: Uint8Array): Promise<void>;
  setAside(file: string, found: string): Promise<void>;
}

const file = 'identity.key';
const seedBytes = 32;
/** RFC 8410 section 7 and section 4: what stands before the 32 bytes of an Ed25519 private and public key in DER. */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');
/** Key objects kept for `verify`, about 1 kB each: four times the hosts of the largest mesh Weft is made for. */
const maxCachedKeys = 4096;

/** Reads this host's key from its storage, or makes one at the first start. */
export async function loadIdentity(storage: IdentityStorage, log: Log): Promise<Identity> {
  const stored = await storage.read(file);
  if (stored?.length === seedBytes) return identityFromSeed(stored);
  if (stored !== undefined) await storage.setAside(file, `has ${stored.length} bytes, and a key has ${seedBytes}`);
  const identity = createIdentity();
  await storage.write(file, identity.seed);
  log.info({ host: identity.hostId }, 'made a new identity for this host');
  return identity;
}

/** An identity that nobody has yet. */
export function createIdentity(): Identity {
  const der = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
  return identityFromSeed(der.subarray(-seedBytes));
}

/** The identity whose private key is `seed`. */
export function identityFromSeed(seed: Uint8Array): Identity {
  const privateKey = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' });
  const publicKeys = new LRUCache<HostId, KeyObject>({ max: maxCachedKeys });
  const keyOf = (owner: HostId) => {
    const key = publicKeys.get(owner) ?? publicKeyOf(owner);
    publicKeys.set(owner, key);
    return key;
  };
  return {
    hostId: hostIdOf(createPublicKey(privateKey)),
    seed: Uint8Array.from(seed),
    sign: (bytes) => signBytes(null, bytes, privateKey),
    verify: (owner, bytes, signature) => {
      try {
        return verifyBytes(null, bytes, keyOf(owner), signature);
      } catch {
        return false;
      }
    },
    verifyAhead: (owner, bytes, signature) =>
      new Promise((resolve) => {
        try {
          verifyBytes(null, bytes, keyOf(owner), signature, (error, isGood) => resolve(error === null && isGood));
        } catch {
          resolve(false);
        }
      }),
  };
}

function hostIdOf(publicKey: KeyObject): HostId {
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length);
  const id = parseHostId(peerIdFromPublicKey(publicKeyFromRaw(raw)).toString());
  if (!id.ok) throw new Error(id.problem);
  return id.value;
}

/** The key that a host id is made of; throws where it is made of none. */
function publicKeyOf(host: HostId): KeyObject {
  const raw = peerIdFromString(host).publicKey?.raw;
  if (raw === undefined) throw new Error(`${host} holds no key`);
  return createPublicKey({ key: Buffer.concat([publicPrefix, raw]), format: 'der', type: 'spki' });
}
