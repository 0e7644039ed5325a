import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { openDockerEngine } from '../../src/watch/docker-engine.ts';
import { EmbeddedEngine } from '../../src/watch/embedded-engine.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { WatchedHost, watchOptions } from './host.ts';

const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 5 });
const inspect = 'GET /containers/{id}/json';
const certificates = join(import.meta.dirname, 'tls');

describe('a watched host', () => {
  let engine: EmbeddedEngine;
  let host: WatchedHost;
  beforeEach(async () => {
    engine = new EmbeddedEngine({ listen: '127.0.0.1', subnet: '127.11.0.0/16' });
    host = new WatchedHost(await engine.open());
    await until(() => expect(host.watch.status().connected).toBe(true));
  });
  afterEach(async () => {
    await host.watch.stop();
    await engine.close();
  });

  it('hears of a start after one inspection, and of an end without any', async () => {
    engine.run({ name: 'web' });
    await until(() => expect(host.sink.named('web')).toBeDefined());
    expect(engine.calls.get(inspect)).toBe(1);
    engine.stop('web');
    await until(() => expect(host.sink.named('web')).toBeUndefined());
    expect(engine.calls.get(inspect)).toBe(1);
  });

  it('is exact after a thousand containers start and stop at once, for few questions', {
    timeout: 60_000,
  }, async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `c${index}`);
    for (const name of names) engine.run({ name });
    await until(() => expect(host.sink.records.size).toBe(1000));
    expect(engine.calls.get(inspect)).toBeLessThanOrEqual(1100);
    for (const name of names.slice(1)) engine.remove(name);
    await until(() => expect(host.sink.records.size).toBe(1));
    expect(engine.calls.get(inspect)).toBeLessThanOrEqual(1200);
    expect(host.sink.addressesOf('c0')).toEqual([engine.addressOf('c0')]);
  });

  it('asks little about a container that changes all the time', async () => {
    engine.run({ name: 'web' });
    for (let turn = 0; turn < 1000; turn += 1) engine.setHealth('web', turn % 2 === 0 ? 'unhealthy' : 'healthy');
    engine.rename('web', 'last');
    await until(() => expect(host.sink.named('last')?.health).toBe('healthy'));
    expect(engine.calls.get(inspect)).toBeLessThan(200);
  });

  it('compares everything after a stream that was cut in the middle of a line', async () => {
    engine.run({ name: 'web' });
    engine.run({ name: 'gone' });
    await until(() => expect(host.sink.records.size).toBe(2));
    const listings = host.sink.listings;
    engine.loseEvents(() => {
      engine.remove('gone');
      engine.rename('web', 'renamed');
      engine.run({ name: 'new' });
    });
    engine.dropEvents();
    await until(() => expect([...host.sink.records.values()].map(({ name }) => name)).toEqual(['renamed', 'new']));
    await until(() => expect(host.sink.listings).toBe(listings + 1));
    expect(host.watch.status().counts['refused events']).toBeUndefined();
  });

  it('gives containers on the network of the host its address once it has one, and the next one', async () => {
    engine.run({ name: 'wide', networks: ['host'] });
    await until(() => expect(host.sink.named('wide')?.addresses).toEqual([]));
    host.watch.setHostAddress(host.address);
    expect(host.sink.addressesOf('wide')).toEqual([host.address]);
    host.watch.setHostAddress(undefined);
    expect(host.sink.named('wide')?.addresses).toEqual([]);
  });

  it('keeps what it told while the engine is away, and says so', async () => {
    engine.run({ name: 'web' });
    await until(() => expect(host.sink.records.size).toBe(1));
    await engine.close();
    await until(() => expect(host.watch.status()).toMatchObject({ connected: false, containers: 1 }));
    expect(host.watch.status().problem).toMatch(/closed the connection|nobody listens|ended its stream/);
    expect(host.sink.records.size).toBe(1);
    engine.rename('web', 'back');
    await engine.open();
    await until(() => expect(host.sink.named('back')).toBeDefined());
    await until(() => expect(host.watch.status()).toMatchObject({ connected: true, type: 'docker', containers: 1 }));
  });

  it('says when the engine is away for so long that nobody knows what still runs, and when it is back', async () => {
    const clock = new ManualClock();
    await using watched = new WatchedHost(engine.url, {}, { clock });
    await until(() => expect(watched.watch.status().connected).toBe(true));
    clock.advance(watchOptions.unwatchedMs);
    expect(watched.sink.unwatched).toBe(false);
    await engine.close();
    await until(() => expect(watched.watch.status().connected).toBe(false));
    clock.advance(watchOptions.unwatchedMs - 1);
    expect(watched.sink.unwatched).toBe(false);
    clock.advance(1);
    expect(watched.sink.unwatched).toBe(true);
    await engine.open();
    await until(() => {
      clock.advance(watchOptions.retryMaxMs);
      expect(watched.sink.unwatched).toBe(false);
    });
  });

  it('is unwatched from the start where its engine does not come', async () => {
    const clock = new ManualClock();
    await using watched = new WatchedHost('tcp://127.0.0.1:1', {}, { clock });
    clock.advance(watchOptions.unwatchedMs);
    expect(watched.sink).toMatchObject({ unwatched: true, listings: 0 });
  });

  it('tells nothing after it was stopped, which may be said twice, and leaves nothing open', async () => {
    engine.run({ name: 'web' });
    await Promise.all([host.watch.stop(), host.watch.stop()]);
    const puts = host.sink.puts;
    engine.run({ name: 'late' });
    await until(() => expect(engine.connections).toBe(0));
    expect(host.sink.puts).toBe(puts);
    expect(host.sink.named('late')).toBeUndefined();
  });
});

