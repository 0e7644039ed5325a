import type { LinkView } from './contract.ts';
import type { Link } from './link.ts';
import type { Target } from './target.ts';

/** Links that stand, and then the targets that none leads to, for operators. */
export function viewLinks(links: readonly Link[], targets: readonly Target[], now: number): readonly LinkView[] {
  return [...links.map((link) => viewLink(link, now)), ...targets.map((target) => viewTarget(target, now))];
}

function viewLink(link: Link, now: number): LinkView {
  return {
    peer: link.peer,
    address: link.address,
    outbound: link.outbound,
    state: link.up ? 'established' : 'connecting',
    sinceMs: Math.round(now - link.openedAtMs),
    ...(link.pulse.rttMs === undefined ? {} : { rttMs: link.pulse.rttMs }),
  };
}

function viewTarget(target: Target, now: number): LinkView {
  return {
    ...(target.peer === undefined ? {} : { peer: target.peer }),
    address: target.addresses[0] ?? '',
    outbound: true,
    state: target.state === 'waiting' ? 'retrying' : target.state,
    sinceMs: Math.round(now - target.sinceMs),
    ...(target.problem === undefined ? {} : { problem: target.problem }),
    ...(target.state === 'connecting' ? {} : { nextTryMs: Math.max(0, Math.round(target.nextTryAtMs - now)) }),
  };
}
