import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHello, createProofs } from '../../src/mesh/proof.ts';
import { dialAddress, type LabHost, MeshLab, secretOf, testTimeoutMs, until } from '../support/mesh-lab.ts';

vi.setConfig({ testTimeout: testTimeoutMs });

let lab = new MeshLab();
const sockets: Socket[] = [];
const servers: { close(): void }[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  await lab.stop();
  lab = new MeshLab();
});

const linked = (host: LabHost) => host.mesh.neighbours().length > 0;
const problemOf = (host: LabHost) => host.mesh.links()[0]?.problem;

describe('a host with another secret', () => {
  it('is refused, is told why, and is counted on the other side', async () => {
    const host = await lab.start({ secrets: [secretOf('right')] });
    const wrong = await lab.start({ secrets: [secretOf('wrong')] });
    wrong.mesh.connect(dialAddress(host));
    await until(() => problemOf(wrong) === `refused by ${dialAddress(host)}: the secrets differ`);
    expect(wrong.mesh.links()[0]).toMatchObject({ state: 'refused', outbound: true });
    expect(host.mesh.stats().refused['secrets differ']).toBeGreaterThan(0);
    expect(host.mesh.neighbours()).toEqual([]);
  });

  it('is refused when it has none at all', async () => {
    const host = await lab.start();
    const bare = await lab.start({ secrets: [] });
    bare.mesh.connect(dialAddress(host));
    host.mesh.connect(dialAddress(bare));
    await until(() => problemOf(bare) === `refused by ${dialAddress(host)}: the secrets differ`);
    await until(() => problemOf(host) === `refused by ${dialAddress(bare)}: the secrets differ`);
  });

  it('is let in once its secret is the right one', async () => {
    const host = await lab.start({ secrets: [secretOf('right')] });
    const wrong = await lab.start({ secrets: [secretOf('wrong')] });
    wrong.mesh.connect(dialAddress(host));
    await until(() => problemOf(wrong) !== undefined);
    await wrong.mesh.stop();
    const corrected = await lab.start({ identity: wrong.identity, secrets: [secretOf('right')] });
    corrected.mesh.connect(dialAddress(host));
    await until(() => linked(corrected) && linked(host));
  });
});

describe('changing the secret of a running mesh', () => {
  const before = [secretOf('old')];
  const during = [secretOf('old'), secretOf('new')];
  const after = [secretOf('new')];

  it.each([
    ['old and both', before, during],
    ['both and old', during, before],
    ['both and both', during, during],
    ['both, in another order', during, during.toReversed()],
    ['both and new', during, after],
    ['new and both', after, during],
  ])('links hosts that are one step apart: %s', async (_step, one, other) => {
    const listener = await lab.start({ secrets: one });
    const dialler = await lab.start({ secrets: other });
    dialler.mesh.connect(dialAddress(listener));
    await until(() => linked(dialler) && linked(listener));
    dialler.mesh.broadcast(Buffer.from('hello'));
    await until(() => listener.seen.heard.includes('hello'));
  });

  it('links no hosts that are two steps apart', async () => {
    const listener = await lab.start({ secrets: before });
    const dialler = await lab.start({ secrets: after });
    dialler.mesh.connect(dialAddress(listener));
    await until(() => problemOf(dialler)?.endsWith('the secrets differ') === true);
  });
});

describe('what answers and is no Weft', () => {
  it('is told from a host with another secret when it hangs up', async () => {
    const address = await serve((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const host = await lab.start();
    host.mesh.connect(address);
    await until(() => problemOf(host) === `${address} hung up; is it the mesh port of a Weft agent?`);
  });

  it('is given up when it says nothing', async () => {
    const address = await serve(() => {});
    const host = await lab.start({ options: { handshakeTimeoutMs: 100 } });
    host.mesh.connect(address);
    await until(() => problemOf(host) === `${address} answers, but does not speak Weft's mesh protocol`);
  });

  it('is not believed when it claims to be a listener without a proof', async () => {
    const address = await serve((socket) => {
      socket.once('data', () => socket.write(createHello()));
      socket.on('data', (bytes) => {
        if (bytes.length >= 64) socket.write(Buffer.concat([Uint8Array.of(1), Buffer.alloc(32)]));
      });
    });
    const host = await lab.start();
    host.mesh.connect(address);
    await until(() => problemOf(host) === `refused by ${address}: the secrets differ`);
  });
});

describe('strangers at the port', () => {
  it('are told nothing before they say something', async () => {
    const host = await lab.start({ options: { handshakeTimeoutMs: 100 } });
    const stranger = dial(host);
    await until(() => stranger.ended);
    expect(stranger.received).toHaveLength(0);
    await until(() => host.mesh.stats().refused.silent === 1);
  });

  it('are turned away at the first word that is not ours', async () => {
    const host = await lab.start();
    const stranger = dial(host);
    stranger.socket.write('GET / HTTP/1.1\r\nHost: example.com\r\nAccept: everything there is\r\n\r\n');
    await until(() => stranger.ended);
    expect(stranger.received).toHaveLength(0);
    expect(host.mesh.stats().refused['not weft']).toBe(1);
  });

  it('get no proof to guess the secret from', async () => {
    const host = await lab.start();
    const stranger = dial(host);
    const hello = createHello();
    stranger.socket.write(hello);
    await until(() => stranger.received.length === hello.length);
    stranger.socket.write(createProofs([secretOf('guessed')], hello, stranger.received));
    await until(() => stranger.ended);
    expect(stranger.received.subarray(hello.length)).toEqual(Buffer.of(0));
  });

  it('gain nothing by sending a recorded proof again', async () => {
    const secret = secretOf('first');
    const host = await lab.start({ secrets: [secret] });
    const hello = createHello();
    const first = dial(host);
    first.socket.write(hello);
    await until(() => first.received.length === hello.length);
    const recorded = createProofs([secret], hello, first.received);
    const second = dial(host);
    second.socket.write(hello);
    await until(() => second.received.length === hello.length);
    second.socket.write(recorded);
    await until(() => second.ended);
    expect(host.mesh.stats().refused['secrets differ']).toBe(1);
  });

  it('crowd each other out, and not the members of the mesh', async () => {
    const options = { maxStrangers: 16, maxStrangersPerAddress: 8, handshakeTimeoutMs: 60_000 };
    const host = await lab.start({ options });
    const strangers = Array.from({ length: 200 }, () => dial(host));
    await until(() => strangers.filter(({ ended }) => !ended).length === options.maxStrangersPerAddress);
    const member = await lab.start();
    member.mesh.connect(dialAddress(host));
    await until(() => linked(member) && linked(host));
    expect(host.mesh.stats().refused['crowded out']).toBeGreaterThanOrEqual(192);
  });

  it('are cut off when they hold back the end of their proof', async () => {
    const host = await lab.start({ options: { handshakeTimeoutMs: 200 } });
    const stranger = dial(host);
    stranger.socket.write(createHello().subarray(0, 36));
    await until(() => stranger.ended);
    expect(host.mesh.stats().refused.silent).toBe(1);
  });
});

interface Stranger {
  readonly socket: Socket;
  received: Buffer;
  ended: boolean;
}

function dial(host: LabHost): Stranger {
  const socket = connect(Number(dialAddress(host).split(':').at(-1)), '127.0.0.1');
  const stranger: Stranger = { socket, received: Buffer.alloc(0), ended: false };
  sockets.push(socket);
  socket.on('data', (bytes) => {
    stranger.received = Buffer.concat([stranger.received, bytes]);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    stranger.ended = true;
  });
  return stranger;
}

async function serve(handle: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    handle(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `127.0.0.1:${address.port}`;
}
