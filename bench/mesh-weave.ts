import { containerToJson } from '../src/crdt/record-json.ts';
import { createIdentity } from '../src/identity.ts';
import { realisticContainer } from './mesh-records.ts';

const containers = 50;
const everySeconds = 30;

/**
 * Gossip of the full state every 30 s to min(2 log2 n, n - 1) neighbours, as weaveDNS did it, with the same records: what
 * one host sends and receives, and the CPU of writing its state once and of reading and merging as many as it is sent.
 */
export function measureFullState(hosts: number) {
  const state = new Map<string, { readonly version: number; readonly record: string }>();
  for (let number = 0; number < hosts; number += 1) {
    const { hostId } = createIdentity();
    for (let index = 0; index < containers; index += 1) {
      const record = realisticContainer(hostId, number, index);
      state.set(`${hostId} ${record.id}`, { version: 0, record: containerToJson({ record, claim: 0 }, hostId) });
    }
  }
  const fanOut = Math.min(Math.floor(2 * Math.log2(hosts)), hosts - 1);
  const from = process.cpuUsage();
  const message = Buffer.from(JSON.stringify([...state]));
  for (let received = 0; received < fanOut; received += 1) merge(state, message);
  const { user, system } = process.cpuUsage(from);
  return {
    hosts,
    containers,
    fanOut,
    messageBytes: message.length,
    bytesPerSecond: Math.round((2 * fanOut * message.length) / everySeconds),
    cpuMillisecondsPerSecond: Number(((user + system) / 1000 / everySeconds).toFixed(1)),
  };
}

function merge(state: Map<string, { readonly version: number; readonly record: string }>, message: Buffer): void {
  const entries: [string, { readonly version: number; readonly record: string }][] = JSON.parse(message.toString());
  for (const [key, entry] of entries) if ((state.get(key)?.version ?? -1) < entry.version) state.set(key, entry);
}
