/** Octets of a word. */
export const wordOctets = 4;
/** Octets that a processor fetches at once, the unit of room: an answer of three addresses takes two fetches. */
export const lineOctets = 64;
const lineWordsShift = 4;
/** Lines of a page, as a power of two: a few pages hold 100,000 answers, so that the pages themselves are at hand. */
const pageShift = 14;
const pageLines = 1 << pageShift;
/** Rooms up to this many lines are as large as asked for; of larger ones there are this many sizes between powers of two. */
const fineLines = 8;

/** Memory that is written by octets and copied by words, which takes a quarter of the steps. */
export interface Page {
  readonly octets: Buffer;
  readonly words: Int32Array;
  /** For words that start anywhere. */
  readonly view: DataView;
}

/**
 * Memory for compiled answers, in rooms of whole lines side by side: with an object for each, a question for one of
 * 100,000 names took half as long again. A room is the number of its first line.
 */
export class Pages {
  private pages: Page[] = [];
  /** The first line that was never part of a room. */
  private next = 0;
  /** Rooms that were given back, by their lines. */
  private readonly free = new Map<number, number[]>();

  /** A room of so many lines, as `roomLines` gives them; what is in it is left from before. */
  take(lines: number): number {
    const used = this.free.get(lines)?.pop();
    if (used !== undefined) return used;
    const left = this.pages.length * pageLines - this.next;
    if (lines > left) this.addPage(lines);
    const room = this.next;
    // Whatever does not fit into a page has one of its own.
    this.next = lines > pageLines ? this.pages.length * pageLines : room + lines;
    return room;
  }

  /** Takes a room back. */
  give(room: number, lines: number): void {
    const rooms = this.free.get(lines);
    if (rooms === undefined) this.free.set(lines, [room]);
    else rooms.push(room);
  }

  /** Takes all rooms back. */
  clear(): void {
    this.pages = [];
    this.next = 0;
    this.free.clear();
  }

  /** The page of the room, which starts at its `firstWord`. */
  page(room: number): Page {
    return this.pages[room >>> pageShift] ?? noPage;
  }

  private addPage(lines: number): void {
    this.next = this.pages.length * pageLines;
    this.pages.push(newPage(Math.max(lines, pageLines) * lineOctets));
  }
}

/** Where a room starts in its page. */
export function firstWord(room: number): number {
  return (room & (pageLines - 1)) << lineWordsShift;
}

/** The lines of a room for so many octets; there are few sizes of large ones, so that each is of use again. */
export function roomLines(octets: number): number {
  const lines = Math.ceil(octets / lineOctets);
  if (lines <= fineLines) return lines;
  const step = 2 ** Math.floor(Math.log2(lines)) / fineLines;
  return Math.ceil(lines / step) * step;
}

/** A page of so many octets, filled up to whole words. */
export function newPage(octets: number): Page {
  const memory = new ArrayBuffer(wholeWords(octets) * wordOctets);
  return { octets: Buffer.from(memory), words: new Int32Array(memory), view: new DataView(memory) };
}

/** The number of words that hold so many octets. */
export function wholeWords(octets: number): number {
  return (octets + wordOctets - 1) >> 2;
}

/** For whoever has no room yet. */
export const noPage = newPage(0);
