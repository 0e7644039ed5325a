/** Up to here a list grows by one: a list that is pushed to has room for sixteen more, which is for those with many. */
const fewValues = 4;

/** A map from keys to several values each, of which most keys have one: that one takes no list. */
export class Multimap<K, V extends object | string> {
  readonly #values = new Map<K, V | V[]>();

  keys(): Iterable<K> {
    return this.#values.keys();
  }

  count(key: K): number {
    const values = this.#values.get(key);
    return Array.isArray(values) ? values.length : Number(values !== undefined);
  }

  /** In the order in which they were added, unless they were sorted. */
  get(key: K): readonly V[] {
    const values = this.#values.get(key);
    if (values === undefined) return nothing;
    return Array.isArray(values) ? values : [values];
  }

  /** Adds it, but not twice in a row; returns how many there are. */
  add(key: K, value: V): number {
    const values = this.#values.get(key);
    if (!Array.isArray(values)) {
      if (values === value) return 1;
      this.#values.set(key, values === undefined ? value : [values, value]);
      return values === undefined ? 1 : 2;
    }
    if (values.at(-1) === value) return values.length;
    if (values.length >= fewValues) return values.push(value);
    this.#values.set(key, values.concat(value));
    return values.length + 1;
  }

  /** Removes it once, if it is there; returns how many are left. */
  delete(key: K, value: V): number {
    const values = this.#values.get(key);
    if (!Array.isArray(values)) {
      if (values === value) this.#values.delete(key);
      return this.#values.has(key) ? 1 : 0;
    }
    const at = values.indexOf(value);
    if (at >= 0) values.splice(at, 1);
    const [last] = values;
    if (values.length === 1 && last !== undefined) this.#values.set(key, last);
    return values.length;
  }

  sort(key: K, compare: (one: V, other: V) => number): void {
    const values = this.#values.get(key);
    if (Array.isArray(values)) values.sort(compare);
  }
}

const nothing: readonly never[] = [];
