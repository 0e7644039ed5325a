import { type Dot, type Edit, encodeEdit, weightOf } from './static-edit.ts';
import { maxWriterBytes } from './static-room.ts';

/** This host's own records, the oldest of which make room for more where it has as many as one writer may have. */
export class OldestRecords {
  /** The oldest first. */
  readonly #edits: Edit[];
  readonly #isLiving: (dot: Dot) => boolean;
  #octets: number;

  constructor(edits: readonly Edit[], isLiving: (dot: Dot) => boolean) {
    this.#edits = [...edits];
    this.#isLiving = isLiving;
    this.#octets = edits.reduce((sum, edit) => sum + weightOf(edit), 0);
  }

  /** Gives up as many as make room for these; what the edit takes beside them goes with the next. */
  giveUpFor(added: readonly string[]): Dot[] {
    const more = encodeEdit(0, [], added).length;
    const dots: Dot[] = [];
    while (this.#octets + more > maxWriterBytes) {
      const edit = this.#edits.shift();
      if (edit === undefined) break;
      this.#octets -= weightOf(edit);
      const { writer, number } = edit;
      dots.push(...edit.added.keys().map((index) => ({ writer, number, index })));
    }
    return dots.filter(this.#isLiving);
  }

  /** Counts the edit that was to have the room: it is the newest. */
  add(edit: Edit): void {
    this.#edits.push(edit);
    this.#octets += weightOf(edit);
  }
}
