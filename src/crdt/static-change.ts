import type { Dot } from './static-edit.ts';

/** A static record that is there: what made it, and its JSON. */
export interface LiveStatic {
  readonly dot: Dot;
  readonly json: string;
}

/** Records that came and went. */
export interface StaticsChange {
  readonly added: readonly LiveStatic[];
  readonly removed: readonly LiveStatic[];
  /** Of the removed, those that nobody removed: the edit that added them gave way to another of its number. */
  readonly overruled: readonly LiveStatic[];
}

/** What is another now; a record may be replaced by one of the same dot. */
export function changeBetween(
  before: ReadonlyMap<string, LiveStatic>,
  after: ReadonlyMap<string, LiveStatic>,
  isGone: (dot: Dot) => boolean,
): StaticsChange {
  const removed = missingFrom(after, before);
  return { added: missingFrom(before, after), removed, overruled: removed.filter(({ dot }) => !isGone(dot)) };
}

/** What the first does not have of the second, or has with another content. */
function missingFrom(these: ReadonlyMap<string, LiveStatic>, those: ReadonlyMap<string, LiveStatic>): LiveStatic[] {
  return [...those].filter(([key, { json }]) => these.get(key)?.json !== json).map(([, live]) => live);
}
