import type { Clock } from '../clock.ts';
import type { Name, NameEntry } from '../record.ts';
import type { RecordView } from './record-view.ts';

/** A name whose records changed, and what they are since. */
export interface NameChange {
  /** Counts changes of this agent from 1; all names that changed for one cause share it. */
  readonly revision: number;
  /** In milliseconds since 1970; for people. */
  readonly at: number;
  readonly name: Name;
  /** Each record in a few words, such as `A 192.0.2.7 running on host1`; put into words when first asked for. */
  readonly records: () => readonly string[];
}

/** A step in the history of a name. */
export interface HistoryStep {
  readonly at: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** A step of any name. */
export interface NamedStep extends HistoryStep {
  readonly name: Name;
  /** No earlier change of the name is kept: all that it had then counts as added. */
  readonly first: boolean;
}

/** The latest changes, to resume watch streams from and to tell the history of a name; of bounded size. */
export class ChangeLog {
  readonly #clock: Clock;
  readonly #kept: number;
  #changes: NameChange[] = [];
  #revision = 0;
  /** The latest revision of which a change was thrown away. */
  #lost = 0;

  constructor(clock: Clock, kept: number) {
    this.#clock = clock;
    this.#kept = kept;
  }

  /** The number of the latest change; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** Keeps one batch of changes; returns its revision. */
  add(changed: readonly NameEntry[], view: (entry: NameEntry) => readonly RecordView[]): number {
    this.#revision++;
    const at = this.#clock.wallNow();
    // Most are dropped unseen: a host that joins hears a hundred thousand of them at once.
    for (const entry of changed.slice(-this.#kept))
      this.#changes.push({
        revision: this.#revision,
        at,
        name: entry.name,
        records: once(() => view(entry).map(summary)),
      });
    if (changed.length > this.#kept) this.#lost = this.#revision;
    this.#trim();
    return this.#revision;
  }

  /** The names that changed after `revision`; undefined when that is too long ago, or was never, to tell. */
  namesSince(revision: number): ReadonlySet<Name> | undefined {
    if (!(revision >= this.#lost && revision <= this.#revision)) return undefined;
    return new Set(this.#changes.filter((change) => change.revision > revision).map((change) => change.name));
  }

  /** What became of a name, oldest first; the first step kept tells all it had then as added. */
  history(name: string): HistoryStep[] {
    return steps(this.#changes.filter((change) => change.name === name)).map(({ at, added, removed }) => ({
      at,
      added,
      removed,
    }));
  }

  /** The latest changes of all names, newest first. */
  latest(limit: number): NamedStep[] {
    return steps(this.#changes).slice(-limit).reverse();
  }

  /** Lets the list grow to twice what is kept, so that cutting it costs little for each change. */
  #trim(): void {
    if (this.#changes.length < 2 * this.#kept) return;
    const dropped = this.#changes.length - this.#kept;
    this.#lost = Math.max(this.#lost, this.#changes[dropped - 1]?.revision ?? 0);
    this.#changes = this.#changes.slice(dropped);
  }
}

/** What each change changed in the words of its summaries, beside the one before of the same name. */
function steps(changes: readonly NameChange[]): NamedStep[] {
  const before = new Map<Name, readonly string[]>();
  const all = changes.map(({ at, name, records: tell }) => {
    const records = tell();
    const last = before.get(name);
    before.set(name, records);
    return { at, name, added: without(records, last ?? []), removed: without(last ?? [], records), first: !last };
  });
  // What changed may be of no consequence here, such as a weight.
  return all.filter(({ added, removed }) => added.length + removed.length > 0);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function summary({ type, data, state, host }: RecordView): string {
  return `${type} ${data} ${state} on ${host.name}`;
}

function without(from: readonly string[], these: readonly string[]): string[] {
  return from.filter((each) => !these.includes(each));
}
