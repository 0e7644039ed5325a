/** Octets of a page: hundreds of answers, so that a page that is kept for one of them wastes little. */
const pageOctets = 64 * 1024;
/** Octets of a word. */
export const wordOctets = 4;

/** Memory that is written by octets and copied by words, which takes a quarter of the steps. */
export interface Page {
  readonly octets: Buffer;
  readonly words: Int32Array;
}

/** Room for compiled answers, side by side: an object for each would cost five times the memory and the cache misses. */
export class Pages {
  private page = newPage(pageOctets);
  private used = 0;

  /** Where so many octets may be kept, at the start of a word; the page lives as long as somebody refers to it. */
  take(octets: number): { readonly page: Page; readonly at: number } {
    if (octets > pageOctets) return { page: newPage(octets), at: 0 };
    if (this.used + octets > pageOctets) {
      this.page = newPage(pageOctets);
      this.used = 0;
    }
    const at = this.used;
    this.used += wholeWords(octets) * wordOctets;
    return { page: this.page, at };
  }
}

/** A page of so many octets, filled up to whole words. */
export function newPage(octets: number): Page {
  const memory = new ArrayBuffer(wholeWords(octets) * wordOctets);
  return { octets: Buffer.from(memory), words: new Int32Array(memory) };
}

/** The number of words that hold so many octets. */
export function wholeWords(octets: number): number {
  return (octets + wordOctets - 1) >> 2;
}
