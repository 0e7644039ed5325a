import type { Clock } from '../clock.ts';

/** RFC 8305 section 5 recommends 250 ms between attempts: an address that leads nowhere costs no more than that. */
const headStartMs = 250;

/**
 * Tries addresses one after another, each with a head start over the next, until one succeeds; the others are then
 * told to stop. Throws all errors, in the order of the addresses, when none does.
 */
export async function raceAddresses<T>(
  addresses: readonly string[],
  clock: Clock,
  attempt: (address: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const won = new Promise<void>((resolve) => over.signal.addEventListener('abort', () => resolve()));
  const attempts: Promise<T>[] = [];
  for (const address of addresses) {
    if (over.signal.aborted) break;
    const running = attempt(address, over.signal);
    attempts.push(running);
    const settled = running.then(() => over.abort()).catch(() => {});
    await Promise.race([settled, won, pause(clock, headStartMs)]);
  }
  return await Promise.any(attempts);
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
