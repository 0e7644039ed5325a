import type { Verdict } from './answer-book.ts';
import { element, setText } from './element.ts';
import type { RecordView } from './replies.ts';
import { age } from './words.ts';

/** Rows beyond both edges of what is seen, so that a fast wheel finds them there. */
const overscan = 8;

type Column = (record: RecordView, now: number, verdict: Verdict | undefined) => string;

const columns: readonly Column[] = [
  ({ name }) => name,
  ({ type, data }) => (type === 'A' || type === 'AAAA' ? data || 'no address' : `${type} ${data}`),
  (_record, _now, verdict) => (verdict === undefined ? '…' : verdict.answered ? 'answered' : 'left out'),
  ({ state, shadowed }) => (shadowed === undefined ? state : 'shadowed'),
  ({ container }) => container?.name ?? '',
  ({ container }) => container?.image ?? '',
  ({ host }) => host.name,
  ({ network }) => network ?? '',
  ({ since }, now) => age(now - since),
];

export interface RecordGridHooks {
  /** What becomes of a record when it is asked for; undefined while it is not known. */
  verdict(record: RecordView): Verdict | undefined;
  /** These names are in view, or close to it. */
  look(names: readonly string[]): void;
  choose(record: RecordView): void;
}

/**
 * The list of records, of which only the rows in view exist: ten thousand cost as much as forty. A grid for the
 * keyboard and for screen readers (ARIA APG, grid pattern): it keeps the focus and names its active row.
 */
export class RecordGrid {
  readonly #grid: HTMLElement;
  readonly #body: HTMLElement;
  readonly #hooks: RecordGridHooks;
  #pool: HTMLElement[] = [];
  #records: readonly RecordView[] = [];
  /** The row that the keyboard is on. */
  #active = 0;

  constructor(grid: HTMLElement, body: HTMLElement, hooks: RecordGridHooks) {
    this.#grid = grid;
    this.#body = body;
    this.#hooks = hooks;
    grid.addEventListener('scroll', () => this.#paint(), { passive: true });
    grid.addEventListener('keydown', (event) => this.#press(event));
    body.addEventListener('click', (event) => this.#click(event));
    new ResizeObserver(() => this.#paint()).observe(grid);
  }

  /** Shows these records; where the list is scrolled to, and which row is active, stays. */
  show(records: readonly RecordView[]): void {
    const was = this.#records[this.#active];
    this.#records = records;
    const at = was === undefined ? -1 : records.findIndex((record) => isSame(record, was));
    this.#active = Math.max(0, Math.min(at < 0 ? this.#active : at, records.length - 1));
    this.#grid.setAttribute('aria-rowcount', String(records.length + 1));
    this.#paint();
  }

  /** Puts the keyboard on the list. */
  focus(): void {
    this.#grid.focus();
  }

  /** Writes what depends on the time, and on answers, again. */
  refresh(): void {
    this.#paint();
  }

  get #rowHeight(): number {
    // The heading row is as high as each of the others, in every size of text.
    return this.#body.previousElementSibling?.clientHeight || 28;
  }

  #paint(): void {
    const height = this.#rowHeight;
    this.#body.style.height = `${this.#records.length * height}px`;
    const visible = Math.ceil(this.#grid.clientHeight / height) + 2 * overscan;
    const last = Math.max(0, this.#records.length - visible);
    const first = Math.min(last, Math.max(0, Math.floor(this.#grid.scrollTop / height) - overscan));
    while (this.#pool.length < visible) this.#pool.push(this.#body.appendChild(makeRow()));
    const now = Date.now();
    for (let index = first; index < first + this.#pool.length; index++) {
      const row = this.#pool[index % this.#pool.length];
      if (row) this.#fill(row, index, height, now);
    }
    const inView = this.#records.slice(first, first + this.#pool.length);
    this.#hooks.look([...new Set(inView.map(({ name }) => name))]);
    const isThere = this.#records.length > 0 && this.#active >= first && this.#active < first + this.#pool.length;
    if (isThere) this.#grid.setAttribute('aria-activedescendant', `record-${this.#active}`);
    else this.#grid.removeAttribute('aria-activedescendant');
  }

  #fill(row: HTMLElement, index: number, height: number, now: number): void {
    const record = this.#records[index];
    row.hidden = record === undefined;
    row.id = `record-${index}`;
    if (record === undefined) return;
    row.style.transform = `translateY(${index * height}px)`;
    row.dataset.index = String(index);
    row.dataset.state = record.shadowed === undefined ? record.state : 'shadowed';
    row.dataset.again = String(this.#records[index - 1]?.name === record.name);
    const verdict = this.#hooks.verdict(record);
    row.dataset.answered = String(verdict?.answered ?? '');
    row.title = record.shadowed ?? verdict?.reason ?? '';
    row.setAttribute('aria-rowindex', String(index + 2));
    row.setAttribute('aria-selected', String(index === this.#active));
    columns.forEach((column, at) => {
      const cell = row.children[at];
      if (cell) setText(cell, column(record, now, verdict));
    });
  }

  #click(event: MouseEvent): void {
    const row = event.target instanceof Element ? event.target.closest('[role=row]') : null;
    if (!(row instanceof HTMLElement)) return;
    this.#active = Number(row.dataset.index);
    this.#paint();
    this.#open();
  }

  #press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.#grid.clientHeight / this.#rowHeight) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.#records.length,
      End: this.#records.length,
    };
    const step = steps[event.key];
    if (step !== undefined) this.#move(step);
    else if (event.key === 'Enter' || event.key === ' ') this.#open();
    else return;
    event.preventDefault();
  }

  #move(step: number): void {
    this.#active = Math.max(0, Math.min(this.#active + step, this.#records.length - 1));
    const height = this.#rowHeight;
    const top = this.#active * height;
    const room = this.#grid.clientHeight - 2 * height;
    // The heading covers one row at the top.
    if (top < this.#grid.scrollTop) this.#grid.scrollTop = top;
    else if (top > this.#grid.scrollTop + room) this.#grid.scrollTop = top - room;
    this.#paint();
  }

  #open(): void {
    const record = this.#records[this.#active];
    if (record) this.#hooks.choose(record);
  }
}

function makeRow(): HTMLElement {
  return element('div', { role: 'row' }, ...columns.map(() => element('span', { role: 'gridcell' })));
}

function isSame(one: RecordView, other: RecordView): boolean {
  return (
    one.name === other.name &&
    one.data === other.data &&
    one.type === other.type &&
    one.container?.id === other.container?.id &&
    one.host.name === other.host.name
  );
}
