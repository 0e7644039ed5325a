/** A 64-bit word as two halves, because numbers here hold 32 bits exactly in bit operations. */
interface Word {
  high: number;
  low: number;
}

/** SipHash-2-4 with a key of 16 octets (Aumasson and Bernstein); the hash that RFC 9018 section 4.4 asks for. */
export function sipHash(key: Uint8Array, message: Uint8Array): Buffer {
  const [key0, key1] = [wordAt(key, 0), wordAt(key, 8)];
  const state = [
    xored(key0, { high: 0x736f6d65, low: 0x70736575 }),
    xored(key1, { high: 0x646f7261, low: 0x6e646f6d }),
    xored(key0, { high: 0x6c796765, low: 0x6e657261 }),
    xored(key1, { high: 0x74656462, low: 0x79746573 }),
  ] as const;
  const padded = Buffer.alloc((Math.floor(message.length / 8) + 1) * 8);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  for (let offset = 0; offset < padded.length; offset += 8) {
    const word = wordAt(padded, offset);
    xor(state[3], word);
    rounds(state, 2);
    xor(state[0], word);
  }
  xor(state[2], { high: 0, low: 0xff });
  rounds(state, 4);
  const digest = state.reduce(xored, { high: 0, low: 0 });
  const octets = Buffer.alloc(8);
  octets.writeUInt32LE(digest.low >>> 0, 0);
  octets.writeUInt32LE(digest.high >>> 0, 4);
  return octets;
}

function rounds([v0, v1, v2, v3]: readonly [Word, Word, Word, Word], count: number): void {
  for (let round = 0; round < count; round++) {
    add(v0, v1);
    rotate(v1, 13);
    xor(v1, v0);
    rotate(v0, 32);
    add(v2, v3);
    rotate(v3, 16);
    xor(v3, v2);
    add(v0, v3);
    rotate(v3, 21);
    xor(v3, v0);
    add(v2, v1);
    rotate(v1, 17);
    xor(v1, v2);
    rotate(v2, 32);
  }
}

function add(word: Word, other: Word): void {
  const low = (word.low >>> 0) + (other.low >>> 0);
  word.high = (word.high + other.high + (low > 0xffffffff ? 1 : 0)) | 0;
  word.low = low | 0;
}

function xor(word: Word, other: Word): void {
  word.high ^= other.high;
  word.low ^= other.low;
}

function xored(word: Word, other: Word): Word {
  return { high: word.high ^ other.high, low: word.low ^ other.low };
}

/** To the left, by 32 or less. */
function rotate(word: Word, bits: number): void {
  const { high, low } = word;
  if (bits === 32) {
    word.high = low;
    word.low = high;
    return;
  }
  word.high = (high << bits) | (low >>> (32 - bits));
  word.low = (low << bits) | (high >>> (32 - bits));
}

function wordAt(octets: Uint8Array, offset: number): Word {
  const view = Buffer.from(octets.buffer, octets.byteOffset + offset, 8);
  return { low: view.readInt32LE(0), high: view.readInt32LE(4) };
}
