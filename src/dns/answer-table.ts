import type { Answer } from './answer.ts';
import type { NameWords } from './name-words.ts';

const minSlots = 1024;

/** Compiled answers by the hash of their question: open addressing, so that a look-up touches two arrays and the answer. */
export class AnswerTable {
  private hashes = new Int32Array(minSlots);
  private slots: (Answer | undefined)[] = new Array(minSlots).fill(undefined);
  private mask = minSlots - 1;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The answer to a question; it may no longer be current. */
  find(hash: number, name: NameWords, type: number, group: number): Answer | undefined {
    const { hashes, slots, mask } = this;
    for (let slot = hash & mask; hashes[slot] !== 0; slot = (slot + 1) & mask) {
      if (hashes[slot] !== hash) continue;
      const answer = slots[slot];
      if (answer?.answers(name, type, group)) return answer;
    }
    return undefined;
  }

  /** Adds an answer to a question that has none here. */
  add(answer: Answer): void {
    if (this.count * 2 >= this.slots.length) this.resize(this.slots.length * 2);
    this.place(answer);
    this.count++;
  }

  remove(answer: Answer): void {
    let slot = answer.hash & this.mask;
    while (this.slots[slot] !== answer) {
      if (this.slots[slot] === undefined) return;
      slot = (slot + 1) & this.mask;
    }
    this.count--;
    this.clearSlot(slot);
    // Whoever had to step aside for the one that is gone moves up, so that no search ends too early.
    for (let next = (slot + 1) & this.mask; ; next = (next + 1) & this.mask) {
      const moved = this.slots[next];
      if (moved === undefined) return;
      this.clearSlot(next);
      this.place(moved);
    }
  }

  clear(): void {
    this.count = 0;
    this.resize(minSlots, true);
  }

  private place(answer: Answer): void {
    let slot = answer.hash & this.mask;
    while (this.slots[slot] !== undefined) slot = (slot + 1) & this.mask;
    this.slots[slot] = answer;
    this.hashes[slot] = answer.hash;
  }

  private clearSlot(slot: number): void {
    this.slots[slot] = undefined;
    this.hashes[slot] = 0;
  }

  private resize(length: number, empty = false): void {
    const old = empty ? [] : this.slots;
    this.hashes = new Int32Array(length);
    this.slots = new Array(length).fill(undefined);
    this.mask = length - 1;
    for (const answer of old) if (answer !== undefined) this.place(answer);
  }
}

/** Mixes what makes a question into one number that is never 0. */
export function questionHash(nameHash: number, type: number, group: number): number {
  let hash = nameHash ^ Math.imul(type + 1, 0x9e3779b1) ^ Math.imul(group + 1, 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3ce5);
  hash ^= hash >>> 13;
  return hash === 0 ? 1 : hash;
}
