/** RFC 1035 section 4.2.2: over TCP each message comes after its length in two octets. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(lengthOctets + message.length);
  framed.set([message.length >> 8, message.length & 0xff]);
  framed.set(message, lengthOctets);
  return framed;
}

/** Puts messages together from the pieces a stream delivers; holds less than one message and one piece. */
export class Deframer {
  #octets = new Uint8Array(initialOctets);
  #filled = 0;

  /** Returns the messages that are whole now, each with octets of its own. */
  push(piece: Uint8Array): Uint8Array[] {
    this.#reserve(this.#filled + piece.length);
    this.#octets.set(piece, this.#filled);
    this.#filled += piece.length;
    const messages: Uint8Array[] = [];
    let start = 0;
    for (let end = this.#endOf(start); end <= this.#filled; end = this.#endOf(start)) {
      messages.push(this.#octets.slice(start + lengthOctets, end));
      start = end;
    }
    this.#octets.copyWithin(0, start, this.#filled);
    this.#filled -= start;
    return messages;
  }

  /** Where the message that starts there ends; beyond what came as long as not even its length did. */
  #endOf(start: number): number {
    if (start + lengthOctets > this.#filled) return Number.POSITIVE_INFINITY;
    return start + lengthOctets + (((this.#octets[start] ?? 0) << 8) | (this.#octets[start + 1] ?? 0));
  }

  #reserve(octets: number): void {
    if (octets <= this.#octets.length) return;
    const larger = new Uint8Array(Math.max(octets, 2 * this.#octets.length));
    larger.set(this.#octets.subarray(0, this.#filled));
    this.#octets = larger;
  }
}

const lengthOctets = 2;
/** Most answers fit; a larger one doubles it. */
const initialOctets = 2_048;
