import type { Stream } from '@libp2p/interface';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { meshDefaults } from '../../src/config.ts';
import { createIdentity } from '../../src/identity.ts';
import { toMultiaddr } from '../../src/mesh/address.ts';
import { exchangeProtocol } from '../../src/mesh/exchange.ts';
import { encodeFrame } from '../../src/mesh/frame.ts';
import { Gate } from '../../src/mesh/gate.ts';
import { GossipLinks } from '../../src/mesh/gossip-links.ts';
import { createNode, type Node } from '../../src/mesh/node.ts';
import { pulseProtocol } from '../../src/mesh/pulse.ts';
import { dialAddress, type LabHost, MeshLab, secretOf, testTimeoutMs, until } from '../support/mesh-lab.ts';
import { collect } from '../support/mesh-suite.ts';

vi.setConfig({ testTimeout: testTimeoutMs });

let lab = new MeshLab();
const rogues: Node[] = [];

afterEach(async () => {
  await Promise.all(rogues.splice(0).map((rogue) => rogue.stop()));
  await lab.stop();
  lab = new MeshLab();
});

const requestTimeoutMs = 300;
const chunk = Buffer.alloc(65_536, 7);

/** Two linked hosts, of which the second asks the first. */
async function pair(options = {}): Promise<{ asker: LabHost; answerer: LabHost }> {
  const answerer = await lab.start({ options: { requestTimeoutMs, ...options } });
  const asker = await lab.start({ options: { requestTimeoutMs, ...options } });
  asker.mesh.connect(dialAddress(answerer));
  await until(() => asker.mesh.neighbours().length === 1 && answerer.mesh.neighbours().length === 1);
  return { asker, answerer };
}

/** A member with the right secret that sends what it likes. */
async function rogueStream(host: LabHost, protocol = exchangeProtocol): Promise<Stream> {
  const options = { ...meshDefaults, listen: [] };
  const gate = new Gate({ secrets: [secretOf('first')], clock: systemClock, options, onRefused: () => {} });
  const rogue = await createNode({
    identity: createIdentity(),
    listen: [],
    options,
    protector: gate.protector(),
    gater: {},
    gossipLinks: new GossipLinks(),
    transport: undefined,
  });
  await rogue.start();
  rogues.push(rogue);
  const connection = await rogue.dial(toMultiaddr(dialAddress(host)));
  return await connection.newStream(protocol);
}

describe('a request', () => {
  it('stops the answer when the asker wants no more of it', async () => {
    const { asker, answerer } = await pair();
    let stopped = false;
    answerer.seen.answerWith(async function* () {
      try {
        while (true) yield chunk;
      } finally {
        stopped = true;
      }
    });
    for await (const _ of asker.mesh.request(answerer.hostId, Buffer.from('all'))) break;
    await until(() => stopped);
  });

  it('throws for the asker when the answerer stalls', async () => {
    const { asker, answerer } = await pair();
    answerer.seen.answerWith(async function* () {
      yield chunk;
      await new Promise(() => {});
    });
    await expect(collect(asker.mesh.request(answerer.hostId, Buffer.from('all')))).rejects.toThrow();
  });

  it('throws for the asker when the link breaks', async () => {
    const { asker, answerer } = await pair();
    answerer.seen.answerWith(async function* () {
      yield chunk;
      await new Promise(() => {});
    });
    const answer = collect(asker.mesh.request(answerer.hostId, Buffer.from('all')));
    const broken = expect(answer).rejects.toThrow();
    await until(() => answerer.mesh.stats().requestsIn === 1);
    await answerer.mesh.stop();
    await broken;
  });

  it('waits for an asker that takes its time between chunks', async () => {
    const { asker, answerer } = await pair();
    let made = 0;
    answerer.seen.answerWith(async function* () {
      for (; made < 60; made += 1) yield chunk;
    });
    let taken = 0;
    for await (const got of asker.mesh.request(answerer.hostId, Buffer.from('all'))) {
      taken += 1;
      expect(got).toHaveLength(chunk.length);
      if (taken % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(taken).toBe(60);
  });

  it('is refused when it is one too many of the same neighbour', async () => {
    const { asker, answerer } = await pair({ maxRequestsPerPeer: 2 });
    answerer.seen.answerWith(async function* () {
      await new Promise(() => {});
      yield chunk;
    });
    const asked = Array.from({ length: 4 }, () => collect(asker.mesh.request(answerer.hostId, Buffer.from('all'))));
    const settled = await Promise.allSettled(asked);
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
    expect(answerer.mesh.stats().dropped['too many requests at once']).toBe(2);
  });

  it('is refused when it is too long, and nothing of it is kept', async () => {
    const { answerer } = await pair();
    const stream = await rogueStream(answerer);
    const header = Buffer.alloc(4);
    header.writeUInt32BE(0xff_ff_ff_ff);
    stream.send(header);
    await until(() => stream.status !== 'open');
    expect(answerer.mesh.stats().dropped['broken request']).toBe(1);
  });
});

describe('a member that misbehaves', () => {
  it('holds nothing up with half a frame', async () => {
    const { asker, answerer } = await pair();
    answerer.seen.answerWith(async function* (_from, request) {
      yield request;
    });
    const stream = await rogueStream(answerer);
    stream.send(encodeFrame(Buffer.from('a whole request')).subarray(0, 9));
    expect(await collect(asker.mesh.request(answerer.hostId, Buffer.from('mine')))).toHaveLength(1);
    await until(() => answerer.mesh.stats().dropped['broken request'] === 1);
    await until(() => stream.status !== 'open');
  });

  it('gets no answer to beats by the thousand, which it need not read', async () => {
    // Nobody looks for silence meanwhile.
    const { answerer } = await pair({ pulseMs: 600_000 });
    const stream = await rogueStream(answerer, pulseProtocol);
    stream.pause();
    stream.send(Buffer.alloc(4 * 1_000));
    await until(() => stream.status !== 'open');
  });

  it('gets no more than a window of an answer that it does not read, and not for long', async () => {
    const { answerer } = await pair();
    let made = 0;
    let stopped = false;
    answerer.seen.answerWith(async function* () {
      try {
        while (true) {
          made += 1;
          yield chunk;
        }
      } finally {
        stopped = true;
      }
    });
    const stream = await rogueStream(answerer);
    stream.pause();
    stream.send(encodeFrame(Buffer.from('all')));
    await until(() => stopped);
    expect(made * chunk.length).toBeLessThan(16 * 1024 * 1024);
    expect(answerer.mesh.stats().dropped['broken request']).toBe(1);
  });
});
