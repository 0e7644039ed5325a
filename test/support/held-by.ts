import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Octets of this heap that live only for what `make` gives. */
export function heldBy(make: () => unknown): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let time = 0; time < 3; time++) collect();
  const before = process.memoryUsage().heapUsed;
  const made = make();
  for (let time = 0; time < 3; time++) collect();
  const held = process.memoryUsage().heapUsed - before;
  if (made === undefined) throw new Error('nothing was made');
  return held;
}
