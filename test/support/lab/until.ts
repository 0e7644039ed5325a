import { setTimeout as pause } from 'node:timers/promises';

/** Long enough for anything the lab does on a busy machine; a test with a budget of its own says so. */
const defaultTimeoutMs = 90_000;
const pollMs = 20;

/** Waits until `condition` gives something truthy, and returns that; throws with `what` and the last error when time is up. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = defaultTimeoutMs,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause });
    await pause(pollMs);
  }
}
