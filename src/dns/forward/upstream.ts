import { Histogram } from '../../histogram.ts';
import type { Endpoint } from './options.ts';

/** One upstream and what is remembered of its health. */
export class Upstream {
  readonly endpoint: Endpoint;
  /** Leads back to us: not asked until a probe of it no longer comes back. */
  looping = false;
  /** Attempts to ask it: those begun, and of them those not over. */
  asked = 0;
  inFlight = 0;
  answers = 0;
  failures = 0;
  /** Seconds to its answers. */
  readonly latency = new Histogram(latencyBounds);
  #failuresInRow = 0;
  #rttMs: number | undefined;
  #plainUntil = Number.NEGATIVE_INFINITY;
  readonly #failuresAllowed: number;

  constructor(endpoint: Endpoint, failuresAllowed: number) {
    this.endpoint = endpoint;
    this.#failuresAllowed = failuresAllowed;
  }

  get down(): boolean {
    return this.#failuresInRow >= this.#failuresAllowed;
  }

  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** True if it had been down. */
  answered(rttMs: number): boolean {
    const wasDown = this.down;
    this.answers++;
    this.latency.add(rttMs / 1000);
    this.#failuresInRow = 0;
    this.#smooth(rttMs);
    return wasDown;
  }

  /** Whether it is asked without EDNS. */
  isPlain(now: number): boolean {
    return now < this.#plainUntil;
  }

  /** It answers what has no OPT record, and only that (RFC 6891 section 7). */
  foundPlain(until: number): void {
    this.#plainUntil = until;
  }

  /** It did not answer in time, could not be reached, broke the format or refuses us. */
  failed(): void {
    this.failures++;
    this.#failuresInRow++;
  }

  /**
   * Another one answered first, after this one had had `elapsedMs`: it is at least as slow as that. Taken at its word,
   * so that only one asker waits for an upstream that went silent; probes bring it back.
   */
  outrun(elapsedMs: number): void {
    this.#rttMs = Math.max(this.#rttMs ?? 0, elapsedMs);
  }

  isSlow(headStartMs: number): boolean {
    return (this.#rttMs ?? 0) >= headStartMs;
  }

  #smooth(sampleMs: number): void {
    this.#rttMs = this.#rttMs === undefined ? sampleMs : this.#rttMs + (sampleMs - this.#rttMs) * smoothing;
  }
}

/** Seconds: from a resolver in the same rack to the patience of `ForwardTimes.attemptMs`. */
const latencyBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Half for the newest sample: two or three answers tell a resolver that recovered. */
const smoothing = 1 / 2;

/** How an endpoint is written: `192.0.2.53:53`, `[2001:db8::53]:53`. */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * In which order upstreams are asked: as configured, but one that is slower than another by a head start comes after
 * it, those that `avoid` names come after all others, and those that are down come last: when nobody else is left they
 * still get their chance.
 */
export function inOrder(
  upstreams: readonly Upstream[],
  headStartMs: number,
  avoid: (upstream: Upstream) => boolean = () => false,
): Upstream[] {
  const slowness = ({ rttMs = 0 }: Upstream) => Math.min(Math.floor(rttMs / headStartMs), 1e3 - 1);
  const rank = (upstream: Upstream) => slowness(upstream) + (avoid(upstream) ? 1e3 : 0) + (upstream.down ? 1e6 : 0);
  return upstreams.filter((upstream) => !upstream.looping).toSorted((one, other) => rank(one) - rank(other));
}
