import * as Y from 'yjs';
import { crdtDefaults } from '../src/config.ts';
import { DocumentWriter } from '../src/crdt/document.ts';
import { nextEpoch } from '../src/crdt/epoch.ts';
import { HostLog } from '../src/crdt/host-log.ts';
import { Publisher } from '../src/crdt/publisher.ts';
import { createIdentity } from '../src/identity.ts';
import { realisticContainer } from './mesh-records.ts';

const living = 50;
const identity = createIdentity();

/**
 * Containers start and stop on one host, 50 alive at a time: what its log is afterwards, as others keep it, beside that
 * of a fresh host with the same 50; and by how much the heap of owner and reader together grew.
 */
export function measureChurn(events: number) {
  let epoch = 0;
  const publisher = new Publisher(identity, () => {
    epoch = nextEpoch(epoch, 0.5);
    return epoch;
  });
  publisher.jump();
  const log = new HostLog(crdtDefaults.maxHostBytes);
  log.take(publisher.begin([]));
  const entries = new Map<string, string>();
  let largest = 0;
  let heapWhenFresh = 0;
  const from = process.cpuUsage();
  for (let event = 0; event < events / 2; event += 1) {
    // The memory of a host that just started its containers, with all code loaded and warm.
    if (event === 10 * living) heapWhenFresh = heapNow();
    const changes = new Map<string, string | undefined>([[keyOf(event), recordOf(event)]]);
    if (event >= living) changes.set(keyOf(event - living), undefined);
    for (const [key, value] of changes) {
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    }
    for (const envelope of publisher.change(changes)) log.take(envelope);
    largest = Math.max(largest, log.storedBytes);
  }
  const { user, system } = process.cpuUsage(from);
  const heapMegabytes = (heapNow() - heapWhenFresh) / 1e6;
  const freshBytes = new DocumentWriter(entries).state().length;
  return {
    events,
    living,
    freshBytes,
    stateBytes: log.storedBytes,
    timesFresh: round(log.storedBytes / freshBytes),
    largestTimesFresh: round(largest / freshBytes),
    heapGrownMegabytes: round(heapMegabytes),
    cpuMicrosecondsPerEvent: Math.round((user + system) / events),
  };
}

/** The same work on one Y.Map that all hosts share, which never begins anew. */
export function measureSharedMap(events: number) {
  const doc = new Y.Doc();
  const map = doc.getMap('records');
  for (let event = 0; event < events / 2; event += 1) {
    map.set(keyOf(event), recordOf(event));
    if (event >= living) map.delete(keyOf(event - living));
  }
  const fresh = new Y.Doc();
  for (const [key, value] of map.entries()) fresh.getMap('records').set(key, value);
  const stateBytes = Y.encodeStateAsUpdate(doc).length;
  const freshBytes = Y.encodeStateAsUpdate(fresh).length;
  return { events, living, freshBytes, stateBytes, timesFresh: round(stateBytes / freshBytes) };
}

function heapNow(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function keyOf(event: number): string {
  return `container/${event.toString(16).padStart(64, '0')}`;
}

function recordOf(event: number): string {
  return JSON.stringify(realisticContainer(identity.hostId, 1, event % 250));
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
