import * as Y from 'yjs';
import { sealEnvelope } from '../src/crdt/envelope.ts';
import { contentOf, type Edit, encodeEdit } from '../src/crdt/static-edit.ts';
import type { Gone } from '../src/crdt/static-gone.ts';
import { Statics } from '../src/crdt/statics.ts';
import { createIdentity, type Identity } from '../src/identity.ts';
import type { HostId } from '../src/record.ts';

const living = 50;
const writers = 3;

/** Operators on three hosts add and remove records, 50 alive at a time: what every host keeps of them afterwards. */
export function measureStatics(changes: number) {
  const identities = Array.from({ length: writers }, createIdentity);
  const set = new Statics(() => false);
  const numbers = new Map<HostId, number>();
  const alive: Edit[] = [];
  const write = (identity: Identity, removed: readonly Edit[], added: readonly string[], gone?: Gone) => {
    const previous = numbers.get(identity.hostId) ?? 0;
    const number = previous + 1;
    numbers.set(identity.hostId, number);
    const dots = removed.map((edit) => ({ writer: edit.writer, number: edit.number, index: 0 }));
    const envelope = sealEnvelope(identity, 'edit', 1, number, encodeEdit(previous, dots, added, gone));
    const content = contentOf(envelope);
    const what = { previous, removed: dots, added, ...(gone && { gone }) };
    const edit = { writer: identity.hostId, number, ...what, envelope, content };
    set.apply(edit);
    return edit;
  };
  for (let change = 0; change < changes / 2; change += 1) {
    const writer = identities[change % writers];
    const other = identities[(change + 1) % writers];
    if (writer === undefined || other === undefined) continue;
    alive.push(write(writer, [], [recordOf(change)]));
    const oldest = alive.length > living ? alive.shift() : undefined;
    if (oldest !== undefined) write(other, [oldest], []);
    const gone = set.worthFolding();
    if (gone !== undefined) write(writer, [], [], gone);
  }
  const { seen } = set.summary();
  const stateBytes = [...set.edits()].reduce((sum, { envelope }) => sum + envelope.bytes.length, 0);
  return { changes, living: set.size, writers: seen.size, stateBytes };
}

/** The same on one Y.Map that the three share; its updates are unsigned, and a signature for each would come on top. */
export function measureSharedStatics(changes: number) {
  const docs = Array.from({ length: writers }, () => new Y.Doc());
  for (const doc of docs)
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'told') for (const other of docs) if (other !== doc) Y.applyUpdate(other, update, 'told');
    });
  for (let change = 0; change < changes / 2; change += 1) {
    docs[change % writers]?.getMap('statics').set(`record${change}`, recordOf(change));
    if (change >= living) docs[(change + 1) % writers]?.getMap('statics').delete(`record${change - living}`);
  }
  const [doc] = docs;
  if (doc === undefined) throw new Error('there are three documents');
  return { changes, living: doc.getMap('statics').size, writers, stateBytes: Y.encodeStateAsUpdate(doc).length };
}

function recordOf(change: number): string {
  const data = { type: 'address', address: `192.0.2.${change % 250}` };
  return JSON.stringify({ name: `static${change}`, data, madeOn: 'host1.example.com', madeAt: 1_767_225_600_000 });
}
