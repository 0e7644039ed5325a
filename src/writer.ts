import type { Clock } from './clock.ts';
import { fileProblem } from './file-problem.ts';
import type { Log } from './log.ts';
import { quote } from './record.ts';

/** Between two attempts to write what the disk did not take: an operator who made room for it sees it used while looking. */
const retryMs = 10_000;

export interface WriterParts {
  /** Replaces a file at once or not at all; rejects with the system's error. */
  readonly replace: (file: string, bytes: Uint8Array) => Promise<void>;
  readonly pathOf: (file: string) => string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Writes files one after another, each with the newest that was handed in, and again what the disk did not take. */
export class Writer {
  readonly #parts: WriterParts;
  /** Why something that was written is not on the disk, as one sentence; `undefined` once all is. */
  problem: string | undefined;
  /** What was said of each file. */
  readonly #reported = new Map<string, string>();
  /** A write that waits takes over newer bytes for its file, so a slow disk is never owed more than one write a file. */
  readonly #waiting = new Map<string, { bytes: Uint8Array; readonly done: Promise<void> }>();
  /** The newest bytes of each file whose last write failed. */
  readonly #unwritten = new Map<string, Uint8Array>();
  #last: Promise<void> = Promise.resolve();
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** Resolves when the disk took it, or did not: see `problem`. */
  write(file: string, bytes: Uint8Array): Promise<void> {
    const queued = this.#waiting.get(file);
    if (queued !== undefined) {
      queued.bytes = bytes;
      return queued.done;
    }
    this.#last = this.#last.then(() => {
      const latest = this.#waiting.get(file)?.bytes ?? bytes;
      this.#waiting.delete(file);
      return this.#attempt(file, latest);
    });
    this.#waiting.set(file, { bytes, done: this.#last });
    return this.#last;
  }

  /** Says once of each file why it was not written. */
  report(file: string, error: unknown): void {
    const { pathOf, log } = this.#parts;
    const next = `cannot write ${quote(pathOf(file))}: ${fileProblem(error)}`;
    if (next !== this.#reported.get(file)) log.error({ err: error }, next);
    this.#reported.set(file, next);
    this.problem = next;
  }

  /** Waits for the writes under way, and tries once more what failed; may be called twice. */
  async close(): Promise<void> {
    if (!this.#closed) this.#retry();
    this.#closed = true;
    await this.#last;
  }

  async #attempt(file: string, bytes: Uint8Array): Promise<void> {
    const { replace, clock } = this.#parts;
    try {
      await replace(file, bytes);
      this.#unwritten.delete(file);
      if (this.#unwritten.size === 0) this.#recovered(file);
    } catch (error) {
      this.report(file, error);
      this.#unwritten.set(file, bytes);
      if (!this.#closed) this.#cancelRetry ??= clock.after(retryMs, () => this.#retry());
    }
  }

  #retry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    // What failed when its turn comes: a write before it may have taken newer bytes to the disk.
    this.#last = this.#last.then(async () => {
      for (const [file, bytes] of [...this.#unwritten]) await this.#attempt(file, bytes);
    });
  }

  #recovered(file: string): void {
    if (this.problem !== undefined) this.#parts.log.info({ file }, 'the data directory can be written again');
    this.problem = undefined;
    this.#reported.clear();
  }
}
