import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { dialAddress, MeshLab, testTimeoutMs, until } from '../support/mesh-lab.ts';

vi.setConfig({ testTimeout: testTimeoutMs });

const lab = new MeshLab();
const sockets: Socket[] = [];
const onSocket = (message: unknown) => {
  sockets.push((message as { readonly socket: Socket }).socket);
};

afterEach(async () => {
  unsubscribe('net.client.socket', onSocket);
  await lab.stop();
});

test('a neighbour does not answer each broadcast with leave to send as much again', async () => {
  subscribe('net.client.socket', onSocket);
  const [listener, dialler] = [await lab.start(), await lab.start()];
  dialler.mesh.connect(dialAddress(listener));
  await until(() => dialler.mesh.neighbours().length === 1 && listener.mesh.neighbours().length === 1);
  const before = bytesBack();
  for (let number = 0; number < broadcasts; number += 1) dialler.mesh.broadcast(Buffer.from(`broadcast ${number}`));
  await until(() => listener.seen.heard.length >= broadcasts);
  // Such a leave has 12 octets, and 18 and more around them by Noise.
  expect(bytesBack() - before).toBeLessThan(10 * broadcasts);
});

test('a long answer comes whole to one that takes its time over each piece', async () => {
  const [listener, dialler] = [await lab.start(), await lab.start()];
  listener.seen.answerWith(async function* () {
    for (let number = 0; number < chunks; number += 1) yield Buffer.alloc(chunkBytes, number);
  });
  dialler.mesh.connect(dialAddress(listener));
  await until(() => dialler.mesh.neighbours().length === 1);
  const taken: number[] = [];
  for await (const chunk of dialler.mesh.request(listener.hostId, Buffer.from('all'))) {
    taken.push(chunk[0] ?? -1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(taken).toEqual(Array.from({ length: chunks }, (_, number) => number));
});

const broadcasts = 500;
/** Several times what yamux lets one end of a stream send unanswered, 256 KiB. */
const chunks = 64;
const chunkBytes = 65_536;

function bytesBack(): number {
  return sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
}
