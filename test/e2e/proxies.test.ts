import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/lab/until.ts';
import { PageHost } from '../support/page-host.ts';

/** The recipes for proxies, as they stand in the documentation, with Debian's nginx and HAProxy. */

let host: PageHost;
let directory: string;
let port: number;
const backends = new Map<string, Backend>();
const children: ChildProcess[] = [];

beforeAll(async () => {
  // Addresses that this machine has: what the embedded engine tells of is served here.
  host = await PageHost.start(1, [], { subnet: '127.11.0.0/16' });
});

afterAll(() => host?.[Symbol.asyncDispose]());

afterEach(async () => {
  for (const child of children.splice(0).reverse()) await end(child);
  for (const name of [...backends.keys()]) await kill(name);
  rmSync(directory, { recursive: true, force: true });
});

/** A container called `web` and the server inside it. */
class Backend {
  readonly #server: Server;
  served = 0;

  constructor(address: string) {
    this.#server = createServer((_request, response) => {
      this.served++;
      response.end(address);
    }).listen(port, address);
  }

  async listening(): Promise<number> {
    if (!this.#server.listening) await once(this.#server, 'listening');
    const bound = this.#server.address() as AddressInfo;
    return bound.port;
  }

  /** Ends as a process that was told to: what was begun is finished. */
  async finish(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Ends as a process that is killed. */
  async die(): Promise<void> {
    this.#server.closeAllConnections();
    await this.finish();
  }
}

async function run(name: string): Promise<Backend> {
  host.engine.run({ name, labels: { 'weft.name': 'web' } });
  const backend = new Backend(host.engine.addressOf(name) ?? '');
  port = await backend.listening();
  backends.set(name, backend);
  return backend;
}

/** As `docker stop`: it is told, and ends when it has nothing more to do. */
async function stop(name: string, isUnused: () => Promise<boolean>): Promise<void> {
  host.engine.kill(name, 'TERM');
  await until(`${name} is taken away`, isUnused);
  await backends.get(name)?.finish();
  host.engine.remove(name);
  backends.delete(name);
}

/** As a process that crashes. */
async function kill(name: string): Promise<void> {
  await backends.get(name)?.die();
  host.engine.remove(name);
  backends.delete(name);
}

/** Asks the proxy again and again, several at a time, until it is stopped; what went wrong comes back then. */
class Load {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #askers: Promise<void>[];
  readonly #problems: string[] = [];
  #isOver = false;
  answered = 0;

  constructor(url: string, keepAlive: boolean) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive });
    this.#askers = Array.from({ length: 4 }, () => this.#ask());
  }

  async stop(): Promise<readonly string[]> {
    this.#isOver = true;
    await Promise.all(this.#askers);
    this.#agent.destroy();
    return this.#problems;
  }

  async #ask(): Promise<void> {
    while (!this.#isOver) {
      const problem = await new Promise<string | undefined>((resolve) => {
        get(this.#url, { agent: this.#agent }, (reply) => {
          reply.resume().on('end', () => resolve(reply.statusCode === 200 ? undefined : `status ${reply.statusCode}`));
        }).on('error', (error) => resolve(error.message));
      });
      if (problem === undefined) this.answered++;
      else this.#problems.push(problem);
    }
  }
}

/** The blocks of a page of the documentation, by the file that their comment names, with our paths in the place of its. */
function recipe(page: string, paths: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const text = readFileSync(join(import.meta.dirname, '../../docs/recipes', page), 'utf8');
  const blocks = [...text.matchAll(/```\w+\n((?:#!.*\n)?# (\/\S+).*\n[\s\S]*?)```/g)];
  return new Map(
    blocks.map(([, block = '', name = '']) => [
      name,
      Object.entries(paths).reduce((all, [from, to]) => all.replaceAll(from, to), block),
    ]),
  );
}

function start(command: string, ...args: string[]): ChildProcess {
  // A script is a group of processes, which ends as one.
  const child = spawn(command, args, {
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, WEFT_API: host.url.replace(/\/$/, '') },
  });
  children.push(child);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  await ended;
}

