import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Multimap } from '../src/multimap.ts';

const [one, two, three] = [{ number: 1 }, { number: 2 }, { number: 3 }];

describe('a map to several values', () => {
  it('has them in the order in which they came, and each once when it comes twice in a row', () => {
    const map = new Multimap<string, object>();
    expect([one, one, two, two, one, three].map((value) => map.add('a', value))).toEqual([1, 1, 2, 2, 3, 4]);
    expect(map.get('a')).toEqual([one, two, one, three]);
    expect(map.get('b')).toEqual([]);
    expect([...map.keys()]).toEqual(['a']);
  });

  it('sorts a list when it is told to', () => {
    const map = new Multimap<string, { number: number }>();
    for (const value of [three, one, two]) map.add('a', value);
    map.sort('a', (left, right) => left.number - right.number);
    map.sort('nobody', () => 0);
    expect(map.get('a')).toEqual([one, two, three]);
  });

  it('gives a list that does not change with it where there is one value', () => {
    const map = new Multimap<string, object>();
    map.add('a', one);
    const list = map.get('a');
    map.add('a', two);
    expect(list).toEqual([one]);
  });

  it('is what a map of lists would be, whatever is added and removed', () => {
    const values = Array.from({ length: 12 }, (_, number) => ({ number }));
    const step = fc.tuple(fc.boolean(), fc.constantFrom('a', 'b'), fc.constantFrom(...values));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const map = new Multimap<string, object>();
        const model = new Map<string, object[]>();
        for (const [adds, key, value] of steps) {
          const list = model.get(key) ?? [];
          const at = list.indexOf(value);
          if (adds && list.at(-1) !== value) list.push(value);
          if (!adds && at >= 0) list.splice(at, 1);
          if (list.length > 0) model.set(key, list);
          else model.delete(key);
          expect(adds ? map.add(key, value) : map.delete(key, value)).toBe(list.length);
        }
        expect([...map.keys()].map((key) => [key, map.get(key)])).toEqual([...model]);
      }),
    );
  });
});
