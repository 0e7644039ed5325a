import { readFileSync } from 'node:fs';

/** Processor time that a machine below this one gave to others meanwhile (proc(5), `/proc/stat`, the field `steal`). */

const stealField = 8;

/** Counts from now; the returned function tells which share of all processors' time was taken since then. */
export function countStolen(): () => number {
  const before = ticks();
  return () => {
    const now = ticks();
    const passed = sum(now) - sum(before);
    return passed === 0 ? 0 : ((now[stealField - 1] ?? 0) - (before[stealField - 1] ?? 0)) / passed;
  };
}

/** user, nice, system, idle, iowait, irq, softirq, steal; what guests take is in the first two. */
function ticks(): number[] {
  const [all = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  return all
    .split(/\s+/)
    .slice(1, 1 + stealField)
    .map(Number);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
