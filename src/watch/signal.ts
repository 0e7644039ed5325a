import { constants } from 'node:os';

/** What `docker stop` sends where neither image nor user said otherwise. */
export const defaultStopSignal = 15;

/** signal(7) of Linux: the first and last real-time signals that glibc leaves to programs. */
const firstRealTime = 34;
const lastRealTime = 64;
const numbers = new Map<string, number>(Object.entries(constants.signals));

/** Reads `SIGTERM`, `term`, `15`, `SIGRTMIN+3` or `RTMAX-1`; undefined for what is no signal. */
export function parseSignal(text: string): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const realTime = /^SIGRT(MIN|MAX)(?:([+-]\d{1,2}))?$/.exec(name);
  if (realTime === null) return numbers.get(name);
  return (realTime[1] === 'MIN' ? firstRealTime : lastRealTime) + Number(realTime[2] ?? 0);
}
