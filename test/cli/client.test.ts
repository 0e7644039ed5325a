import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type AgentAddress, AgentClient } from '../../src/cli/client.ts';
import { Failure } from '../../src/cli/failure.ts';
import { ApiAgent } from '../support/api-agent.ts';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<AgentAddress> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('it listens on a port');
  return { type: 'tcp', address: '127.0.0.1', port: bound.port };
}

/** A port of this machine that nobody listens on. */
async function closedPort(): Promise<AgentAddress> {
  const address = await serve(() => undefined);
  await open.pop()?.();
  return address;
}

function client(...addresses: AgentAddress[]): AgentClient {
  return new AgentClient({ addresses, timeoutMs: 5_000 });
}

async function failure(promise: Promise<unknown>): Promise<{ exitCode: number; message: string }> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw new Error(`a Failure was expected, not ${error}`);
  return { exitCode: error.exitCode, message: error.message };
}

describe('the client', () => {
  it('tries one address after the other', async () => {
    const agent = await ApiAgent.start();
    open.push(() => agent[Symbol.asyncDispose]());
    const asking = client({ type: 'unix', path: '/nonexistent.sock' }, await closedPort(), {
      type: 'tcp',
      address: '127.0.0.1',
      port: agent.port,
    });
    expect(await asking.get('/healthz')).toEqual({ alive: true });
  });

  it('says in one sentence, with exit code 3, that there is no agent and why', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weft-client-'));
    open.push(() => rm(directory, { recursive: true }));
    const path = join(directory, 'weft.sock');
    const closed = await closedPort();
    const port = closed.type === 'tcp' ? closed.port : 0;
    expect(await failure(client({ type: 'unix', path }, closed).get('/healthz'))).toEqual({
      exitCode: 3,
      message:
        `no agent answers: unix:${path}: no such socket; 127.0.0.1:${port}: nobody listens there; ` +
        'start one with "weft up", or say where it is with --api',
    });
  });

  it('does not take another program for an agent', async () => {
    const other = await serve((_request, response) => response.setHeader('server', 'nginx').end('{}'));
    expect(await failure(client(other).get('/healthz'))).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('what listens there is no Weft agent'),
    });
  });

  it('says that an agent does not answer in time', async () => {
    const silent = await serve(() => undefined);
    const asking = new AgentClient({ addresses: [silent], timeoutMs: 50 });
    expect(await failure(asking.get('/healthz'))).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('does not answer within 0.05 s'),
    });
  });

  it('says that an agent broke off, and asks no other', async () => {
    const breaking = await serve((request) => request.socket.destroy());
    const never = await serve(() => expect.unreachable());
    expect(await failure(client(breaking, never).get('/healthz'))).toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('broke off'),
    });
  });

  it('passes on what an agent says is wrong, also when it is no problem details', async () => {
    const plain = await serve((_request, response) => {
      response.setHeader('server', 'weft/0.1.0').writeHead(500).end('all is lost\n');
    });
    expect(await failure(client(plain).get('/healthz'))).toEqual({ exitCode: 1, message: 'all is lost' });
  });

  it('comes back when an agent says so, where it asked too fast', async () => {
    let asked = 0;
    const busy = await serve((_request, response) => {
      response.setHeader('server', 'weft/0.1.0');
      if (++asked < 3) response.writeHead(429, { 'retry-after': '0' }).end('{}');
      else response.end('"done"');
    });
    expect(await client(busy).get('/healthz')).toBe('done');
  });

  it('bears the token it was given', async () => {
    const echoing = await serve((request, response) => {
      response.setHeader('server', 'weft/0.1.0').end(JSON.stringify(request.headers.authorization));
    });
    const asking = new AgentClient({ addresses: [echoing], token: 'right', timeoutMs: 5_000 });
    expect(await asking.get('/healthz')).toBe('Bearer right');
  });
});
