import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import type { Target } from './target.ts';

export interface RedialOptions {
  readonly redialFirstMs: number;
  readonly redialMaxMs: number;
  readonly redialPatientMs: number;
  readonly patientAfterMs: number;
  readonly yieldMs: number;
}

export interface RedialParts {
  readonly self: HostId;
  readonly clock: Clock;
  readonly options: RedialOptions;
}

/** Dials that fail and repeat are spread by ± this share, so that hosts that lost each other do not collide for ever. */
const jitter = 0.3;

/** At once where our id is the lower one; otherwise the other side is given time to dial us, and we seldom need to. */
export function firstTryAt(host: HostId, { self, clock, options }: RedialParts): number {
  return clock.now() + (self < host ? 0 : options.yieldMs * (1 + jitter * clock.random()));
}

/** When to dial again a target that failed so often, and for so long. */
export function nextTryAt({ failures, failingSinceMs }: Target, { clock, options }: RedialParts): number {
  const { redialFirstMs, redialMaxMs, redialPatientMs, patientAfterMs } = options;
  const patient = clock.now() - failingSinceMs > patientAfterMs;
  const delay = Math.min(patient ? redialPatientMs : redialMaxMs, redialFirstMs * 2 ** Math.min(failures, 30));
  return clock.now() + delay * (1 - jitter + 2 * jitter * clock.random());
}