describe('what the engine failed to tell', () => {
  it('is found by the next comparison', async () => {
    await using engine = await openEngine();
    engine.run({ name: 'gone' });
    await using host = new WatchedHost(engine.url, { reconcileMs: 100 });
    await until(() => expect(host.sink.records.size).toBe(1));
    engine.loseEvents(() => {
      engine.remove('gone');
      engine.run({ name: 'new' });
    });
    await until(() => expect([...host.sink.records.values()].map(({ name }) => name)).toEqual(['new']));
    expect(host.watch.status().counts.missedEnds).toBe(1);
  });

  it('is found when the agent stood still', async () => {
    await using engine = await openEngine();
    let skippedMs = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + skippedMs };
    await using host = new WatchedHost(engine.url, {}, { clock });
    await until(() => expect(host.watch.status().connected).toBe(true));
    engine.loseEvents(() => engine.run({ name: 'new' }));
    skippedMs = 10_000;
    await until(() => expect(host.sink.named('new')).toBeDefined());
    expect(host.watch.status().counts.stalls).toBe(1);
  });

  it('costs two questions a time while nothing changed', async () => {
    await using engine = await openEngine();
    for (let index = 0; index < 50; index += 1) engine.run({ name: `c${index}`, health: 'healthy' });
    await using host = new WatchedHost(engine.url, { reconcileMs: 20 });
    await until(() => expect(host.sink.records.size).toBe(50));
    await until(() => expect(host.watch.status().counts.comparisons).toBeGreaterThan(2));
    const { comparisons = 0 } = host.watch.status().counts;
    const inspections = engine.calls.get(inspect);
    await until(() => expect(host.watch.status().counts.comparisons).toBeGreaterThan(comparisons + 5));
    expect(engine.calls.get(inspect)).toBe(inspections);
  });
});

