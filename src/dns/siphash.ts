/** "somepseudorandomlygeneratedbytes": v0 to v3, each the lower half first. */
const initial = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
] as const;
/** Rounds for each word, and at the end. */
const rounds = { word: 2, end: 4 };
const wordOctets = 8;

/**
 * SipHash-2-4 with a key of 16 octets (Aumasson and Bernstein); the hash that RFC 9018 section 4.4 asks for.
 * Bit operations here work on 32 bits, so that each of its 64-bit words is a pair: of v0 the lower half is `v0`, the upper
 * `u0`. All are local variables: in an array, or swapped by destructuring, they cost several times as much.
 */
export function sipHash(key: Uint8Array, message: Uint8Array): Buffer {
  const [k0, l0, k1, l1] = [halfAt(key, 0), halfAt(key, 4), halfAt(key, 8), halfAt(key, 12)];
  let [v0, u0, v1, u1] = [k0 ^ initial[0], l0 ^ initial[1], k1 ^ initial[2], l1 ^ initial[3]];
  let [v2, u2, v3, u3] = [k0 ^ initial[4], l0 ^ initial[5], k1 ^ initial[6], l1 ^ initial[7]];
  let half: number;
  // The last word has the octets that are left, zeros, and the length; after it comes the end.
  const words = Math.floor(message.length / wordOctets) + 1;
  for (let word = 0; word <= words; word++) {
    const isEnd = word === words;
    const length = word === words - 1 ? message.length << 24 : 0;
    const low = isEnd ? 0 : halfAt(message, word * wordOctets);
    const high = isEnd ? 0 : halfAt(message, word * wordOctets + 4) | length;
    if (isEnd) v2 ^= 0xff;
    v3 ^= low;
    u3 ^= high;
    for (let round = isEnd ? rounds.end : rounds.word; round > 0; round--) {
      // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
      v0 = (v0 + v1) | 0;
      u0 = (u0 + u1 + carried(v0, v1)) | 0;
      half = ((v1 << 13) | (u1 >>> 19)) ^ v0;
      u1 = ((u1 << 13) | (v1 >>> 19)) ^ u0;
      v1 = half;
      half = v0;
      v0 = u0;
      u0 = half;
      // v2 += v3; v3 <<<= 16; v3 ^= v2
      v2 = (v2 + v3) | 0;
      u2 = (u2 + u3 + carried(v2, v3)) | 0;
      half = ((v3 << 16) | (u3 >>> 16)) ^ v2;
      u3 = ((u3 << 16) | (v3 >>> 16)) ^ u2;
      v3 = half;
      // v0 += v3; v3 <<<= 21; v3 ^= v0
      v0 = (v0 + v3) | 0;
      u0 = (u0 + u3 + carried(v0, v3)) | 0;
      half = ((v3 << 21) | (u3 >>> 11)) ^ v0;
      u3 = ((u3 << 21) | (v3 >>> 11)) ^ u0;
      v3 = half;
      // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
      v2 = (v2 + v1) | 0;
      u2 = (u2 + u1 + carried(v2, v1)) | 0;
      half = ((v1 << 17) | (u1 >>> 15)) ^ v2;
      u1 = ((u1 << 17) | (v1 >>> 15)) ^ u2;
      v1 = half;
      half = v2;
      v2 = u2;
      u2 = half;
    }
    v0 ^= low;
    u0 ^= high;
  }
  const hash = Buffer.alloc(wordOctets);
  hash.writeInt32LE(v0 ^ v1 ^ v2 ^ v3, 0);
  hash.writeInt32LE(u0 ^ u1 ^ u2 ^ u3, 4);
  return hash;
}

/** What a sum of lower halves carries into the upper ones, seen by one of its parts. */
function carried(sum: number, part: number): number {
  return sum >>> 0 < part >>> 0 ? 1 : 0;
}

/** 32 bits, the lowest octet first; beyond the end all are zero. */
function halfAt(octets: Uint8Array, at: number): number {
  const low = (octets[at] ?? 0) | ((octets[at + 1] ?? 0) << 8);
  return low | ((octets[at + 2] ?? 0) << 16) | ((octets[at + 3] ?? 0) << 24);
}
