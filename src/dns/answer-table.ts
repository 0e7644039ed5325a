import type { Answer } from './answers.ts';
import type { NameWords } from './name-words.ts';

const minSlots = 1024;

/** What a table needs to know of answers. */
export interface Comparison {
  isFor(answer: Answer, name: NameWords, type: number, group: number): boolean;
}

/**
 * Compiled answers by the hash of their question: open addressing. Each slot is two words, a hash and an answer, so that
 * a look-up touches one line of memory before the answer's own.
 */
export class AnswerTable {
  private readonly comparison: Comparison;
  private slots = new Int32Array(minSlots * 2);
  private mask = minSlots - 1;
  private count = 0;

  constructor(comparison: Comparison) {
    this.comparison = comparison;
  }

  get size(): number {
    return this.count;
  }

  /** The answer to a question; it may no longer be current. */
  find(hash: number, name: NameWords, type: number, group: number): Answer | undefined {
    const { slots, mask, comparison } = this;
    for (let slot = hash & mask; slots[slot * 2] !== 0; slot = (slot + 1) & mask) {
      if (slots[slot * 2] !== hash) continue;
      const answer = slots[slot * 2 + 1] ?? 0;
      if (comparison.isFor(answer, name, type, group)) return answer;
    }
    return undefined;
  }

  /** Adds the answer to a question that has none here. */
  add(hash: number, answer: Answer): void {
    if (this.count * 2 > this.mask) this.grow();
    this.place(hash, answer);
    this.count++;
  }

  remove(hash: number, answer: Answer): void {
    const { slots, mask } = this;
    let slot = hash & mask;
    while (slots[slot * 2] !== hash || slots[slot * 2 + 1] !== answer) {
      if (slots[slot * 2] === 0) return;
      slot = (slot + 1) & mask;
    }
    this.count--;
    slots[slot * 2] = 0;
    // Whoever had to step aside for the one that is gone moves up, so that no search ends too early.
    for (let next = (slot + 1) & mask; slots[next * 2] !== 0; next = (next + 1) & mask) {
      const moved = slots[next * 2] ?? 0;
      slots[next * 2] = 0;
      this.place(moved, slots[next * 2 + 1] ?? 0);
    }
  }

  clear(): void {
    this.count = 0;
    this.slots = new Int32Array(minSlots * 2);
    this.mask = minSlots - 1;
  }

  private place(hash: number, answer: Answer): void {
    const { slots, mask } = this;
    let slot = hash & mask;
    while (slots[slot * 2] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = answer;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.mask = old.length - 1;
    for (let at = 0; at < old.length; at += 2) if (old[at] !== 0) this.place(old[at] ?? 0, old[at + 1] ?? 0);
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
