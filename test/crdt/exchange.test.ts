import { describe, expect, it } from 'vitest';
import { sealEnvelope } from '../../src/crdt/envelope.ts';
import { decodeRequest } from '../../src/crdt/request.ts';
import type { TransportHandler } from '../../src/crdt/transport.ts';
import { CrdtLab } from '../support/crdt-lab.ts';
import { signOfLife } from '../support/forgery.ts';
import { testSigner } from '../support/signer.ts';

describe('what is asked of a neighbour', () => {
  it('is everything it has, also when a new link comes while something else is pulled from it', async () => {
    const lab = new CrdtLab({ requestTimeoutMs: 60_000 });
    const one = lab.add();
    const signer = testSigner(9);
    const mesh = lab.net.join(signer.hostId);
    const pulls: string[] = [];
    const mended = Promise.withResolvers<void>();
    const slow: TransportHandler = {
      received: () => 'new',
      linkUp: () => {},
      linkDown: () => {},
      async *answer(_from, bytes) {
        const request = decodeRequest(bytes);
        if (!request.ok || request.value.type !== 'pull') return;
        pulls.push(request.value.whole ? 'whole' : 'part');
        if (!request.value.whole) await mended.promise;
        yield new Uint8Array();
      },
    };
    mesh.attach(slow);
    mesh.start();
    await one.start();
    await lab.run(1_000);
    mesh.broadcast(sealEnvelope(signer, 'heartbeat', 1, 5, signOfLife(1)).bytes);
    await lab.run(500);
    expect(pulls).toEqual(['whole', 'part']);
    one.replica.linkUp(signer.hostId);
    await lab.run(500);
    expect(pulls).toEqual(['whole', 'part']);
    mended.resolve();
    await lab.run(100);
    expect(pulls.slice(2)).toContain('whole');
  });
});
