import { crdtDefaults } from './config.ts';
import type { HostView } from './crdt/directory.ts';
import type { HostId } from './record.ts';

/**
 * The hosts that no sign of life came from lately, whether they are hidden for it or not: when most fall silent together
 * they are all kept alive, and the way to them is to be looked for all the same.
 */
export function unheardOf(hosts: readonly HostView[]): ReadonlySet<HostId> {
  const { heartbeatMs, heartbeatPerHostMs, suspectAfterBeats } = crdtDefaults;
  const patienceMs = suspectAfterBeats * Math.max(heartbeatMs, heartbeatPerHostMs * hosts.length);
  const silent = hosts.filter(({ heardMsAgo = Number.POSITIVE_INFINITY }) => heardMsAgo > patienceMs);
  return new Set(silent.map(({ id }) => id));
}
