import type { RecordView, WatchEvent } from './replies.ts';

/** People count: node2 comes before node10. */
const order = new Intl.Collator('en', { numeric: true });

/** All records that the agent told of, in the order of their names. */
export class RecordList {
  readonly #records = new Map<string, readonly RecordView[]>();
  /** In their order; undefined while it has to be found anew, which costs too much to do for each event. */
  #names: readonly string[] | undefined;

  /** What is known of a name. */
  records(name: string): readonly RecordView[] {
    return this.#records.get(name) ?? [];
  }

  /** Takes an event in; a snapshot tells of all names, a change of those that changed. */
  apply(type: string, { names }: WatchEvent): void {
    if (type === 'snapshot') this.#records.clear();
    const before = this.#records.size;
    let came = 0;
    for (const { name, records } of names) {
      if (records.length > 0 && !this.#records.has(name)) came++;
      if (records.length > 0) this.#records.set(name, records);
      else this.#records.delete(name);
    }
    if (came > 0 || this.#records.size !== before) this.#names = undefined;
  }

  /** Every record that `wanted` lets pass. */
  rows(wanted: (record: RecordView) => boolean): RecordView[] {
    this.#names ??= [...this.#records.keys()].sort(order.compare);
    return this.#names.flatMap((name) => this.#records.get(name)?.filter(wanted) ?? []);
  }
}

/** How many records are in each state, and under `shadowed` those that this host never answers with. */
export function countStates(records: readonly RecordView[]): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (state: string) => counts.set(state, (counts.get(state) ?? 0) + 1);
  for (const { state, shadowed } of records) {
    add(state);
    if (shadowed !== undefined) add('shadowed');
  }
  return counts;
}

/** What an engine calls every container by itself: the beginning of its id, beside all the names that people gave it. */
export function isShortId(name: string): boolean {
  return /^[0-9a-f]{12}$/.test(name);
}
