import { vi } from 'vitest';

/** Resolves when `check` no longer throws; looks often, and waits longer than any machine is busy. */
export function until(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { interval: 5, timeout: 20_000 });
}
