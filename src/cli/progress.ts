import type { Context } from './context.ts';

/** From so many on it is long work; fewer lines than that are read as they are. */
const many = 100;
/** A person watches the one, and reads the other in a log. */
const tellEveryMs = { terminal: 200, log: 5_000 };
/** ECMA-48: to the beginning of the line, erase to its end. */
const redraw = '\r\u001b[K';

/** Says how far long work has come: on a terminal in one line that is redrawn, elsewhere in a remark now and then. */
export class Progress {
  readonly #context: Context;
  readonly #total: number;
  readonly #startedAt: number;
  #toldAt: number;
  #done = 0;

  constructor(context: Context, total: number) {
    this.#context = context;
    this.#total = total;
    this.#startedAt = context.now();
    this.#toldAt = this.#startedAt;
  }

  /** Whether it stands for a line for each thing done, of which a terminal would only keep the last. */
  get replacesLines(): boolean {
    return this.#isLong && this.#context.terminal !== undefined;
  }

  advance(count: number): void {
    this.#done += count;
    const now = this.#context.now();
    const { terminal } = this.#context;
    if (!this.#isLong || now - this.#toldAt < (terminal ? tellEveryMs.terminal : tellEveryMs.log)) return;
    this.#toldAt = now;
    this.#tell(now, false);
  }

  /** The last word, also where the work could not go on. */
  end(): void {
    if (this.#isLong) this.#tell(this.#context.now(), true);
  }

  get #isLong(): boolean {
    return this.#total > many;
  }

  #tell(now: number, last: boolean): void {
    const seconds = (now - this.#startedAt) / 1_000;
    const rate = seconds > 0 ? `, ${inThousands(this.#done / seconds)} a second` : '';
    const line = `${inThousands(this.#done)} of ${inThousands(this.#total)} records done${rate}`;
    if (this.#context.terminal) this.#context.out(`${redraw}${line}${last ? '\n' : ''}`);
    else this.#context.remark(`${line}\n`);
  }
}

function inThousands(count: number): string {
  return Math.round(count).toLocaleString('en');
}