describe('an engine', () => {
  it('that is not there yet is taken up when it appears, and nothing is told before', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weft-watch-'));
    const path = join(directory, 'docker.sock');
    await using host = new WatchedHost(`unix://${path}`);
    await until(() => expect(host.watch.status().problem).toMatch(/there is no such socket/));
    await writeFile(path, '');
    await until(() => expect(host.watch.status().problem).toMatch(/nobody listens there/));
    expect(host.sink.listings).toBe(0);
    await rm(path);
    await using engine = await openEngine(path);
    engine.run({ name: 'web' });
    await until(() => expect(host.sink.named('web')).toBeDefined());
    await rm(directory, { recursive: true });
  });

  it('behind a proxy that lets only events, containers and networks be read is as good as any', async () => {
    await using engine = await openEngine();
    await using proxy = await openProxy(
      engine,
      ({ method, url = '' }) => method === 'GET' && /^\/(events|containers|networks)\b/.test(url),
    );
    await using host = new WatchedHost(proxy.url);
    engine.run({ name: 'web' });
    await until(() => expect(host.sink.named('web')).toBeDefined());
    expect(host.watch.status()).toMatchObject({ connected: true });
    expect(host.watch.status().version).toBeUndefined();
  });

  it('behind a proxy that forbids events is not followed, and the status says what is missing', async () => {
    await using engine = await openEngine();
    await using proxy = await openProxy(engine, ({ url = '' }) => !url.startsWith('/events'));
    await using host = new WatchedHost(proxy.url);
    await until(() => expect(host.watch.status().problem).toMatch(/refused \(HTTP 403\).*\/events/));
    expect(host.sink.listings).toBe(0);
  });

  it('is spoken to over TLS with the certificates of DOCKER_CERT_PATH', async () => {
    await using engine = await openEngine();
    await using proxy = await openProxy(engine, () => true, {
      ca: await readFile(join(certificates, 'ca.pem')),
      cert: await readFile(join(certificates, 'server-cert.pem')),
      key: await readFile(join(certificates, 'server-key.pem')),
    });
    const environment = { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certificates };
    await using host = new WatchedHost(proxy.url, {}, { environment });
    engine.run({ name: 'web' });
    await until(() => expect(host.sink.named('web')).toBeDefined());
    await using stranger = new WatchedHost(
      proxy.url.replace('tcp', 'https'),
      {},
      { environment: { HOME: '/nowhere' } },
    );
    await until(() => expect(stranger.watch.status().problem).toMatch(/certificate/));
  });

  it('that makes no sense is survived and counted', async () => {
    const nonsense = http.createServer((request, response) => {
      if (request.url?.startsWith('/events')) response.write('{"Type":"container"}\nnot JSON\n[]\n');
      else response.end(request.url?.startsWith('/networks') ? '[]' : '<html>');
    });
    await using server = await listening(nonsense);
    await using host = new WatchedHost(server.url);
    await until(() => expect(host.watch.status().counts['refused events']).toBeGreaterThanOrEqual(3));
    await until(() => expect(host.watch.status().problem).toMatch(/listing is not a list/));
    expect(host.sink.listings).toBe(0);
  });

  it('that hangs is given up and tried again', async () => {
    let questions = 0;
    const silent = http.createServer(() => {
      questions += 1;
    });
    await using server = await listening(silent);
    await using host = new WatchedHost(server.url, { requestTimeoutMs: 30 });
    await until(() => expect(questions).toBeGreaterThan(2));
    expect(host.watch.status().problem).toBe('no answer within 0.03 s');
  });

  it('is not kept busy with a question that was given up', async () => {
    let open = 0;
    const silent = http.createServer((request) => {
      open += 1;
      request.socket.once('close', () => {
        open -= 1;
      });
    });
    await using server = await listening(silent);
    const engine = openDockerEngine(server.url, {});
    if (!engine.ok) throw new Error(engine.problem);
    const { value } = engine;
    const questions: ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => value.version(signal),
      (signal) => value.containers(signal),
      (signal) => value.inspect('a', signal),
      (signal) => value.networks(signal),
      (signal) => value.network('a', signal),
      (signal) => value.events(0, signal),
    ];
    for (const ask of questions) {
      const patience = new AbortController();
      const answer = ask(patience.signal).catch(() => 'given up');
      await until(() => expect(open).toBe(1));
      patience.abort();
      expect(await answer).toBe('given up');
      await until(() => expect(open).toBe(0));
    }
  });

  it('whose place or certificates cannot be read is refused in one sentence', () => {
    expect(openDockerEngine('ssh://root@192.0.2.7', {})).toMatchObject({ ok: false });
    expect(openDockerEngine('tcp://192.0.2.7:2376', { DOCKER_CERT_PATH: '/nowhere' })).toEqual({
      ok: false,
      problem: expect.stringContaining('/nowhere/ca.pem'),
    });
  });
});

