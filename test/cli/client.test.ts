import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type AgentAddress, AgentClient, type ClientOptions, spell } from '../../src/cli/client.ts';
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
  return clientWith({}, ...addresses);
}

function clientWith(options: Partial<ClientOptions>, ...addresses: AgentAddress[]): AgentClient {
  const patience = { timeoutMs: 5_000, retryWithinMs: 5_000, streamSilenceMs: 5_000 };
  return new AgentClient({ addresses, ...patience, ...options });
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
    expect(await failure(clientWith({ timeoutMs: 50 }, silent).get('/healthz'))).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('does not answer GET /healthz within 0.05 s'),
    });
  });

  it.each([200, 404, 500, 503])(
    'says which answer of an agent, with status %d, stopped in the middle, for how long, and what to do',
    async (status) => {
      const stalling = await serve((_request, response) => {
        response.setHeader('server', 'weft/0.1.0').writeHead(status).write('{"records": [');
      });
      const asking = clientWith({ timeoutMs: 500 }, stalling);
      const said = {
        exitCode: 3,
        message:
          `the agent at ${spell(stalling)} stopped in the middle of its answer to GET /v1/records, and said nothing ` +
          'for 0.5 s; try again, and if it stays so restart it and see its log',
      };
      expect(await failure(asking.get('/v1/records'))).toEqual(said);
      expect(await failure(asking.text('/v1/records'))).toEqual(said);
    },
  );

  it('waits for an answer that is slow, but goes on', async () => {
    const slow = await serve((_request, response) => {
      response.setHeader('server', 'weft/0.1.0').write('"');
      let left = 40;
      const timer = setInterval(() => {
        if (left-- > 0) return response.write('a');
        clearInterval(timer);
        return response.end('"');
      }, 30);
    });
    expect(await clientWith({ timeoutMs: 1_000 }, slow).get('/v1/records')).toBe('a'.repeat(40));
  });

  it('says that an agent broke off in the middle of its answer', async () => {
    const breaking = await serve((_request, response) => {
      response.setHeader('server', 'weft/0.1.0').write('{', () => response.destroy());
    });
    expect(await failure(client(breaking).get('/v1/records'))).toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('broke off in the middle of its answer to GET /v1/records'),
    });
  });

  it('ends a stream that gives no more sign of life', async () => {
    const silent = await serve((_request, response) => {
      response.setHeader('server', 'weft/0.1.0').write(': hello\n\n');
    });
    const chunks = await clientWith({ streamSilenceMs: 50 }, silent).open('/v1/watch', {});
    const read = async () => {
      for await (const chunk of chunks) expect(chunk).toBe(': hello\n\n');
    };
    expect(await failure(read())).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('its answer to GET /v1/watch, and said nothing for 0.05 s'),
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

  it.each([undefined, 'soon'])('takes its time where an agent that is asked too fast says "%s"', async (said) => {
    const times: number[] = [];
    const busy = await serve((_request, response) => {
      times.push(performance.now());
      response.setHeader('server', 'weft/0.1.0');
      if (times.length < 2) response.writeHead(429, said === undefined ? {} : { 'retry-after': said }).end('{}');
      else response.end('"done"');
    });
    expect(await client(busy).get('/healthz')).toBe('done');
    const [first = 0, second = 0] = times;
    // Timers are allowed to come a millisecond early.
    expect(second - first).toBeGreaterThan(990);
  });

  it('gives up on an agent that always turns it away, or for longer than one waits', async () => {
    let asked = 0;
    const busy = (seconds: string) =>
      serve((_request, response) => {
        asked++;
        response.setHeader('server', 'weft/0.1.0').writeHead(429, { 'retry-after': seconds }).end('{}');
      });
    const hour = await busy('3600');
    expect(await failure(client(hour).get('/v1/records'))).toEqual({
      exitCode: 1,
      message:
        `the agent at ${spell(hour)} has too many requests of this host: it turns GET /v1/records away, and says to come ` +
        'back in 3600 s, which is longer than the 5 s one waits; see who else asks it, or use its socket, which has no such limit',
    });
    expect(asked).toBe(1);
    expect(await failure(clientWith({ retryWithinMs: 350 }, await busy('0')).get('/healthz'))).toMatchObject({
      exitCode: 1,
    });
    expect(asked).toBeLessThanOrEqual(5);
  });

  it('bears the token it was given', async () => {
    const echoing = await serve((request, response) => {
      response.setHeader('server', 'weft/0.1.0').end(JSON.stringify(request.headers.authorization));
    });
    expect(await clientWith({ token: 'right' }, echoing).get('/healthz')).toBe('Bearer right');
  });
});
