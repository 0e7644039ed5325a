import type { Rotation, Rr } from './draft.ts';

/** The records of one owner of a name, and its share of first places. */
export interface Share {
  readonly records: readonly Rr[];
  readonly weight: number;
  readonly near: boolean;
}

/** The longest sequence of turns that is kept for one name; larger sums of weights are scaled down to it. */
const maxTurns = 1024;

/** Lays out whose turn it is to be first: every owner as often as its weight says, spread as evenly as can be. */
export function rotationOf(shares: readonly Share[], shown: 'all' | 'one'): Rotation | undefined {
  if (areEqual(shares) && shares.every(({ near }) => near === shares[0]?.near)) return evenly(shares, shown);
  const ordered = [...shares.filter((share) => share.near), ...shares.filter((share) => !share.near)];
  const records = [...new Set(ordered.flatMap((share) => share.records))];
  if (records.length === 0) return undefined;
  const nearest = ordered[0]?.near ? ordered.filter((share) => share.near) : ordered;
  return {
    records,
    near: new Set(nearest.flatMap((share) => share.records)).size,
    firsts: areEqual(nearest) ? undefined : turns(nearest, records),
    shown: shown === 'one' ? 1 : records.length,
  };
}

/** Everyone is as near as all others, so that turns are the records in their order. */
function evenly(shares: readonly Share[], shown: 'all' | 'one'): Rotation | undefined {
  const records = shares.flatMap((share) => share.records);
  if (records.length === 0) return undefined;
  return { records, near: records.length, firsts: undefined, shown: shown === 'one' ? 1 : records.length };
}

/** The common case: everyone has one record of its own and the same weight, so that turns need no list. */
function areEqual(shares: readonly Share[]): boolean {
  const alike = shares.every(({ records, weight }) => records.length === 1 && weight === shares[0]?.weight);
  return alike && new Set(shares.map((share) => share.records[0])).size === shares.length;
}

/** Owners take turns by weight; an owner with several records puts another one forward each time. */
function turns(shares: readonly Share[], records: readonly Rr[]): Uint16Array {
  const order = spread(wholeWeights(shares.map((share) => share.weight)));
  const rounds = Math.max(...shares.map((share) => share.records.length));
  const place = new Map(records.map((record, index) => [record, index]));
  const places = shares.map((share) => share.records.map((record) => place.get(record) ?? 0));
  const taken = shares.map(() => 0);
  return Uint16Array.from({ length: order.length * rounds }, (_, turn) => {
    const owner = order[turn % order.length] ?? 0;
    const own = places[owner] ?? [];
    const next = taken[owner] ?? 0;
    taken[owner] = next + 1;
    return own[next % own.length] ?? 0;
  });
}

/** Weights as the smallest whole numbers of the same proportions, as far as `maxTurns` allows. */
function wholeWeights(weights: readonly number[]): number[] {
  const positive = weights.map((weight) => Math.max(weight, 0));
  const all = positive.some((weight) => weight > 0) ? positive : positive.map(() => 1);
  const exact = inLeastTerms(all.map((weight) => roundedUp(weight * weightParts)));
  const sum = exact.reduce((total, weight) => total + weight, 0);
  const scale = Math.min(1, maxTurns / sum);
  return inLeastTerms(exact.map((weight) => roundedUp(weight * scale)));
}

/** Weights may be as small as a hundredth; in whole numbers they are so many times as large. */
export const weightParts = 100;

/** Whoever has any weight keeps some. */
function roundedUp(weight: number): number {
  return weight > 0 ? Math.max(1, Math.round(weight)) : 0;
}

function inLeastTerms(weights: readonly number[]): number[] {
  const divisor = weights.reduce(greatestDivisor, 0);
  return weights.map((weight) => weight / divisor);
}

function greatestDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestDivisor(other, one % other);
}

/** Smooth weighted round robin: each turn goes to whoever is owed most, so that equal shares never come in bursts. */
function spread(weights: readonly number[]): number[] {
  const length = weights.reduce((total, weight) => total + weight, 0);
  if (weights.every((weight) => weight === 1)) return [...weights.keys()];
  const owed = weights.map(() => 0);
  return Array.from({ length }, () => {
    for (const [index, weight] of weights.entries()) owed[index] = (owed[index] ?? 0) + weight;
    const next = owed.indexOf(Math.max(...owed));
    owed[next] = (owed[next] ?? 0) - length;
    return next;
  });
}
