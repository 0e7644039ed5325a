import { addressOctets } from './address-octets.ts';
import { sipHash } from './siphash.ts';

/** RFC 9018 section 4: version, reserved, timestamp, hash. */
const version = 1;
const clientOctets = 8;
/** Of a whole cookie: the client's part and ours. */
export const cookieOctets = 24;
/** Where the hash begins, of all that is before it and the client's address. */
const hashAt = 16;
/** RFC 9018 section 4.3: how old a cookie may be, and how far ahead of our clock. */
const maxAgeSeconds = 3600;
const maxAheadSeconds = 300;

/** Makes and checks server cookies (RFC 7873, RFC 9018): they prove that an asker gets what is sent to its address. */
export class CookieJar {
  private readonly secret: Uint8Array;
  private readonly wallSeconds: () => number;

  /** All threads and a successor on the same port share the 16 octets of `secret`. */
  constructor(secret: Uint8Array, wallSeconds: () => number) {
    this.secret = secret;
    this.wallSeconds = wallSeconds;
  }

  /** The whole cookie to send back to a client that sent `cookie`. */
  answer(cookie: Uint8Array, address: string): Buffer {
    return this.bake(cookie.subarray(0, clientOctets), address, this.wallSeconds() >>> 0);
  }

  /** Whether the cookie holds one of ours for that address, fresh enough. */
  isValid(cookie: Uint8Array, address: string): boolean {
    if (cookie.length !== cookieOctets || cookie[clientOctets] !== version) return false;
    const seconds = Buffer.from(cookie).readUInt32BE(clientOctets + 4);
    // RFC 1982: the clock of cookies may wrap around.
    const age = (this.wallSeconds() - seconds) | 0;
    if (age > maxAgeSeconds || age < -maxAheadSeconds) return false;
    return this.bake(cookie.subarray(0, clientOctets), address, seconds).equals(cookie);
  }

  private bake(client: Uint8Array, address: string, seconds: number): Buffer {
    const own = addressOctets(address);
    const hashed = Buffer.alloc(hashAt + own.length);
    hashed.set(client);
    hashed[clientOctets] = version;
    hashed.writeUInt32BE(seconds, clientOctets + 4);
    hashed.set(own, hashAt);
    return Buffer.concat([hashed.subarray(0, hashAt), sipHash(this.secret, hashed)]);
  }
}
