import type { HostId } from '../record.ts';

/** A connection that stands between two hosts. */
export interface Standing {
  /** Whether this host dialled it. */
  readonly outbound: boolean;
  readonly ageMs: number;
}

/**
 * Which of two connections to the same peer stays; both ends, asked about the same two, name the same one.
 *
 * A peer that dials while a connection stands has lost its end of it, unless both dialled at the same time: then the
 * one that the host with the lower id dialled stays. We never dial twice on purpose, so a second one of ours goes.
 */
export function settle(
  self: HostId,
  peer: HostId,
  standing: Standing,
  fresh: Pick<Standing, 'outbound'>,
  simultaneousMs: number,
): 'standing' | 'fresh' {
  if (standing.outbound === fresh.outbound) return fresh.outbound ? 'standing' : 'fresh';
  const oursIsFirst = self < peer;
  if (fresh.outbound) return oursIsFirst ? 'fresh' : 'standing';
  return oursIsFirst && standing.ageMs < simultaneousMs ? 'standing' : 'fresh';
}
