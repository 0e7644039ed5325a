/** Octets of a page: hundreds of answers, so that a page that is kept for one of them wastes little. */
const pageOctets = 64 * 1024;

/** Room for compiled answers, side by side: an object for each would cost five times the memory and the cache misses. */
export class Pages {
  private page = Buffer.alloc(pageOctets);
  private used = 0;

  /** Where so many octets may be kept; the page lives as long as somebody refers to it. */
  take(octets: number): { readonly page: Buffer; readonly at: number } {
    if (octets > pageOctets) return { page: Buffer.alloc(octets), at: 0 };
    if (this.used + octets > pageOctets) {
      this.page = Buffer.alloc(pageOctets);
      this.used = 0;
    }
    const at = this.used;
    this.used += octets;
    return { page: this.page, at };
  }
}
