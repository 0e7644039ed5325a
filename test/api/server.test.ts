import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ApiAddress } from '../../src/api/guard.ts';
import { ApiServer } from '../../src/api/server.ts';
import { apiDefaults } from '../../src/config.ts';
import { type Log, silentLog } from '../../src/log.ts';
import { ApiAgent } from '../support/api-agent.ts';
import { ControlTwin, host2, owner } from '../support/control-twin.ts';
import { ManualClock } from '../support/manual-clock.ts';

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

async function start(...given: Parameters<typeof ApiAgent.start>): Promise<ApiAgent> {
  const agent = await ApiAgent.start(...given);
  open.push(agent);
  return agent;
}

function serverOn(...listen: ApiAddress[]): ApiServer {
  const options = { ...apiDefaults, token: 'right' };
  const holderOf = async () => 'dnsmasq (pid 812)';
  const parts = { control: new ControlTwin(), clock: new ManualClock(), log: silentLog, options, holderOf };
  const server = new ApiServer({ ...parts, listen });
  open.push({ [Symbol.asyncDispose]: () => server.stop() });
  return server;
}

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-socket-'));
  open.push({ [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) });
  return directory;
}

describe('the API', () => {
  it('answers the same on its socket file and on TCP, and says that it is Weft', async () => {
    const agent = await start();
    for (const over of ['unix', 'tcp'] as const) {
      const reply = await agent.ask('GET', '/healthz', { over });
      expect(reply).toMatchObject({ status: 200, json: { alive: true } });
      expect(reply.headers.server).toBe('weft/0.1.0');
    }
  });

  it('lets only the owner and the group use its socket file', async () => {
    const agent = await start();
    expect((await stat(agent.socketPath)).mode & 0o777).toBe(0o660);
  });

  it('takes over the socket file of an agent that died', async () => {
    const path = join(await temporary(), 'weft.sock');
    const dead = createServer().listen(path);
    await new Promise((resolve) => dead.once('listening', resolve));
    // A process that is killed leaves its socket file behind; renaming keeps it from being removed by close.
    await rename(path, `${path}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    await rename(`${path}.kept`, path);
    const server = serverOn({ type: 'unix', path });
    await server.start();
    expect(server.boundAddresses()).toEqual([{ type: 'unix', path }]);
  });

  it('leaves the socket file of a living agent alone', async () => {
    const agent = await start();
    const second = serverOn({ type: 'unix', path: agent.socketPath });
    await expect(second.start()).rejects.toThrow(
      `cannot listen on unix:${agent.socketPath}: another agent answers there`,
    );
    expect((await agent.ask('GET', '/healthz')).status).toBe(200);
  });

  it('leaves the socket file of an agent alone that has too much to do to answer', async () => {
    const path = join(await temporary(), 'weft.sock');
    // It listens, takes nobody in, and has room for one to wait.
    const listens = `require('node:net').createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => {
      require('node:fs').writeSync(1, 'listens'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); })`;
    const busy = spawn(process.execPath, ['-e', listens], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(busy.stdout, 'data');
    const waiting = [];
    try {
      for (let isFull = false; !isFull; ) {
        const socket = connect(path).on('error', () => {});
        waiting.push(socket);
        isFull = await new Promise((resolve) => {
          socket.once('connect', () => resolve(false)).once('error', () => resolve(true));
        });
      }
      await expect(serverOn({ type: 'unix', path }).start()).rejects.toThrow('another agent answers there');
      expect((await stat(path)).isSocket()).toBe(true);
    } finally {
      for (const socket of waiting) socket.destroy();
      busy.kill('SIGKILL');
    }
  });

  it('leaves it to whoever starts it to say why it cannot listen', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const said: unknown[] = [];
    const log = { ...silentLog, error: (...words: unknown[]) => said.push(words) };
    const { port } = taken.address() as AddressInfo;
    const server = new ApiServer({
      control: new ControlTwin(),
      clock: new ManualClock(),
      log: log as Log,
      options: apiDefaults,
      listen: [{ type: 'tcp', address: '127.0.0.1', port }],
    });
    await expect(server.start()).rejects.toThrow('has that port');
    expect(said).toEqual([]);
    taken.close();
  });

  it('does not remove a file that is no socket', async () => {
    const path = join(await temporary(), 'weft.sock');
    await writeFile(path, 'precious');
    await expect(serverOn({ type: 'unix', path }).start()).rejects.toThrow(
      'there is a file of that name that is no socket',
    );
  });

  it('says in one sentence that a port is taken and by whom, and lets go of what it had', async () => {
    const agent = await start();
    const path = join(await temporary(), 'weft.sock');
    const second = serverOn({ type: 'unix', path }, { type: 'tcp', address: '127.0.0.1', port: agent.port });
    await expect(second.start()).rejects.toThrow(
      `cannot listen on 127.0.0.1:${agent.port}: dnsmasq (pid 812) has that port; choose another with --api, or end that program`,
    );
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('says in one sentence that it has no such address', async () => {
    const server = serverOn({ type: 'tcp', address: '192.0.2.1', port: 0 });
    await expect(server.start()).rejects.toThrow('cannot listen on 192.0.2.1:0: this host has no such address');
  });

  it('does not listen for other hosts without a token', async () => {
    const parts = { control: new ControlTwin(), clock: new ManualClock(), log: silentLog, options: apiDefaults };
    const server = new ApiServer({ ...parts, listen: [{ type: 'tcp', address: '0.0.0.0', port: 0 }] });
    await expect(server.start()).rejects.toThrow(
      'cannot listen on 0.0.0.0:0: other hosts reach it, so it needs a token; give --api-token-file',
    );
  });

  it('asks callers from other hosts for the token', async () => {
    const server = serverOn({ type: 'tcp', address: '0.0.0.0', port: 0 });
    await server.start();
    const [bound] = server.boundAddresses();
    const url = `http://127.0.0.1:${bound?.type === 'tcp' ? bound.port : 0}/v1/records`;
    const refused = await fetch(url);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    const admitted = await fetch(url, { headers: { authorization: 'Bearer right' } });
    expect(admitted.status).toBe(200);
    await admitted.body?.cancel();
    await refused.body?.cancel();
  });

  it('asks no token for the page, which holds nothing that is known of the mesh', async () => {
    const server = serverOn({ type: 'tcp', address: '0.0.0.0', port: 0 });
    await server.start();
    const [bound] = server.boundAddresses();
    const url = `http://127.0.0.1:${bound?.type === 'tcp' ? bound.port : 0}`;
    const statuses = ['/', '/page/main.ts', '/v1/status', '/metrics', '/nothing'].map(
      async (path) => (await fetch(`${url}${path}`)).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 401, 401, 401]);
  });

  it('takes so many requests of one TCP address, and says when the next may come', async () => {
    const agent = await start({ requestsPerSecond: 2, requestBurst: 3 });
    const statuses = async () => (await agent.ask('GET', '/healthz', { over: 'tcp' })).status;
    for (const expected of [200, 200, 200, 429]) expect(await statuses()).toBe(expected);
    const refused = await agent.ask('GET', '/healthz', { over: 'tcp' });
    expect(refused).toMatchObject({ json: { status: 429, detail: 'too many requests from this address' } });
    expect(refused.headers['retry-after']).toBe('1');
    expect((await agent.ask('GET', '/healthz')).status).toBe(200);
    agent.clock.advance(500);
    expect(await statuses()).toBe(200);
    expect(await statuses()).toBe(429);
  });

  it.each([
    ['GET', '/v1/static/web', 'DELETE, PUT'],
    ['POST', '/v1/records?x=1', 'GET, HEAD'],
    ['DELETE', '/v1/static', undefined],
    ['OPTIONS', '/name/a/192.0.2.1', 'DELETE, PUT'],
  ])('answers %s %s with what is allowed there: %s', async (method, path, allow) => {
    const agent = await start();
    const reply = await agent.ask(method, path);
    expect(reply.headers.allow).toBe(allow);
    expect(reply.status).toBe(allow === undefined ? 404 : 405);
    expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  it.each([
    [400, '{"addresses": ', 'application/json'],
    [400, '{"adresses": ["192.0.2.7"]}', 'application/json'],
    [413, JSON.stringify({ txt: ['x'.repeat(70_000)] }), 'application/json'],
    [415, '<addresses/>', 'application/xml'],
  ])('answers a body that it cannot take with %s', async (status, body, type) => {
    const agent = await start();
    const reply = await agent.ask('PUT', '/v1/static/web', { body, headers: { 'content-type': type } });
    expect(reply).toMatchObject({ status, json: { status, type: 'about:blank' } });
    expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  it.each([
    ['HELLO\r\n\r\n', 400, 'this is no HTTP request'],
    [
      `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'the header of the request is too long',
    ],
  ])('answers what it cannot read as a request, such as %#, with a problem', async (bytes, status, detail) => {
    const agent = await start();
    const socket = connect(agent.port, '127.0.0.1');
    socket.write(bytes);
    const [reply] = await once(socket, 'data');
    const [header = '', body = ''] = String(reply).split('\r\n\r\n');
    expect(header).toMatch(new RegExp(`^HTTP/1.1 ${status} .*application/problem\\+json`, 's'));
    expect(JSON.parse(body)).toMatchObject({ status, detail });
    socket.destroy();
  });

  it('holds no more than so many connections on an address', async () => {
    const agent = await start({ maxConnections: 1 });
    const first = connect(agent.port, '127.0.0.1');
    first.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(first, 'data');
    const second = connect(agent.port, '127.0.0.1');
    await once(second, 'close');
    expect(second.bytesRead).toBe(0);
    first.destroy();
  });

  it('cuts off a caller that does not finish its header', async () => {
    const agent = await start({ headersTimeoutMs: 50, requestTimeoutMs: 50 });
    const socket = connect(agent.port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n');
    const [reply] = await once(socket, 'data');
    expect(String(reply)).toMatch(/^HTTP\/1.1 408 /);
    socket.destroy();
  });

  it('says in one sentence that the directory of its socket cannot be made', async () => {
    const directory = await temporary();
    await writeFile(join(directory, 'file'), '');
    const server = serverOn({ type: 'unix', path: join(directory, 'file', 'weft.sock') });
    await expect(server.start()).rejects.toThrow(`cannot make the directory ${directory}/file for the API's socket`);
    await expect(serverOn({ type: 'unix', path: '/proc/weft/weft.sock' }).start()).rejects.toThrow(
      "cannot make the directory /proc/weft for the API's socket: ENOENT",
    );
  });

  it('turns away names that other sites could rebind, on TCP', async () => {
    const agent = await start();
    const reply = await agent.ask('GET', '/v1/records', { over: 'tcp', headers: { host: 'rebound.example' } });
    expect(reply).toMatchObject({ status: 421, json: { title: 'Misdirected Request' } });
  });

  it('gives the token of the mesh over the socket file only', async () => {
    const agent = await start();
    expect((await agent.ask('GET', '/v1/token')).json).toEqual({ token: 'weft-token-of-a-test' });
    expect((await agent.ask('GET', '/v1/token', { over: 'tcp' })).json).toMatchObject({ status: 403 });
  });

  it('answers what it has not with a problem', async () => {
    const agent = await start();
    const reply = await agent.ask('GET', '/nothing');
    expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(reply.json).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'nothing is at GET /nothing; see /openapi.json',
    });
    expect((await agent.ask('GET', '/v1/names/%zz')).status).toBe(400);
  });

  it('hides what broke inside', async () => {
    const agent = await start();
    agent.control.explain = async () => {
      throw new Error('a secret of the inside');
    };
    expect((await agent.ask('GET', '/v1/explain/web')).json).toMatchObject({
      status: 500,
      detail: 'The agent failed at this request; its log says why.',
    });
  });

  it('is ready with 200 and not ready with 503 and the reasons', async () => {
    const agent = await start();
    expect(await agent.ask('GET', '/readyz')).toMatchObject({ status: 200, json: { ready: true, reasons: [] } });
    agent.control.readinessView = { ready: false, reasons: ['the engine was not listed yet'] };
    expect(await agent.ask('GET', '/readyz')).toMatchObject({
      status: 503,
      json: { ready: false, reasons: ['the engine was not listed yet'] },
    });
  });

  it('serves metrics as the agent gives them', async () => {
    const agent = await start();
    expect((await agent.ask('GET', '/metrics')).text).toContain('weft_ready 1');
  });

  it('counts names, containers and static records in its status', async () => {
    const agent = await start();
    const both = owner('web', '172.17.0.2');
    agent.control.own('web', both);
    agent.control.own('www', both);
    await agent.ask('PUT', '/v1/static/db', { body: { addresses: ['192.0.2.7', '192.0.2.8'] } });
    expect((await agent.ask('GET', '/v1/status')).json).toMatchObject({ names: 3, containers: 1, statics: 2 });
  });

  it('tells in its status what came in over the mesh, by what became of it', async () => {
    const agent = await start();
    const offences = [{ peer: host2, reason: 'wrong signature', count: 3 }];
    agent.control.meshView = { ...agent.control.meshView, refused: { 'secrets differ': 2 }, offences };
    const { json } = await agent.ask('GET', '/v1/status');
    expect(json).toMatchObject({ mesh: { refused: { 'secrets differ': 2 }, offences } });
  });

  it('passes on what the mesh is told', async () => {
    const agent = await start();
    await agent.ask('POST', '/v1/connect', { body: { peers: ['192.0.2.2', '192.0.2.3:6783'] } });
    await agent.ask('POST', '/v1/forget', { body: { peers: ['192.0.2.2'] } });
    await agent.ask('POST', '/v1/leave');
    expect(agent.control.asked).toEqual(['connect 192.0.2.2', 'connect 192.0.2.3:6783', 'forget 192.0.2.2', 'leave']);
    expect((await agent.ask('POST', '/v1/connect', { body: { peers: ['a b'] } })).json).toMatchObject({
      status: 400,
      detail: 'invalid peer name "a b", should be host[:port]',
    });
  });

  it('stops twice, and leaves nothing open', async () => {
    const agent = await start();
    await agent.server.stop();
    await agent.server.stop();
    await expect(agent.ask('GET', '/healthz')).rejects.toThrow('ENOENT');
  });
});
