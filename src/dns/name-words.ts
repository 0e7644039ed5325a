import { headerOctets, maxNameOctets } from './wire.ts';

const wordOctets = 4;

/**
 * The name of a question, four octets to a word: it is hashed and compared in a quarter of the steps. A word holds its
 * octets as memory does where Node runs, the first one lowest, so that it equals a word of a page with the same octets.
 */
export class NameWords {
  readonly words = new Int32Array(Math.ceil(maxNameOctets / wordOctets));
  /** Words in use, of which the last may be a part; never 0. */
  count = 1;
  /** The bits of the last word that belong to the name. */
  lastMask = 0;

  /** Takes over the name between the header and `nameEnd`, with its root label; returns its hash in any case of letters, never 0. */
  read(bytes: Uint8Array, nameEnd: number): number {
    const { words } = this;
    let hash = 0;
    let count = 0;
    let at = headerOctets;
    for (; at + wordOctets <= nameEnd; at += wordOctets) {
      const word = wordAt(bytes, at);
      words[count++] = word;
      hash = hashStep(hash, word);
    }
    this.lastMask = -1;
    if (at < nameEnd) {
      this.lastMask = (1 << (8 * (nameEnd - at))) - 1;
      // Type and class lie behind the name: there are octets enough for a whole word.
      const word = wordAt(bytes, at) & this.lastMask;
      words[count++] = word;
      hash = hashStep(hash, word);
    }
    this.count = count;
    return hash === 0 ? 1 : hash;
  }

  /** Whether it is the name at word `first` of a page, letter by letter. */
  isSpelledAs(page: Int32Array, first: number): boolean {
    const { words } = this;
    const last = this.count - 1;
    let differences = ((page[first + last] ?? 0) ^ (words[last] ?? 0)) & this.lastMask;
    for (let index = 0; index < last; index++) differences |= (page[first + index] ?? 0) ^ (words[index] ?? 0);
    return differences === 0;
  }

  /** The same in any case of letters; RFC 4343 section 3. */
  equals(page: Int32Array, first: number): boolean {
    const { words } = this;
    const last = this.count - 1;
    for (let index = 0; index < last; index++)
      if (folded(page[first + index] ?? 0) !== folded(words[index] ?? 0)) return false;
    return folded((page[first + last] ?? 0) & this.lastMask) === folded(words[last] ?? 0);
  }

  /** Writes it into a page, over the same name in other letters. */
  spell(page: Int32Array, first: number): void {
    const { words } = this;
    const last = this.count - 1;
    for (let index = 0; index < last; index++) page[first + index] = words[index] ?? 0;
    page[first + last] = ((page[first + last] ?? 0) & ~this.lastMask) | (words[last] ?? 0);
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

function hashStep(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ folded(word), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/**
 * Lower case of four octets at once. The highest bit of an octet's sum tells whether it is past a bound; no sum reaches
 * the octet above, since only seven bits of each are added to. Length octets are below every letter and stay.
 */
function folded(word: number): number {
  const low = word & 0x7f7f7f7f;
  const fromA = low + 0x3f3f3f3f;
  const pastZ = low + 0x25252525;
  return word | ((fromA & ~pastZ & ~word & 0x80808080) >>> 2);
}
