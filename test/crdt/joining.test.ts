import { expect, test } from 'vitest';
import { crdtDefaults } from '../../src/config.ts';
import { sealEnvelope } from '../../src/crdt/envelope.ts';
import { nextEpoch } from '../../src/crdt/epoch.ts';
import { type Item, toChunks } from '../../src/crdt/item.ts';
import { Publisher } from '../../src/crdt/publisher.ts';
import { Replica } from '../../src/crdt/replica.ts';
import { encodeSignOfLife } from '../../src/crdt/sign-of-life.ts';
import { silentLog } from '../../src/log.ts';
import { MemoryDisk } from '../support/crdt-lab.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testSigner } from '../support/signer.ts';

const [self, neighbour] = [testSigner(1), testSigner(2)];
const others = Array.from({ length: 20 }, (_, number) => testSigner(3 + number));
const [first = self] = others;

test('a host that takes in a large mesh leaves handing on its beats to others, and nothing else', async () => {
  const joiner = await startJoiner({ heartbeatPerHostMs: 100 });
  await joiner.bring(others.map((signer) => ({ type: 'heard', ageMs: 0, bytes: beat(signer, 1) })));
  expect(joiner.replica.received(neighbour.hostId, beat(first, 2))).toBe('known');
  expect(joiner.replica.received(neighbour.hostId, records())).toBe('new');
  await joiner.end();
  expect(joiner.replica.received(neighbour.hostId, beat(first, 3))).toBe('later');
  const status = joiner.replica.directory.hosts().find(({ id }) => id === first.hostId)?.status;
  expect(status).toBe('alive');
});

test('in a small mesh it hands them on all the time: some may hear them from nobody else', async () => {
  const joiner = await startJoiner({});
  await joiner.bring(others.map((signer) => ({ type: 'heard', ageMs: 0, bytes: beat(signer, 1) })));
  expect(joiner.replica.received(neighbour.hostId, beat(first, 2))).toBe('later');
  await joiner.end();
});

/** A replica whose only neighbour tells it all it has, piece by piece. */
async function startJoiner(options: { readonly heartbeatPerHostMs?: number }) {
  const clock = new ManualClock();
  const pieces = [Promise.withResolvers<Uint8Array[]>(), Promise.withResolvers<Uint8Array[]>()];
  const replica = new Replica({
    signer: self,
    storage: new MemoryDisk(),
    clock,
    log: silentLog,
    options: { ...crdtDefaults, ...options },
  });
  replica.attach({
    broadcast: () => {},
    neighbours: () => [neighbour.hostId],
    dialled: () => [],
    blame: () => {},
    async *request() {
      for (const { promise } of pieces) yield* await promise;
    },
  });
  await replica.start();
  return {
    replica,
    bring: async (items: readonly Item[]) => {
      pieces[0]?.resolve([...toChunks(items)]);
      await clock.advanceAsync(20);
    },
    end: async () => {
      pieces[1]?.resolve([]);
      await clock.advanceAsync(20);
    },
  };
}

function beat(signer: typeof self, number: number): Uint8Array {
  const sign = encodeSignOfLife({ beat: number, restarting: false, intervalMs: 2_000, edited: 0 });
  return sealEnvelope(signer, 'heartbeat', 1, 0, sign).bytes;
}

/** What a host says when it begins. */
function records(): Uint8Array {
  const publisher = new Publisher(first, () => nextEpoch(1, 0));
  publisher.jump();
  return publisher.begin([['container/c1', '{}']]).bytes;
}
