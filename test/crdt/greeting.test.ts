import { describe, expect, it } from 'vitest';
import { decodeEnvelope } from '../../src/crdt/envelope.ts';
import { CrdtLab, type LabReplica } from '../support/crdt-lab.ts';
import { testSigner } from '../support/signer.ts';

describe('a host whose neighbour links with it again and again', () => {
  it('greets it for a while, and then beats at a few times its pace at most', async () => {
    // The pace of a large mesh, in which all would have to take in what one host says ten times as often.
    const lab = new CrdtLab({ noticeMs: 10, redialMs: 20, replica: { heartbeatPerHostMs: 3_000 } });
    const [one] = await lab.start(3);
    if (one === undefined) throw new Error('a host');
    const restless = lab.net.join(testSigner(99).hostId);
    restless.attach({ received: () => 'known', answer: async function* () {}, linkUp: () => {}, linkDown: () => {} });
    restless.start();
    const flap = async (seconds: number) => {
      for (let tenth = 0; tenth < 10 * seconds; tenth += 1) {
        lab.net.cut(one.id, restless.hostId, tenth % 2 === 0);
        await lab.run(100);
      }
    };
    await flap(60);
    const beats = countBeats(one);
    await flap(270);
    expect(beats.size).toBeGreaterThan(30);
    expect(beats.size).toBeLessThan(3 * 30 + 10);
    lab.net.heal();
    await lab.run(60_000);
    const late = lab.add();
    await late.start();
    expect(await lab.until(() => late.status(one) === 'alive', 1_000)).toBeLessThan(1_000);
  });
});

/** The beats of a host that go out to all. */
function countBeats({ mesh }: LabReplica): ReadonlySet<string> {
  const beats = new Set<string>();
  const broadcast = mesh.broadcast.bind(mesh);
  mesh.broadcast = (bytes) => {
    const envelope = decodeEnvelope(bytes);
    if (envelope.ok && envelope.value.kind === 'heartbeat')
      beats.add(Buffer.from(envelope.value.payload).toString('hex'));
    broadcast(bytes);
  };
  return beats;
}
