import type { Name, StaticData, StaticRecord } from '../record.ts';

/** What all names have that no operator made. */
const none: readonly never[] = [];

/** The static records that are in use, by name. Two made on different hosts with equal data are one. */
export class StaticTable {
  readonly #byKey = new Map<string, StaticRecord>();
  readonly #byName = new Map<Name, Map<string, StaticRecord>>();

  names(): Iterable<Name> {
    return this.#byName.keys();
  }

  /** A name's records, in one order on every host. */
  of(name: Name): readonly StaticRecord[] {
    const records = this.#byName.get(name);
    if (records === undefined) return none;
    const ordered = [...records].sort(([one], [other]) => (one < other ? -1 : 1));
    const unique = new Map(ordered.map(([, record]) => [dataKey(record.data), record]));
    return [...unique].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, record]) => record);
  }

  /** Sets or removes the record with this key; returns the names that changed. */
  set(key: string, record: StaticRecord | undefined): Name[] {
    const before = this.#byKey.get(key);
    if (before !== undefined) this.#drop(key, before.name);
    if (record !== undefined) {
      this.#byKey.set(key, record);
      this.#byName.set(record.name, (this.#byName.get(record.name) ?? new Map()).set(key, record));
    }
    return [before, record].flatMap((each) => (each === undefined ? [] : [each.name]));
  }

  #drop(key: string, name: Name): void {
    this.#byKey.delete(key);
    const records = this.#byName.get(name);
    records?.delete(key);
    if (records?.size === 0) this.#byName.delete(name);
  }
}

/** One text for each content, whatever order its fields came in. */
export function dataKey(data: StaticData): string {
  switch (data.type) {
    case 'address':
      return `address ${data.address}`;
    case 'cname':
      return `cname ${data.target}`;
    case 'txt':
      return `txt ${data.text}`;
    case 'srv':
      return `srv ${data.priority} ${data.weight} ${data.port} ${data.target}`;
  }
}
