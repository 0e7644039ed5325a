import { describe, expect, it } from 'vitest';
import { emptyPools, poolOf } from '../src/pool.ts';
import { heldBy } from './support/held-by.ts';

describe('a pool', () => {
  it('makes one thing of all equal texts', () => {
    const made: string[] = [];
    const pool = poolOf((text) => {
      made.push(text);
      return text;
    });
    for (const text of ['web', 'db', 'web', 'db', 'web']) pool(text);
    expect(made).toEqual(['web', 'db']);
  });

  it('keeps nothing of what cannot be made', () => {
    let fails = true;
    const pool = poolOf((text) => {
      if (fails) throw new Error('not yet');
      return text;
    });
    expect(() => pool('web')).toThrow('not yet');
    fails = false;
    expect(pool('web')).toBe('web');
  });

  it('keeps what comes up again and again among tens of thousands that come once', () => {
    const pool = poolOf((text) => ({ text }));
    const web = pool('web');
    for (let index = 0; index < 50_000; index++) {
      pool(`once ${index}`);
      if (index % 1_000 === 0) expect(pool('web')).toBe(web);
    }
  });

  it('holds no more after fifty thousand texts than after eight thousand', () => {
    const fill = (texts: number) => () => {
      const pool = poolOf((text) => text);
      for (let index = 0; index < texts; index++) pool(`a text that nobody else holds, number ${index}`);
      return pool;
    };
    expect(heldBy(fill(50_000))).toBeLessThan(heldBy(fill(8_000)) * 1.5);
  });

  it('holds nothing when all pools were emptied, and makes things anew', () => {
    const pool = poolOf((text) => ({ text }));
    const web = pool('web');
    emptyPools();
    expect(pool('web')).toEqual(web);
    expect(pool('web')).not.toBe(web);
  });

  it('holds nothing of long texts', () => {
    const held = heldBy(() => {
      const pool = poolOf((text) => text);
      for (let index = 0; index < 4_000; index++) pool(`${index}`.padEnd(4_096, 'x'));
      return pool;
    });
    expect(held).toBeLessThan(1_000_000);
  });
});
