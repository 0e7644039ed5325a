import type { Answers, RecordView } from './replies.ts';

/** What becomes of a record when this host is asked for its name. */
export interface Verdict {
  readonly answered: boolean;
  /** A clause that says why. */
  readonly reason: string;
}

export interface AnswerBookHooks {
  /** Asks the agent about these names; the answers come in their order. Rejects where there is none. */
  ask(names: readonly string[]): Promise<Answers>;
  /** New verdicts are in the book. */
  changed(): void;
  /** Milliseconds, of any clock that goes on. */
  now(): number;
  /** Calls back after so many milliseconds. */
  after(milliseconds: number, run: () => void): void;
}

/** As the agent takes in one request, whose line must stay well below the 16 kB that Node reads. */
const mostNames = 100;
const mostCharacters = 8_000;
/** What a scroll passes by is not asked for, and names that change all the while only so often. */
const settleMs = 150;
/** An answer may change with more than its own records, such as who else is heard. */
const staleMs = 10_000;

interface Page {
  readonly at: number;
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** What names are answered with, asked for only where somebody looks, and again when a name changes. */
export class AnswerBook {
  readonly #hooks: AnswerBookHooks;
  readonly #pages = new Map<string, Page>();
  #wanted: readonly string[] = [];
  #isWaiting = false;
  /** Names that changed since they were last asked about. */
  #changed = new Set<string>();

  constructor(hooks: AnswerBookHooks) {
    this.#hooks = hooks;
  }

  /** What becomes of a record; undefined while it is not known. */
  verdict({ name, type, data, container }: RecordView): Verdict | undefined {
    const verdicts = this.#pages.get(name)?.verdicts;
    return verdicts?.get(keyOf(type, data, container?.name));
  }

  /** Somebody looks at these names, and at no others. */
  look(names: readonly string[]): void {
    this.#wanted = names;
    this.#wait();
  }

  /** These names changed; undefined stands for all. What was known is shown until the new answer is there. */
  changed(names: Iterable<string> = this.#pages.keys()): void {
    for (const name of names) this.#changed.add(name);
    this.#wait();
  }

  #wait(): void {
    if (this.#isWaiting || this.#due().length === 0) return;
    this.#isWaiting = true;
    this.#hooks.after(settleMs, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const names = this.#due();
    // What changes from here on has to be asked about again.
    this.#changed = new Set();
    // An agent that does not answer now is asked when it is looked at again; the page says elsewhere that it is gone.
    const answers = names.length > 0 ? await this.#hooks.ask(names).catch(() => undefined) : undefined;
    this.#isWaiting = false;
    if (answers === undefined) return;
    this.#keep(names, answers);
    this.#hooks.changed();
    this.#wait();
  }

  #keep(names: readonly string[], { answers }: Answers): void {
    // Who scrolls through a hundred thousand names need not keep them all.
    for (const name of this.#pages.keys()) if (!this.#wanted.includes(name)) this.#pages.delete(name);
    const at = this.#hooks.now();
    for (const [index, name] of names.entries()) {
      const records = answers[index]?.records ?? [];
      const verdicts = records.map(({ type, data, container, answered, reason }) => {
        return [keyOf(type, data, container), { answered, reason }] as const;
      });
      this.#pages.set(name, { at, verdicts: new Map(verdicts) });
    }
  }

  #due(): string[] {
    const since = this.#hooks.now() - staleMs;
    const isDue = (name: string) => this.#changed.has(name) || (this.#pages.get(name)?.at ?? since) <= since;
    let characters = 0;
    return this.#wanted
      .filter(isDue)
      .slice(0, mostNames)
      .filter((name) => {
        characters += name.length;
        return characters <= mostCharacters;
      });
  }
}

function keyOf(type: string, data: string, container: string | undefined): string {
  return JSON.stringify([type, data, container]);
}
