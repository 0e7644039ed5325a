import type { Clock } from '../clock.ts';
import type { Hearsay } from './parts.ts';
import type { Target } from './target.ts';

export interface DialOrderParts {
  readonly clock: Pick<Clock, 'random'>;
  readonly hearsay: Pick<Hearsay, 'vouchesFor'>;
}

/**
 * The order in which to dial those that are due. Whoever has the secret of the mesh can invent thousands of hosts at
 * addresses where nobody answers: so every other one is a target that there is a reason to believe in, while there are
 * any, and none is dialled again before all others like it were. Nobody is believed in alone: all that were known may
 * have moved, and a neighbour may lie.
 */
export function inTurn(targets: readonly Target[], { clock, hearsay }: DialOrderParts): Target[] {
  const dice = new Map(targets.map((target) => [target, target.failures + clock.random()]));
  const ordered = targets.toSorted((one, other) => (dice.get(one) ?? 0) - (dice.get(other) ?? 0));
  const isBelieved = ({ seed, proven, peer }: Target) =>
    seed || proven || (peer !== undefined && hearsay.vouchesFor(peer));
  const believed = ordered.filter(isBelieved);
  const strange = ordered.filter((target) => !isBelieved(target));
  // Where there is room for one at a time, it is to be either.
  return clock.random() < 0.5 ? alternately(believed, strange) : alternately(strange, believed);
}

function alternately<T>(first: readonly T[], second: readonly T[]): T[] {
  const pairs = Array.from({ length: Math.max(first.length, second.length) }, (_, index) => index);
  return pairs.flatMap((index) => [...first.slice(index, index + 1), ...second.slice(index, index + 1)]);
}
