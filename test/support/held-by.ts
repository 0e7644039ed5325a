import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Octets of this heap that live only for what `make` gives. */
export function heldBy(make: () => unknown): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const made = make();
  collect();
  const held = process.memoryUsage().heapUsed - before;
  if (made === undefined) throw new Error('nothing was made');
  return held;
}

/** Octets of all buffers that live. */
export function bufferBytes(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  const collectOnce = runInNewContext('gc');
  for (let time = 0; time < 3; time++) collectOnce();
}
