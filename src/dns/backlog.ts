import type { Name, NameEntry } from '../record.ts';

/** Names that one message hands over: reading it takes about a millisecond, in which no question is answered. */
const maxNames = 128;
/** Owners of them together, where more wait than one message takes: names that every host has would come in one. */
const maxOwners = 1_024;

/**
 * Names that a thread is to be told of, in the order in which they changed first. Each waits once, as it is known last: a
 * thread that is behind hears less of what came between, and what waits is never more than all that is known.
 */
export class Backlog {
  private readonly waiting = new Map<Name, NameEntry>();

  get size(): number {
    return this.waiting.size;
  }

  /** Whether one message tells of all. */
  get isLittle(): boolean {
    return this.size <= maxNames;
  }

  add(entries: readonly NameEntry[]): void {
    for (const entry of entries) this.waiting.set(entry.name, entry);
  }

  /** What the next message tells of; all that waits, if it is little: mostly that is one change, and stays whole. */
  take(): NameEntry[] {
    const { isLittle } = this;
    const taken: NameEntry[] = [];
    let owners = 0;
    for (const entry of this.waiting.values()) {
      owners += entry.owners.length;
      const isFull = taken.length === maxNames || (owners > maxOwners && taken.length > 0);
      if (isFull && !isLittle) break;
      taken.push(entry);
    }
    for (const { name } of taken) this.waiting.delete(name);
    return taken;
  }
}
