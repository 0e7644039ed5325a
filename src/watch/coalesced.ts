/** Wraps `run` so that it never overlaps itself: all calls during a run share one more run, which begins after it. */
export function coalesced(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    const running = run().finally(() => {
      current = undefined;
    });
    current = running;
    return running;
  };
  return () => {
    if (current === undefined) return begin();
    next ??= current
      .catch(() => {})
      .then(() => {
        next = undefined;
        return begin();
      });
    return next;
  };
}
