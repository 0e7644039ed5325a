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
 * A peer that dials though a connection has stood for a while has lost its end of it: the fresh one stays. Of two made
 * at about the same time, the first stays where one side dialled twice, and where both dialled, the one that the host
 * with the lower id dialled. (Noise lets the dialler finish first, so both ends see two dials in the same order.)
 */
export function settle(
  self: HostId,
  peer: HostId,
  standing: Standing,
  fresh: Pick<Standing, 'outbound'>,
  simultaneousMs: number,
): 'standing' | 'fresh' {
  if (!fresh.outbound && standing.ageMs >= simultaneousMs) return 'fresh';
  if (standing.outbound === fresh.outbound) return 'standing';
  const outboundStays = self < peer;
  return standing.outbound === outboundStays ? 'standing' : 'fresh';
}
