import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EmbeddedEngine } from '../../src/watch/embedded-engine.ts';
import { type AgentProcess, startAgentProcess } from '../support/agent-process.ts';
import { requestFromSocket } from '../support/lab/socket-request.ts';
import { until } from '../support/lab/until.ts';

/** `weft up --takeover`: an upgrade of one host's agent, as its containers and the other hosts see it. */

const run = promisify(execFile);
const takeovers = 5;
const questionsPerSecond = 15_000;
const leastQuestions = 200_000;
/** Of one run of dnsperf; runs follow each other until all takeovers are done. */
const questionsPerRun = 100_000;
/** A busy machine asks for minutes what a quiet one asks in a quarter of one. */
const busyMs = 600_000;
/** What may be under way at once: with fewer a stall of milliseconds slows the sender down, more than fit a socket's buffer are lost there. */
const questionsUnderWay = 200;
const names = ['web', 'db', 'cache'];

const hostsReply = z.object({
  hosts: z.array(z.object({ record: z.object({ name: z.string() }).optional(), status: z.string() })),
});

const directory = mkdtempSync(join(tmpdir(), 'weft-takeover-'));
const engine = new EmbeddedEngine({ listen: '127.0.0.1', subnet: '10.1.0.0/16' });
const env = { WEFT_SECRET: 'a secret for the tests of takeovers' };
let ports: { dns: number; mesh: number; otherDns: number; otherMesh: number };
let current: AgentProcess;
let other: AgentProcess;

beforeAll(async () => {
  await engine.open();
  for (const name of names) engine.run({ name });
  const [dns = 0, mesh = 0, otherDns = 0, otherMesh = 0] = await freePorts(4);
  ports = { dns, mesh, otherDns, otherMesh };
  other = startAgentProcess({ flags: flagsOf('other', otherDns, otherMesh), env });
  await other.started();
});

beforeEach(async () => {
  current = start({ takeover: '' });
  await current.started();
  await until('the other host knows its names', () => knows(ports.otherDns));
});