describe('containers on overlays', () => {
  const asksFrom = (host: WatchedHost, name: string) => host.sink.named(name)?.asksFrom;

  it('are known by the addresses that they ask from, which the engine tells with the bridge they leave by', async () => {
    await using engine = await openEngine();
    await using host = new WatchedHost(engine.url);
    overlays(engine);
    engine.run({ name: 'shop1', networks: ['shop'] });
    engine.run({ name: 'blog1', networks: ['blog'] });
    engine.run({ name: 'plain' });
    await until(() => expect(host.sink.named('plain')).toBeDefined());
    await until(() => expect(asksFrom(host, 'shop1')).toEqual(['127.13.0.2']));
    await until(() => expect(asksFrom(host, 'blog1')).toEqual(['127.13.0.3']));
    expect(asksFrom(host, 'plain')).toBeUndefined();
    engine.disconnect('shop1', 'shop');
    engine.connect('plain', 'shop');
    await until(() => expect(asksFrom(host, 'plain')).toEqual(['127.13.0.2']));
    await until(() => expect(asksFrom(host, 'shop1')).toBeUndefined());
  });
});

/** What an engine of a Swarm has: two overlays, and the bridge by which their containers reach everything else. */
function overlays(engine: EmbeddedEngine): void {
  engine.createNetwork({ name: 'docker_gwbridge', subnets: ['127.13.0.0/16'] });
  engine.createNetwork({ name: 'shop', driver: 'overlay', scope: 'swarm', subnets: ['10.201.1.0/24'] });
  engine.createNetwork({ name: 'blog', driver: 'overlay', scope: 'swarm', subnets: ['10.201.2.0/24'] });
}

describe('the calls that Weft makes', () => {
  it('are those of docs/engines.md, all of them reads', async () => {
    await using engine = await openEngine();
    await using host = new WatchedHost(engine.url);
    engine.run({ name: 'web', networks: ['bridge'] });
    engine.createNetwork({ name: 'back', subnets: ['10.201.9.0/24'] });
    engine.connect('web', 'back');
    await until(() => expect(host.sink.addressesOf('web')).toHaveLength(2));
    overlays(engine);
    engine.run({ name: 'task', networks: ['shop'] });
    await until(() => expect(host.sink.addressesOf('task')).toHaveLength(1));
    const page = await readFile(join(import.meta.dirname, '../../docs/engines.md'), 'utf8');
    const documented = [...page.matchAll(/^\| `(GET [^`]+)` \|/gm)].map(([, call]) => call);
    expect([...engine.calls.keys()].toSorted()).toEqual(documented.toSorted());
  });
});

type Opened<T> = T & AsyncDisposable;

async function openEngine(listen = '127.0.0.1'): Promise<Opened<EmbeddedEngine>> {
  const engine = new EmbeddedEngine({ listen, subnet: '127.11.0.0/16' });
  await engine.open();
  return Object.assign(engine, { [Symbol.asyncDispose]: () => engine.close() });
}

async function openProxy(
  engine: EmbeddedEngine,
  allows: (request: http.IncomingMessage) => boolean,
  tls?: https.ServerOptions,
) {
  const pass = (request: http.IncomingMessage, response: http.ServerResponse) => {
    if (!allows(request)) {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ message: `${request.url} is forbidden` }));
      return;
    }
    const onward = http.request(new URL(request.url ?? '', engine.url.replace('tcp', 'http')), (answer) => {
      response.writeHead(answer.statusCode ?? 502).flushHeaders();
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end();
  };
  return listening(
    tls ? https.createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, pass) : http.createServer(pass),
  );
}

async function listening(server: http.Server) {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `tcp://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
