import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What a user gets for a mistake: one clear sentence on standard error, and the exit code of the contract. */

const main = join(import.meta.dirname, '../../src/main.ts');
/** Any run that ends by itself ends well within this, also on a busy machine. */
const patienceMs = 30_000;
let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'weft-bad-input-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a mistake on the command line is wrong usage', () => {
  it.each([
    [['up', '--tll', '5'], /unknown option '--tll'.*--ttl/s],
    [['up', '--ttl', 'soon'], /--ttl: "soon" must be a whole number from 0 to 604800/],
    [['up', '--dns-listen', 'docker0'], /--dns-listen: "docker0" must be an IP address/],
    [['up', '--join', 'weft1.x'], /join token is damaged or cut short/],
    [['up', '--docker-host', 'ftp://192.0.2.1'], /ftp:\/\/192.0.2.1/],
    [['up', '--domain', 'weave.local', '--domain', 'WEAVE.local.'], /--domain: the same domain is given twice/],
    [['up', '--advertise', '0.0.0.0'], /--advertise: "0.0.0.0" must be an address that other hosts can dial/],
    [['--api', 'there', 'status'], /--api: "there" must be unix:\/PATH or IP:PORT/],
    [['frobnicate'], /unknown command 'frobnicate'/],
  ])('weft %j', async (args, message) => {
    const outcome = await weft([...args]);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
  });

  it('names all that is wrong at once', async () => {
    const { stderr } = await weft(['up', '--ttl', 'soon', '--mesh-listen', 'here', '--api', 'there']);
    for (const flag of ['--ttl', '--mesh-listen', '--api']) expect(stderr).toContain(`${flag}: `);
  });
});

describe('what the machine refuses fails with the reason', () => {
  it('a DNS port in use, and by whom', async () => {
    await using holder = await holdPort();
    const outcome = await up('--dns-listen', `127.0.0.1:${holder.port}`);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(new RegExp(`127.0.0.1:${holder.port}.*pid ${process.pid}`));
  });

  it.each([[[]], [['--takeover']]])('a DNS port that another agent would share, started with %j', async (flags) => {
    await using holder = await shareUdpPort();
    const outcome = await up('--dns-listen', `127.0.0.1:${holder.port}`, ...flags);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(new RegExp(`127.0.0.1:${holder.port}.*pid ${process.pid}`));
  });

  it('a mesh port in use', async () => {
    await using holder = await holdPort();
    const outcome = await up('--mesh-listen', `127.0.0.1:${holder.port}`);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(new RegExp(`127.0.0.1:${holder.port}.*pid ${process.pid}`));
  });

  it('an API port in use', async () => {
    await using holder = await holdPort();
    const outcome = await up('--api', `127.0.0.1:${holder.port}`);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(new RegExp(`127.0.0.1:${holder.port}.*pid ${process.pid}`));
  });

  it('a secret file that is not there', async () => {
    const outcome = await up('--secret-file', join(directory, 'nowhere'));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/secret file .*nowhere.* cannot be read: there is no such file/);
  });

  it('a secret file or token file that is a directory', async () => {
    const secret = await up('--secret-file', directory);
    expect(secret.code).toBe(1);
    expect(secret.stderr).toMatch(/^weft: secret file .* cannot be read: it is a directory\n$/);
    const token = await up('--api-token-file', directory);
    expect(token.code).toBe(1);
    expect(token.stderr).toMatch(/^weft: --api-token-file: .* cannot be read: it is a directory\n$/);
  });

  it('a secret that is too short', async () => {
    const file = join(directory, 'short');
    writeFileSync(file, 'abc\n');
    const outcome = await up('--secret-file', file);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/the secret has 3 characters; it needs at least 16/);
  });

  it('an address of this machine that other hosts reach, without a token', async () => {
    const outcome = await up('--api', '0.0.0.0:0');
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/other hosts reach it, so it needs a token; give --api-token-file/);
  });

  it('a data directory that is a file', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const outcome = await up('--data-dir', file);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/data directory ".*file" cannot be used/);
  });

  it.runIf(process.getuid?.() === 0)('no right to port 53, and to a data directory of another user', async () => {
    chmodSync(directory, 0o755);
    const nobody = { uid: 65_534, gid: 65_534 };
    const dataDir = mkdtempSync(join(tmpdir(), 'weft-nobody-'));
    const locked = await up('--data-dir', dataDir, nobody);
    expect(locked.code).toBe(1);
    expect(locked.stderr).toMatch(
      /data directory .* cannot be used: permission denied; be root, or choose another with --data-dir/,
    );
    chmodSync(dataDir, 0o777);
    const api = `unix:${join(dataDir, 'weft.sock')}`;
    const bound = await up('--data-dir', dataDir, '--api', api, '--dns-listen', '127.0.0.1:53', nobody);
    rmSync(dataDir, { recursive: true, force: true });
    expect(bound.code).toBe(1);
    expect(bound.stderr).toMatch(/127.0.0.1:53.*(CAP_NET_BIND_SERVICE|taken).* choose another.* with --dns-listen/);
  });
});

describe('without an agent', () => {
  it.each([['status'], ['ls'], ['add', 'db', '192.0.2.7']])('weft %s says so with exit code 3', async (...args) => {
    const outcome = await weft([...args, '--api', `unix:${join(directory, 'none.sock')}`]);
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toMatch(/no agent/i);
  });
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `weft up` with everything on free ports and in the test's own directory, and these flags. */
function up(...words: (string | { uid: number; gid: number })[]): Promise<Outcome> {
  const flags = words.filter((word) => typeof word === 'string');
  const user = words.find((word) => typeof word !== 'string');
  const dataDir = mkdtempSync(join(directory, 'data-'));
  const defaults: [string, string][] = [
    ['--data-dir', dataDir],
    ['--api', `unix:${join(dataDir, 'weft.sock')}`],
    ['--mesh-listen', '127.0.0.1:0'],
    ['--dns-listen', '127.0.0.1:0'],
  ];
  const rest = defaults.filter(([flag]) => !flags.includes(flag)).flat();
  return weft(['up', '--no-docker', '--log-level', 'silent', ...rest, ...flags], user);
}

function weft(args: readonly string[], user: { uid?: number; gid?: number } = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { timeout: patienceMs, env: { PATH: process.env.PATH, HOME: directory }, ...user };
    execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

/** A port that this process holds. */
/** As an agent does, which lets the next one of its data directory have the port as well. */
async function shareUdpPort(): Promise<AsyncDisposable & { port: number }> {
  const socket = createSocket({ type: 'udp4', reusePort: true });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, [Symbol.asyncDispose]: async () => void socket.close() };
}

async function holdPort(): Promise<AsyncDisposable & { port: number }> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('listens on a port');
  return { port: address.port, [Symbol.asyncDispose]: async () => void server.close() };
}