/** Under load, one container comes, one is stopped, one crashes, the agent restarts and another comes. */
async function follow(load: Load, isUnused: (address: string) => Promise<boolean>): Promise<void> {
  try {
    const [one, two] = [backends.get('web-1'), backends.get('web-2')];
    await until('both are asked', () => (one?.served ?? 0) > 0 && (two?.served ?? 0) > 0);
    const three = await run('web-3');
    await until('the third is asked', () => three.served > 0);
    const first = host.engine.addressOf('web-1') ?? '';
    await stop('web-1', () => isUnused(first));
    await kill('web-2');
    const before = load.answered;
    await until('the third serves on', () => load.answered > before + 20);
    await host.stopAgent();
    await host.startAgent();
    const four = await run('web-4');
    await until('the fourth is asked', () => four.served > 0);
  } finally {
    // Not one request is lost.
    expect(await load.stop()).toEqual([]);
  }
}

describe('a proxy that follows the stream of changes', () => {
  it('is nginx, which is reloaded', async () => {
    directory = mkdtempSync(join(tmpdir(), 'weft-nginx-'));
    const listen = await freePort();
    const servers = join(directory, 'web.servers');
    const files = recipe('nginx.md', {
      '/etc/nginx/weft-web.servers': servers,
      'listen 80': `listen 127.0.0.1:${listen}`,
    });
    const configuration = join(directory, 'nginx.conf');
    const script = join(directory, 'weft-nginx');
    writeFileSync(script, files.get('/usr/local/bin/weft-nginx') ?? '');
    writeFileSync(servers, 'server 127.0.0.1:1 down;\n');
    writeFileSync(
      configuration,
      `daemon off; pid ${directory}/pid; error_log ${directory}/error.log; events {}
       http { access_log off; client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
         fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
         ${files.get('/etc/nginx/conf.d/web.conf')} }`,
    );
    await run('web-1');
    await run('web-2');
    const nginx = start('nginx', '-c', configuration, '-e', join(directory, 'error.log'));
    await until('nginx listens', () => answers(listen));
    start('sh', script, 'web', String(port), servers, 'nginx', '-c', configuration, '-s', 'reload');
    const url = `http://127.0.0.1:${listen}/`;
    await until('a server is asked', async () => (await statusOf(url)) === 200);
    await until('the first worker is gone', () => workersOf(nginx) === 1);
    const isUnused = async (address: string) =>
      !readFileSync(servers, 'utf8').includes(address) && workersOf(nginx) === 1;
    // Without connections that are kept: those end with each reload.
    await follow(new Load(url, false), isUnused);
  });

  it('is HAProxy, which is told through its socket', async () => {
    directory = mkdtempSync(join(tmpdir(), 'weft-haproxy-'));
    const listen = await freePort();
    const socket = join(directory, 'admin.sock');
    const files = recipe('haproxy.md', { '/run/haproxy/admin.sock': socket, 'bind :80': `bind 127.0.0.1:${listen}` });
    const configuration = join(directory, 'haproxy.cfg');
    const script = join(directory, 'weft-haproxy');
    writeFileSync(script, files.get('/usr/local/bin/weft-haproxy') ?? '');
    writeFileSync(configuration, files.get('/etc/haproxy/haproxy.cfg') ?? '');
    await run('web-1');
    await run('web-2');
    start('haproxy', '-q', '-f', configuration);
    await until('HAProxy listens', () => answers(listen));
    start('sh', script, 'web', String(port), 'web', socket);
    const url = `http://127.0.0.1:${listen}/`;
    await until('a server is asked', async () => (await statusOf(url)) === 200);
    await follow(new Load(url, true), async (address) => !(await slotsOf(socket)).has(address));
  });
});

/** How many workers nginx has: those of the configuration before end when they have nothing more to do. */
function workersOf({ pid }: ChildProcess): number {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').length;
}

async function answers(listen: number): Promise<boolean> {
  return (await statusOf(`http://127.0.0.1:${listen}/`)) !== undefined;
}

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    get(url, { agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    }).on('error', () => resolve(undefined));
  });
}

/** The addresses of the servers that HAProxy sends requests to. */
async function slotsOf(socket: string): Promise<Set<string>> {
  const child = spawn('sh', ['-c', `echo 'show servers state web' | socat - UNIX-CONNECT:${socket}`]);
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  const rows = text.split('\n').map((line) => line.split(' '));
  return new Set(rows.filter((row) => row[5] !== '0').map((row) => row[4] ?? ''));
}
