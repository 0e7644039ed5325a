import { type Answer, isMissing } from '../test/e2e/asking.ts';

/** What is made of answers, and how it is said: all that the table's cells are decided by. */

/** What came of the questions of an asker that was stopped. */
export interface Heard {
  readonly asked: number;
  readonly lost: number;
  /** Answered that nobody has the name, or with an error. */
  readonly empty: number;
}

export function heard(answers: readonly Answer[]): Heard {
  const missing = answers.filter(isMissing);
  const lost = missing.filter(({ code }) => code === 'LOST').length;
  return { asked: answers.length, lost, empty: missing.length - lost };
}

/** Milliseconds from a moment until an address was first in an answer; undefined while it was in none. */
export function firstWith(answers: readonly Answer[], address: string, since: number): number | undefined {
  const first = answers.find(({ at, addresses }) => at >= since && addresses.includes(address));
  return first && first.at - since;
}

/**
 * Milliseconds from a moment until an address was last in an answer, at least 0; undefined while nothing was answered
 * since, or the newest answer has it: then it may come again.
 */
export function lastWith(answers: readonly Answer[], address: string, since: number): number | undefined {
  const has = ({ addresses }: Answer) => addresses.includes(address);
  const newest = answers.findLast(({ code }) => code !== 'LOST');
  if (newest === undefined || newest.at < since || has(newest)) return undefined;
  return Math.max(0, (answers.findLast(has)?.at ?? since) - since);
}

/** A time as the table has it. */
export function ms(milliseconds: number): string {
  return milliseconds >= 1000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.max(0, Math.round(milliseconds))} ms`;
}

/** What was asked in vain. */
export function losses({ asked, lost, empty }: Heard): string {
  return `${lost} lost, ${empty} without an address of ${asked}`;
}

/** What was answered while a container with the address `old` made place for another, and ended at `end`. */
export function swapInWords(answers: readonly Answer[], old: string, end: number): string {
  const times = answers.filter(({ addresses }) => addresses.includes(old)).map(({ at }) => at);
  const last = Math.max(...times) - end;
  const inWords = last > 0 ? `the last ${ms(last)} after` : `the last time ${ms(-last)} before`;
  const late = times.filter((at) => at > end).length;
  return `${losses(heard(answers))}; old address answered ${late} times after its end, ${inWords}`;
}

/** What was answered to a name whose resolver was told to stop at `stopping`, and whether it came `back`. */
export function restartInWords(answers: readonly Answer[], stopping: number, back: boolean): string {
  const said = losses(heard(answers));
  if (!back) return `${said}; it does not come back`;
  const silent = answers.filter(({ at, addresses }) => at >= stopping && addresses.length === 0).map(({ at }) => at);
  return silent.length === 0 ? said : `${said}, in ${ms(Math.max(...silent) - Math.min(...silent))}`;
}

/** Whether both sides of a cut read their own names, and the other side's. */
export function readsInWords(own: boolean, theirs: 'yes' | 'no' | 'never known', cutMs: number): string {
  const theirsInWords = {
    yes: `are still answered on both, ${ms(cutMs)} into the cut`,
    no: `are no longer answered on both, ${ms(cutMs)} into the cut`,
    'never known': 'were never known',
  };
  return `own names ${own ? 'yes' : 'no'}; the other side's ${theirsInWords[theirs]}`;
}

/** A row that ended with an error: as long as it can be in a table. */
export function failureInWords(error: unknown): string {
  const said = String(error instanceof Error ? error.message : error);
  return `failed: ${(said.split('\n')[0] ?? '').replaceAll('|', '/')}`;
}

export function isFailure(cell: string): boolean {
  return cell.startsWith('failed: ');
}
