import type { Change, Changes, RecordView, WatchEvent } from './replies.ts';

/** As many as fill the side of a large screen, and some to scroll; every other one may be of a short id. */
export const changesKept = 120;

/** What changed lately: as the agent tells it when a stream begins, and by the stream from then on. */
export class RecentChanges {
  /** Of this stream, newest first, with the revision of each. */
  #streamed: readonly { readonly revision: number; readonly change: Change }[] = [];
  #told: readonly Change[] = [];
  /** What was told holds all until this revision. */
  #toldUntil = Number.NEGATIVE_INFINITY;

  /** Newest first. */
  get all(): Change[] {
    return [...this.#streamed.map(({ change }) => change), ...this.#told].slice(0, changesKept);
  }

  /** A stream begins, perhaps of an agent that counts its revisions anew; what is shown stays until it is told again. */
  begin(): void {
    this.#told = this.all;
    this.#streamed = [];
    this.#toldUntil = Number.NEGATIVE_INFINITY;
  }

  /** Takes what the agent keeps for what came before; what the stream told since then stays. */
  tell({ changes, revision }: Changes): void {
    this.#told = changes;
    this.#toldUntil = revision;
    this.#streamed = this.#streamed.filter((each) => each.revision > revision);
  }

  /** Takes in an event of the stream, while `before` still tells what was known of each name; `at` is a wall time. */
  add({ names, revision }: WatchEvent, before: (name: string) => readonly RecordView[], at: number): void {
    if (revision <= this.#toldUntil) return;
    // Of ten thousand at once only the last can be seen.
    const changes = names.slice(-changesKept).flatMap(({ name, records }) => {
      const [old, young] = [before(name).map(inWords), records.map(inWords)];
      const [added, removed] = [without(young, old), without(old, young)];
      // What changed may be of no consequence here, such as a weight.
      return added.length + removed.length > 0 ? [{ at, name, added, removed, first: false }] : [];
    });
    const streamed = changes.map((change) => ({ revision, change })).reverse();
    this.#streamed = [...streamed, ...this.#streamed].slice(0, changesKept);
  }
}

/** As the agent words it in `/v1/changes`. */
function inWords({ type, data, state, host }: RecordView): string {
  return `${type} ${data} ${state} on ${host.name}`;
}

function without(from: readonly string[], these: readonly string[]): string[] {
  return from.filter((each) => !these.includes(each));
}
