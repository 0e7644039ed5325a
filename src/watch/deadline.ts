import type { Clock } from '../clock.ts';

/**
 * Asks and waits no longer than `timeoutMs`, nor past the abort of `outer`: then it rejects, whatever `ask` does with
 * the signal it was given.
 */
export async function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  outer: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const inner = new AbortController();
  const late = Promise.withResolvers<never>();
  const giveUp = (reason: unknown) => {
    late.reject(reason);
    inner.abort(reason);
  };
  const onAbort = () => giveUp(outer.reason);
  const cancel = clock.after(timeoutMs, () => giveUp(new Error(`no answer within ${timeoutMs / 1000} s`)));
  outer.addEventListener('abort', onAbort);
  try {
    return await Promise.race([ask(inner.signal), late.promise]);
  } finally {
    cancel();
    outer.removeEventListener('abort', onAbort);
  }
}
