/** Time, timers and chance, passed in so that tests own them. */
export interface Clock {
  /** Milliseconds on a clock that never goes back and that no operator can set; only differences mean anything. */
  now(): number;
  /** Milliseconds since 1970 by the host's wall clock; for showing to people, never for deciding a merge. */
  wallNow(): number;
  /** Calls `run` once after `delayMs`; the returned function cancels it and may be called at any time. */
  after(delayMs: number, run: () => void): () => void;
  /** A number in [0, 1), not for secrets. */
  random(): number;
}

/** The clock of the machine; its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after: (delayMs, run) => {
    // A timer takes a millisecond at least.
    if (delayMs === 0) {
      const next = setImmediate(run).unref();
      return () => clearImmediate(next);
    }
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/**
 * Calls `run` every `intervalMs` until the returned function is called; a slow run delays the next, never overlaps it.
 * A run that rejects was one too many and changes nothing for the next: whoever wants to know of it catches it.
 */
export function every(clock: Clock, intervalMs: number | (() => number), run: () => void | Promise<void>): () => void {
  const interval = typeof intervalMs === 'number' ? () => intervalMs : intervalMs;
  let stopped = false;
  let cancel = () => {};
  const again = () => {
    if (!stopped) cancel = clock.after(interval(), tick);
  };
  const tick = () => {
    const running = run();
    if (running instanceof Promise) running.then(again, again);
    else again();
  };
  again();
  return () => {
    stopped = true;
    cancel();
  };
}

/** Resolves when the condition holds, looked at every `pollMs`, or else after `patienceMs`. */
export async function until(
  clock: Clock,
  holds: () => boolean,
  { pollMs, patienceMs }: { readonly pollMs: number; readonly patienceMs: number },
): Promise<void> {
  const giveUpAt = clock.now() + patienceMs;
  while (!holds() && clock.now() < giveUpAt) await new Promise<void>((resolve) => void clock.after(pollMs, resolve));
}
