import { quote } from './record.ts';
import { accepted, type Result, refused } from './result.ts';

/** What a container goes by. */
interface Called {
  readonly id: string;
  readonly name: string;
}

/** Those of the containers of a name; else of the one whose id begins so, as `db` may be both. */
export function calledBy<T>(
  text: string,
  all: readonly T[],
  containerOf: (each: T) => Called | undefined,
): Result<readonly T[]> {
  const named = all.filter((each) => containerOf(each)?.name === text);
  if (named.length > 0 || text === '') return accepted(named);
  const begun = all.filter((each) => containerOf(each)?.id.startsWith(text));
  const count = new Set(begun.map((each) => containerOf(each)?.id)).size;
  if (count > 1) return refused(`the ids of ${count} containers begin with ${quote(text)}: give more of it`);
  return accepted(begun);
}
