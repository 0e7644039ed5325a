import type { HostId } from '../record.ts';
import type { Edit } from './static-edit.ts';

/**
 * Octets of edits kept of all writers: eight with all that one may have, or hundreds with what operators really make.
 * Beyond it a writer may have `fairBytes`, a few dozen records, and still remove; so a member that invents writers fills
 * no memory, and nobody is kept from a record or two.
 */
const maxBytes = 16 * 1024 * 1024;
const fairBytes = 8 * 1024;
/** As many as there may be hosts: each leaves its newest edit behind. */
const maxWriters = 5_000;

/** The room that static records have here, of which each writer's edits take a part. */
export class StaticRoom {
  readonly #held = new Map<HostId, number>();
  #total = 0;

  /** What is left beside these. */
  constructor(kept: Iterable<Edit>) {
    for (const edit of kept) this.#hold(edit);
  }

  /** Takes one writer's edits, all or none: what is left out in between would count as removed. */
  take(writer: HostId, edits: readonly Edit[]): boolean {
    if (!this.#held.has(writer) && this.#held.size >= maxWriters) return false;
    const more = edits.reduce((sum, { envelope }) => sum + envelope.bytes.length, 0);
    const own = edits.some(({ added }) => added.length > 0) ? (this.#held.get(writer) ?? 0) : 0;
    if (this.#total + more > maxBytes && own + more > fairBytes) return false;
    for (const edit of edits) this.#hold(edit);
    return true;
  }

  #hold({ writer, envelope }: Edit): void {
    this.#held.set(writer, (this.#held.get(writer) ?? 0) + envelope.bytes.length);
    this.#total += envelope.bytes.length;
  }
}
