import { createHash } from 'node:crypto';

/** A place on the ring, from 0 up to but not including `placeCount`. */
type Place = number;
const placeCount = 2 ** 32;

/** Where a peer, or a key, belongs on the ring: by its name, so that it keeps its place when it moves. */
export function placeOf(name: string): Place {
  return createHash('sha256').update(name).digest().readUInt32BE(0);
}

/** How far it is from one name to another, the way the ring goes; all the way round from a name to itself. */
export function distance(from: string, to: string): number {
  return (placeOf(to) - placeOf(from) + placeCount) % placeCount || placeCount;
}

/** Whether `name` lies between two others, the way the ring goes, and is neither of them. */
export function isBetween(name: string, from: string, to: string): boolean {
  return distance(from, name) < distance(from, to);
}
