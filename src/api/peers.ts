import type { Result } from '../result.ts';
import type { AgentControl } from './control.ts';
import { HttpProblem, mustParse } from './problem.ts';
import { targetsOf } from './weave-report.ts';

/** Dials each peer; with `replace`, stops dialling all others. Refused with what is wrong at the first that cannot be. */
export async function connectPeers(
  control: AgentControl,
  peers: readonly string[],
  replace: boolean,
): Promise<readonly string[]> {
  if (peers.length === 0 && !replace) throw new HttpProblem(400, 'give at least one peer, as host[:port]');
  const others = replace ? targetsOf(control.links()).filter((target) => !peers.includes(target)) : [];
  for (const peer of peers) mustParse(await control.connect(peer));
  // Hosts that were found are dialled too, and cannot be forgotten so: what remains are those that were asked for.
  for (const other of others) await control.forget(other);
  return peers;
}

/** Stops dialling each peer, or drops each host; `accept` throws what is answered where one was not there to forget. */
export async function forgetPeers(
  control: AgentControl,
  peers: readonly string[],
  accept: (forgotten: Result<string>) => string,
): Promise<readonly string[]> {
  const outcomes: Result<string>[] = [];
  for (const peer of peers) outcomes.push(await control.forget(peer));
  for (const outcome of outcomes) accept(outcome);
  return peers;
}
