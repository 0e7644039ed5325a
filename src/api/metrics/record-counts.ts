import type { AgentControl } from '../control.ts';
import { stateOf } from '../record-view.ts';

/** How many records there are, as `weft ls` lists them. */
export interface RecordCounts {
  readonly names: number;
  readonly statics: number;
  /** Containers' records, by the name of the host and then by state. */
  readonly byHost: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** Names counted between two looks at what else is to be done: about a millisecond of work. */
const namesAtOnce = 1_000;
/** What stands for all hosts beyond those that have a label of their own. */
const otherHosts = 'others';

/** Counts all records; this host and the first `maxHosts` others by id have a label of their own. */
export async function countRecords(control: AgentControl, maxHosts: number): Promise<RecordCounts> {
  const labels = hostLabels(control, maxHosts);
  const byHost = new Map<string, Map<string, number>>();
  let names = 0;
  let statics = 0;
  for (const entry of control.entries()) {
    names++;
    statics += entry.statics.length;
    for (const owner of entry.owners) {
      const host = labels.get(owner.host) ?? otherHosts;
      const states = byHost.get(host) ?? new Map<string, number>();
      const state = stateOf(owner);
      // A container without an address is listed too.
      states.set(state, (states.get(state) ?? 0) + Math.max(1, owner.container.addresses.length));
      byHost.set(host, states);
    }
    if (names % namesAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { names, statics, byHost };
}

function hostLabels(control: AgentControl, maxHosts: number): Map<string, string> {
  const hosts = control.hosts().toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const self = hosts.filter(({ status }) => status === 'self');
  const others = hosts.filter(({ status }) => status !== 'self').slice(0, maxHosts);
  return new Map([...self, ...others].map(({ id, record }) => [id, record?.name ?? id]));
}
