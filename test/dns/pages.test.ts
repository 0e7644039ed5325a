import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstWord, lineOctets, Pages, roomLines, wordOctets } from '../../src/dns/pages.ts';

const lineWords = lineOctets / wordOctets;

describe('rooms for answers', () => {
  it('never share a word, whatever is taken and given back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(1_500_000)), { maxLength: 40 }), (steps) => {
        const pages = new Pages();
        const taken: { room: number; lines: number; mark: number }[] = [];
        for (const [step, [choice, octets]] of steps.entries()) {
          const gone = choice < 4 ? taken.splice(choice, 1)[0] : undefined;
          if (gone !== undefined) pages.give(gone.room, gone.lines);
          const lines = roomLines(choice === 9 ? octets : octets % 700);
          if (lines === 0) continue;
          const room = pages.take(lines);
          taken.push({ room, lines, mark: step + 1 });
          wordsOf(pages, room, lines).fill(step + 1);
        }
        expect(taken.every(({ room, lines, mark }) => isAll(wordsOf(pages, room, lines), lines, mark))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('hold what was asked for, and at most an eighth more once they are large', () => {
    for (const octets of [1, 64, 65, 128, 512, 513, 1000, 65_535, 3_000_000]) {
      const room = roomLines(octets) * lineOctets;
      expect(room).toBeGreaterThanOrEqual(octets);
      expect(room).toBeLessThan(octets * 1.125 + lineOctets);
    }
  });

  it('are used again, so that change takes no memory', () => {
    const pages = new Pages();
    const rooms = new Set<number>();
    for (let round = 0; round < 1000; round++) {
      const now = [2, 3, 17, 20_000].map((lines) => [pages.take(lines), lines] as const);
      for (const [room, lines] of now) {
        rooms.add(room);
        pages.give(room, lines);
      }
    }
    expect(rooms.size).toBe(4);
  });
});

function wordsOf(pages: Pages, room: number, lines: number): Int32Array {
  const from = firstWord(room);
  return pages.page(room).words.subarray(from, from + lines * lineWords);
}

function isAll(words: Int32Array, lines: number, mark: number): boolean {
  return words.length === lines * lineWords && words.every((word) => word === mark);
}
