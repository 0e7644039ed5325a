/** RFC 1035 section 4.2.2: over TCP each message comes after its length in two octets. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(2 + message.length);
  framed.set([message.length >> 8, message.length & 0xff]);
  framed.set(message, 2);
  return framed;
}

/** Puts one message together from the pieces a stream delivers; holds no more than one message and its length. */
export class Deframer {
  #octets = new Uint8Array(initialOctets);
  #filled = 0;

  /** Returns the message once it is whole; `excess` when more came than that one message. */
  push(piece: Uint8Array): Uint8Array | 'excess' | undefined {
    if (this.#filled + piece.length > 2 + 65_535) return 'excess';
    this.#reserve(this.#filled + piece.length);
    this.#octets.set(piece, this.#filled);
    this.#filled += piece.length;
    if (this.#filled < 2) return undefined;
    const end = 2 + (((this.#octets[0] ?? 0) << 8) | (this.#octets[1] ?? 0));
    if (this.#filled > end) return 'excess';
    if (this.#filled < end) return undefined;
    this.#filled = 0;
    return this.#octets.slice(2, end);
  }

  #reserve(octets: number): void {
    if (octets <= this.#octets.length) return;
    const larger = new Uint8Array(Math.max(octets, 2 * this.#octets.length));
    larger.set(this.#octets.subarray(0, this.#filled));
    this.#octets = larger;
  }
}

/** Most answers fit; a larger one doubles it. */
const initialOctets = 2_048;
