/**
 * SipHash-2-4 with a key of 16 octets (Aumasson and Bernstein); the hash that RFC 9018 section 4.4 asks for.
 * Its 64-bit words are pairs of 32-bit halves, the lower first, because bit operations here work on 32 bits.
 */
export function sipHash(key: Uint8Array, message: Uint8Array): Buffer {
  const state = Int32Array.from(initial);
  for (let half = 0; half < 4; half++) {
    const word = wordAt(key, half * 4);
    flip(state, half, word);
    flip(state, half + 4, word);
  }
  const whole = message.length - (message.length % 8);
  for (let offset = 0; offset < whole; offset += 8) absorb(state, wordAt(message, offset), wordAt(message, offset + 4));
  const rest = Buffer.alloc(8);
  rest.set(message.subarray(whole));
  rest[7] = message.length & 0xff;
  absorb(state, wordAt(rest, 0), wordAt(rest, 4));
  flip(state, 4, 0xff);
  for (let round = 0; round < 4; round++) mix(state);
  rest.writeInt32LE(foldHalves(state, 0), 0);
  rest.writeInt32LE(foldHalves(state, 1), 4);
  return rest;
}

/** "somepseudorandomlygeneratedbytes", v0 to v3. */
const initial = [0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462];

function absorb(state: Int32Array, low: number, high: number): void {
  flip(state, 6, low);
  flip(state, 7, high);
  mix(state);
  mix(state);
  flip(state, 0, low);
  flip(state, 1, high);
}

/** One round: add, rotate and exclusive or, on v0 to v3 at 0, 2, 4 and 6. */
function mix(state: Int32Array): void {
  addRotate(state, 0, 2, 13);
  swap(state, 0);
  addRotate(state, 4, 6, 16);
  addRotate(state, 0, 6, 21);
  addRotate(state, 4, 2, 17);
  swap(state, 4);
}

/** One += other; other = rotated left by `bits`; other ^= one. */
function addRotate(state: Int32Array, one: number, other: number, bits: number): void {
  const [low, high] = [state[other] ?? 0, state[other + 1] ?? 0];
  const sum = ((state[one] ?? 0) >>> 0) + (low >>> 0);
  state[one] = sum;
  state[one + 1] = (state[one + 1] ?? 0) + high + (sum > 0xffffffff ? 1 : 0);
  state[other] = ((low << bits) | (high >>> (32 - bits))) ^ (state[one] ?? 0);
  state[other + 1] = ((high << bits) | (low >>> (32 - bits))) ^ (state[one + 1] ?? 0);
}

/** Rotated by 32. */
function swap(state: Int32Array, word: number): void {
  const low = state[word] ?? 0;
  state[word] = state[word + 1] ?? 0;
  state[word + 1] = low;
}

function flip(state: Int32Array, half: number, bits: number): void {
  state[half] = (state[half] ?? 0) ^ bits;
}

function foldHalves(state: Int32Array, half: number): number {
  return (state[half] ?? 0) ^ (state[half + 2] ?? 0) ^ (state[half + 4] ?? 0) ^ (state[half + 6] ?? 0);
}

function wordAt(octets: Uint8Array, offset: number): number {
  const [low, high] = [(octets[offset] ?? 0) | ((octets[offset + 1] ?? 0) << 8), octets[offset + 2] ?? 0];
  return low | (high << 16) | ((octets[offset + 3] ?? 0) << 24);
}