afterAll(async () => {
  await current?.[Symbol.asyncDispose]();
  await other?.[Symbol.asyncDispose]();
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('an agent that takes over', () => {
  it('five times on a busy host, loses no question, and no other host misses it', { timeout: busyMs }, async () => {
    const statuses = new Set<string>();
    const done = { takeovers: false };
    const watching = watchFromElsewhere(statuses, done);
    const load = ask(done);
    for (let takeover = 0; takeover < takeovers; takeover++) {
      const before = current;
      current = start({ takeover: '' });
      await current.started();
      expect(await before.ended).toBe(0);
    }
    done.takeovers = true;
    const { sent, answered, perSecond, slowestSecond } = await load;
    console.log(
      `${takeovers} takeovers: ${answered} of ${sent} questions answered, ${Math.round(perSecond)} a second of ` +
        `${questionsPerSecond} meant, ${Math.round(slowestSecond)} in the slowest second`,
    );
    expect(sent).toBeGreaterThanOrEqual(leastQuestions);
    expect(sent - answered).toBe(0);
    expect(await watching).toBe(0);
    expect([...statuses].filter((status) => !['alive', 'restarting'].includes(status))).toEqual([]);
  });

  it('from one that hangs kills it', async () => {
    current.process.kill('SIGSTOP');
    const before = current;
    current = start({ takeover: '' });
    await current.started();
    expect(await before.ended).toBe(null);
    expect(before.process.signalCode).toBe('SIGKILL');
    expect(await knows(ports.dns)).toBe(true);
  });

  it('from one that died simply starts', async () => {
    current.process.kill('SIGKILL');
    await current.ended;
    current = start({ takeover: '' });
    await current.started();
    expect(await knows(ports.dns)).toBe(true);
  });
});

describe('an agent that fails to take over', () => {
  it('says why, and the old one stays and is linked again, without a lost question', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const done = { takeovers: false };
    const load = ask(done, 0);
    const failing = start({ takeover: '', 'mesh-listen': `127.0.0.1:${port}` });
    expect(await failing.ended).toBe(1);
    expect(failing.said()).toMatch(`127.0.0.1:${port}: the port is taken by`);
    await until('the old one went on', () => current.said().split('"started"').length === 3);
    await until('it is linked again', async () => (await request('one', '/v1/status')).includes('established'));
    done.takeovers = true;
    const { sent, answered } = await load;
    expect(sent - answered).toBe(0);
    taken.close();
    await endsWell();
  });

  it('for a file that can no longer be used, does not disturb the old one', async () => {
    const { files, withFiles } = await filesOfSecrets();
    current = withFiles;
    rmSync(files.secret);
    const withoutSecret = start({ takeover: '', ...files.flags });
    expect(await withoutSecret.ended).toBe(1);
    expect(withoutSecret.said()).toMatch('cannot be read');
    writeFileSync(files.secret, env.WEFT_SECRET);
    writeFileSync(files.token, '');
    const withoutToken = start({ takeover: '', ...files.flags });
    expect(await withoutToken.ended).toBe(1);
    expect(withoutToken.said()).toMatch('is empty');
    expect(current.said()).not.toContain('handing over');
    expect(await knows(ports.dns)).toBe(true);
    await endsWell();
  });

  it('leaves all to the old one, also where its files can no longer be used', async () => {
    const { files, withFiles } = await filesOfSecrets();
    current = withFiles;
    const killed = start({ takeover: '', ...files.flags });
    await until('it has the directory', () => killed.said().includes('the mesh is up'));
    rmSync(files.secret);
    rmSync(files.token);
    killed.process.kill('SIGKILL');
    await until('the old one went on', () => current.said().split('"started"').length === 3);
    await until('it is linked again', async () => (await request('one', '/v1/status')).includes('established'));
    expect(await knows(ports.dns)).toBe(true);
    await endsWell();
  });

  it('because it is killed half-way leaves all to the old one', async () => {
    const killed = start({ takeover: '' });
    await until('it has the directory', () => killed.said().includes('the mesh is up'));
    killed.process.kill('SIGKILL');
    await until('the old one went on', () => current.said().split('"started"').length === 3);
    expect(await knows(ports.dns)).toBe(true);
    await endsWell();
  });

  it('leaves nothing behind where the old one cannot go on either', async () => {
    const key = join(directory, 'one', 'identity.key');
    const killed = start({ takeover: '' });
    await until('it has the directory', () => killed.said().includes('the mesh is up'));
    renameSync(key, `${key}.aside`);
    mkdirSync(key);
    killed.process.kill('SIGKILL');
    expect(await current.ended).toBe(1);
    expect(current.said()).toMatch('identity.key');
    rmdirSync(key);
    renameSync(`${key}.aside`, key);
  });

  it('was not told to: it ends at once and names the one that runs', async () => {
    const second = start({});
    expect(await second.ended).toBe(1);
    expect(second.said()).toMatch(/in use by another agent \(process \d+\); --takeover replaces it/);
    await endsWell();
  });
});

/** In place of the agent that runs, one that was given its secrets in files. */
async function filesOfSecrets() {
  const [secret, token] = [join(directory, 'secret'), join(directory, 'token')];
  writeFileSync(secret, env.WEFT_SECRET);
  writeFileSync(token, 'token-of-the-tests');
  const files = { secret, token, flags: { 'secret-file': secret, 'api-token-file': token } };
  const withFiles = start({ takeover: '', ...files.flags });
  await withFiles.started();
  await current.ended;
  return { files, withFiles };
}

/** The agent that every test begins with, and its successors. */
function start(flags: Record<string, string>): AgentProcess {
  return startAgentProcess({
    flags: { ...flagsOf('one', ports.dns, ports.mesh), 'docker-host': engine.url, ...flags },
    peers: [`127.0.0.1:${ports.otherMesh}`],
    env,
  });
}

function flagsOf(name: string, dns: number, mesh: number): Record<string, string> {
  return {
    name,
    'data-dir': join(directory, name),
    api: `unix:${socketOf(name)}`,
    'dns-listen': `127.0.0.1:${dns}`,
    'mesh-listen': `127.0.0.1:${mesh}`,
    ...(name === 'other' && { 'no-docker': '' }),
  };
}

function socketOf(name: string): string {
  return join(directory, `${name}.sock`);
}

async function request(name: string, path: string): Promise<string> {
  return (await requestFromSocket(socketOf(name), 'GET', path)).body;
}

async function endsWell(): Promise<void> {
  current.process.kill('SIGTERM');
  expect(await current.ended).toBe(0);
}

/** Asks for all names at once, again and again, until the takeovers are done and enough was asked. */
async function ask(done: { readonly takeovers: boolean }, least = leastQuestions) {
  const file = join(directory, 'questions');
  writeFileSync(
    file,
    names
      .map((name) => `${name}.weave.local A\n`)
      .join('')
      .repeat(100),
  );
  const rate = ['-c', '20', '-q', `${questionsUnderWay}`, '-Q', `${questionsPerSecond}`, '-S', '1'];
  const terms = ['-s', '127.0.0.1', '-p', `${ports.dns}`, '-d', file, ...rate];
  let [sent, answered, seconds] = [0, 0, 0];
  let slowestSecond = Number.POSITIVE_INFINITY;
  while (!done.takeovers || sent < least) {
    const repeats = Math.ceil(questionsPerRun / (names.length * 100));
    const { stdout } = await run('dnsperf', [...terms, '-n', `${repeats}`]);
    sent += figure(stdout, /Queries sent:\s+(\d+)/);
    // An answer without the addresses is no answer.
    answered += figure(stdout, /Response codes:\s+NOERROR (\d+)/);
    seconds += figure(stdout, /Run time \(s\):\s+([\d.]+)/);
    // What `-S` says of each second: when, and how many.
    const rates = [...stdout.matchAll(/^\d+\.\d+: ([\d.]+)$/gm)].map(([, each]) => Number(each));
    slowestSecond = Math.min(slowestSecond, ...rates);
  }
  return { sent, answered, perSecond: sent / seconds, slowestSecond };
}

function figure(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`${pattern} is not in: ${text}`);
  return Number(found);
}

/** What the other host says of this one meanwhile; resolves with how often it did not know a name. */
async function watchFromElsewhere(statuses: Set<string>, done: { readonly takeovers: boolean }): Promise<number> {
  let misses = 0;
  while (!done.takeovers) {
    statuses.add(statusOf(await request('other', '/v1/hosts')));
    if (!(await knows(ports.otherDns))) misses++;
  }
  return misses;
}

function statusOf(hosts: string): string {
  const one = hostsReply.parse(JSON.parse(hosts)).hosts.find(({ record }) => record?.name === 'one');
  return one?.status ?? 'forgotten';
}

/** Whether the name server at this port answers every name with its container's address. */
async function knows(port: number): Promise<boolean> {
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const answers = await Promise.all(names.map((name) => resolver.resolve4(`${name}.weave.local`).catch(() => [])));
  return names.every((name, index) => answers[index]?.join() === engine.addressOf(name));
}

async function freePorts(count: number): Promise<number[]> {
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = createSocket('udp4').bind(0, '127.0.0.1');
      await once(socket, 'listening');
      return socket;
    }),
  );
  const found = sockets.map((socket) => socket.address().port);
  for (const socket of sockets) socket.close();
  return found;
}
