/** How long, in the largest unit that fits: `42s`, `7m`, `3h`, `12d`. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** `1 host`, `3 hosts`, `12,000 names`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** A number of at most three digits that matter: `0`, `0.4`, `12`, `4,210`. */
export function rounded(number: number): string {
  return number.toLocaleString('en', { maximumFractionDigits: number < 10 ? 1 : 0 });
}

/** The time of day, such as `09:41:07`. */
export function timeOfDay(wallMs: number): string {
  return new Date(wallMs).toLocaleTimeString('en-GB');
}
