/**
 * A million containers start and stop on one host, 50 alive at a time: what its log and memory are afterwards, beside a
 * fresh one; and the same work on one shared Y.Map, which is why there are epochs. `node bench/mesh-sim-churn.ts [EVENTS]`
 */
import * as Y from 'yjs';
import { DocumentWriter } from '../src/crdt/document.ts';
import { nextEpoch } from '../src/crdt/epoch.ts';
import { HostLog } from '../src/crdt/host-log.ts';
import { Publisher } from '../src/crdt/publisher.ts';
import type { Signer } from '../src/crdt/signer.ts';
import { createIdentity } from '../src/identity.ts';
import { realisticContainer } from './mesh-sim-records.ts';

const events = Number(process.argv[2] ?? 1_000_000);
const living = 50;
const naiveEvents = Math.min(events, 100_000);
const identity = createIdentity();
const signer: Signer = identity;

const entries = new Map<string, string>();
let epoch = 0;
const publisher = new Publisher(signer, () => {
  epoch = nextEpoch(epoch, 0.5);
  return epoch;
});
publisher.jump();
const log = new HostLog(16 * 1024 * 1024);
log.take(publisher.begin([]));
globalThis.gc?.();
const heapBefore = process.memoryUsage().heapUsed;
const start = performance.now();
let largest = 0;
for (let event = 0; event < events / 2; event += 1) {
  const changes = new Map<string, string | undefined>([[keyOf(event), recordOf(event)]]);
  if (event >= living) changes.set(keyOf(event - living), undefined);
  for (const [key, value] of changes) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
  for (const envelope of publisher.change(changes)) log.take(envelope);
  largest = Math.max(largest, log.storedBytes);
}
const seconds = (performance.now() - start) / 1000;
globalThis.gc?.();
const heapGrown = process.memoryUsage().heapUsed - heapBefore;
const fresh = new DocumentWriter(entries).state().length;
console.log('| | wire state, octets | of a fresh one |');
console.log('|---|---|---|');
console.log(`| fresh, ${entries.size} containers | ${fresh} | 1.00 |`);
console.log(`| after ${events} events | ${log.storedBytes} | ${(log.storedBytes / fresh).toFixed(2)} |`);
console.log(`| largest on the way | ${largest} | ${(largest / fresh).toFixed(2)} |`);
console.log(`| one shared Y.Map, ${naiveEvents} events | ${naive()} | ${(naive() / fresh).toFixed(2)} |`);
console.log(
  `\n${Math.round(events / seconds)} events/s with both sides; heap grown by ${(heapGrown / 1e6).toFixed(1)} MB`,
);

function naive(): number {
  const doc = new Y.Doc();
  const map = doc.getMap('records');
  for (let event = 0; event < naiveEvents / 2; event += 1) {
    map.set(keyOf(event), recordOf(event));
    if (event >= living) map.delete(keyOf(event - living));
  }
  return Y.encodeStateAsUpdate(doc).length;
}

function keyOf(event: number): string {
  return `container/${event.toString(16).padStart(64, '0')}`;
}

function recordOf(event: number): string {
  return JSON.stringify(realisticContainer(identity.hostId, 1, event % 250));
}
