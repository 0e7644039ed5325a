import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentProcess, startAgentProcess } from '../support/agent-process.ts';
import { requestFromSocket } from '../support/lab/socket-request.ts';
import { until } from '../support/lab/until.ts';

/** What an agent does at SIGHUP, and what it tells systemd of itself. */

let directory = '';
let agents: AgentProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weft-signals-'));
});
afterEach(async () => {
  for (const agent of agents) await agent[Symbol.asyncDispose]();
  agents = [];
  rmSync(directory, { recursive: true, force: true });
});

describe('SIGHUP', () => {
  it('rereads the secret of the mesh, while links stay wherever both ends still share one', async () => {
    for (const name of ['one', 'two']) write(`${name}.secret`, 'the first secret of this mesh');
    const one = await start('one', { 'secret-file': path('one.secret') });
    const peer = /"listening":\["([^"]+)"\]/.exec(one.said())?.[1] ?? '';
    const two = await start('two', { 'secret-file': path('two.secret') }, [peer]);
    await until('they are linked', () => isLinked('two'));
    const rotation = [
      ['the first secret of this mesh', 'the second secret of this mesh'],
      ['the second secret of this mesh', 'the first secret of this mesh'],
      ['the second secret of this mesh'],
    ];
    for (const secrets of rotation)
      for (const [name, agent] of [['one', one] as const, ['two', two] as const]) {
        write(`${name}.secret`, secrets.join('\n'));
        await reread(agent);
        await until('they are linked', () => isLinked('two'));
      }
    write('one.secret', 'a third secret that two is not told');
    await reread(one);
    await until('two is shut out', async () => (await status('two')).includes('secrets differ'));
  });

  it('rereads the token of the API, and goes on with the former one where the file is of no use', async () => {
    const port = await freePort();
    write('token', 'first-token');
    const agent = await start('one', { 'api-token-file': path('token'), api: `0.0.0.0:${port}` });
    const ask = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`http://127.0.0.1:${port}/v1/status`, { headers })).status;
    };
    expect([await ask('first-token'), await ask('second-token')]).toEqual([200, 401]);
    write('token', 'second-token');
    await reread(agent);
    expect([await ask('first-token'), await ask('second-token')]).toEqual([401, 200]);
    write('token', '');
    await reread(agent);
    expect(agent.said()).toMatch(/is empty; write a token into it; the former one stays/);
    expect(await ask('second-token')).toBe(200);
  });

  it('that comes before there is an agent ends nothing', async () => {
    const agent = begin('one', {});
    await until('it reads its data directory', () => existsSync(path('one/identity.key')));
    agent.process.kill('SIGHUP');
    await agent.started();
  });
});

describe('an agent that systemd started', () => {
  it('says when it is ready, rereads, is well and ends', async () => {
    const manager = await listenAsSystemd();
    const agent = begin('one', {}, [], { NOTIFY_SOCKET: path('notify.sock'), WATCHDOG_USEC: '200000' });
    await until('it is ready', () => manager.heard().includes('READY=1'));
    expect(agent.said()).toContain('"started"');
    await until('it is well', () => manager.heard().split('WATCHDOG=1').length > 3);
    agent.process.kill('SIGHUP');
    await until('it has reread its files', () => /RELOADING=1\nMONOTONIC_USEC=\d+[\s\S]*READY=1/.test(manager.heard()));
    agent.process.kill('SIGTERM');
    expect(await agent.ended).toBe(0);
    await until('it has said that it ends', () => manager.heard().includes('STOPPING=1'));
    manager.process.kill();
  });
});

function path(name: string): string {
  return join(directory, name);
}

function write(name: string, text: string): void {
  writeFileSync(path(name), text);
}

function begin(name: string, flags: Record<string, string>, peers: string[] = [], env: Record<string, string> = {}) {
  const agent = startAgentProcess({
    flags: {
      name,
      'no-docker': '',
      'data-dir': path(name),
      api: `unix:${path(`${name}.sock`)}`,
      'mesh-listen': '127.0.0.1:0',
      'dns-listen': '127.0.0.1:0',
      ...flags,
    },
    peers,
    env,
  });
  agents.push(agent);
  return agent;
}

async function start(name: string, flags: Record<string, string>, peers: string[] = []): Promise<AgentProcess> {
  const agent = begin(name, flags, peers);
  await agent.started();
  return agent;
}

async function reread(agent: AgentProcess): Promise<void> {
  const before = agent.said().split('"reread"').length;
  agent.process.kill('SIGHUP');
  await until('it has reread its files', () => agent.said().split('"reread"').length > before);
}

async function status(name: string): Promise<string> {
  return (await requestFromSocket(path(`${name}.sock`), 'GET', '/v1/status')).body;
}

async function isLinked(name: string): Promise<boolean> {
  return (await status(name)).includes('"state":"established"');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** What systemd's end of `NOTIFY_SOCKET` receives. */
async function listenAsSystemd(): Promise<{ process: ChildProcess; heard(): string }> {
  const receiver = spawn('socat', ['-u', `UNIX-RECV:${path('notify.sock')}`, 'STDOUT'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let heard = '';
  receiver.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  await Promise.all([once(receiver, 'spawn'), until('it listens', () => existsSync(path('notify.sock')))]);
  return { process: receiver, heard: () => heard };
}
