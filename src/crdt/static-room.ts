import type { HostId } from '../record.ts';
import { type Edit, weightOf } from './static-edit.ts';

/**
 * Octets of edits kept of all writers: eight with all that one may have, or hundreds with what operators really make.
 * Beyond it a writer may have `fairBytes`, a few dozen records, and as much again to remove; so a member that invents
 * writers fills no memory, and nobody is kept from a record or two.
 */
const maxBytes = 16 * 1024 * 1024;
const fairBytes = 8 * 1024;
/**
 * Octets of edits that one writer may keep alive: five thousand records and more. It sees to that itself, by removing its
 * oldest; others grant it room to do so.
 */
export const maxWriterBytes = 2 * 1024 * 1024;
const writerSlack = 512 * 1024;
/**
 * Writers that are no host here, and beside them writers that are: as many as there may be hosts, each of which leaves
 * its newest edit behind. So no number of invented writers keeps out a host that the mesh knows; and as a member may
 * invent hosts too, and let them go again, there is an end to both.
 */
const maxStrangers = 5_000;
const maxWriters = 2 * maxStrangers;

/** The room that static records have here, of which each writer's edits take a part. */
export class StaticRoom {
  readonly #held = new Map<HostId, number>();
  /** Of these, what edits take that add nothing. */
  readonly #removing = new Map<HostId, number>();
  readonly #isHost: (writer: HostId) => boolean;
  #total = 0;
  /** Writers that were no host here when they came. */
  #strangers = 0;

  /** What is left beside these; `isHost` tells whom the mesh knows. */
  constructor(kept: Iterable<Edit>, isHost: (writer: HostId) => boolean) {
    this.#isHost = isHost;
    for (const edit of kept) this.hold(edit);
  }

  /** Octets that the writer's edits take. */
  of(writer: HostId): number {
    return this.#held.get(writer) ?? 0;
  }

  /** Whether a writer may have one more edit. */
  fits(edit: Edit): boolean {
    const { writer, added } = edit;
    const more = weightOf(edit);
    if (this.of(writer) + more > maxWriterBytes + writerSlack) return false;
    return added.length > 0 ? this.fitsRecords(writer, more) : this.fitsRemoval(writer, more);
  }

  /** Whether a writer may have so many octets of records more; of its own it has removed what is too much. */
  fitsRecords(writer: HostId, octets: number): boolean {
    return this.#takes(writer, this.of(writer), octets);
  }

  /** Whether a writer may have so many octets more of edits that remove. */
  fitsRemoval(writer: HostId, octets: number): boolean {
    return this.#takes(writer, this.#removing.get(writer) ?? 0, octets);
  }

  hold(edit: Edit): void {
    const { writer, added } = edit;
    const bytes = weightOf(edit);
    this.#total += bytes;
    if (!this.#held.has(writer) && !this.#isHost(writer)) this.#strangers += 1;
    this.#held.set(writer, this.of(writer) + bytes);
    if (added.length === 0) this.#removing.set(writer, (this.#removing.get(writer) ?? 0) + bytes);
  }

  /** Whether there is room for so many octets more beside the writer's `own`, and for the writer itself. */
  #takes(writer: HostId, own: number, more: number): boolean {
    if (!this.#held.has(writer) && !this.#hasSeat(writer)) return false;
    return this.#total + more <= maxBytes || own + more <= fairBytes;
  }

  /** Whether there is room for one more writer. */
  #hasSeat(writer: HostId): boolean {
    return this.#held.size < maxWriters && (this.#strangers < maxStrangers || this.#isHost(writer));
  }
}
