import { createServer, type IncomingMessage, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { NameEntry } from '../record.ts';
import { type App, createApp, problemType, type RouteParts } from './app.ts';
import { ChangeLog } from './changes.ts';
import type { AgentControl } from './control.ts';
import { type ApiAddress, admit, type Reach, reachOf } from './guard.ts';
import { healthRoutes } from './health-routes.ts';
import { meshRoutes } from './mesh-routes.ts';
import { Metrics } from './metrics/metrics.ts';
import { openApiRoute } from './openapi.ts';
import type { ApiOptions } from './options.ts';
import { pageRoutes } from './page-routes.ts';
import { HttpProblem, problemOf } from './problem.ts';
import { RateLimit } from './rate.ts';
import { recordRoutes } from './record-routes.ts';
import { primaryDomain, viewRecords } from './record-view.ts';
import { openSocketFile, prepareSocketFile } from './socket-file.ts';
import { staticRoutes } from './static-routes.ts';
import { statusRoutes } from './status-routes.ts';
import { watchRoutes } from './watch-routes.ts';
import { Watchers } from './watchers.ts';
import { weaveNameRoutes } from './weave-name-routes.ts';
import { weaveRoutes } from './weave-routes.ts';

export interface ApiParts {
  readonly control: AgentControl;
  readonly listen: readonly ApiAddress[];
  readonly clock: Clock;
  readonly log: Log;
  readonly options: ApiOptions;
  /** Which process has a TCP port of this host, such as `dnsmasq (pid 812)`, where the system tells. */
  readonly holderOf?: (address: string, port: number) => Promise<string | undefined>;
}

/**
 * The HTTP API of one agent on all its addresses: `unix:` sockets, this host's addresses, and, with a token, others.
 * Every reply names Weft in its `server` header, so that clients know whom they reached.
 */
export class ApiServer {
  readonly #parts: ApiParts;
  readonly #changes: ChangeLog;
  readonly #app: App;
  readonly #metrics: Metrics;
  readonly #watchers: Watchers;
  readonly #rate: RateLimit;
  readonly #reach = new WeakMap<object, Reach>();
  readonly #servers: Server[] = [];
  #unsubscribe = () => {};
  #token: string | undefined;

  constructor(parts: ApiParts) {
    const { control, clock, log, options } = parts;
    this.#parts = parts;
    this.#token = options.token;
    this.#changes = new ChangeLog(clock, options.changesKept);
    this.#rate = new RateLimit(options.requestsPerSecond, options.requestBurst, clock);
    this.#app = createApp(options.bodyLimitBytes, log);
    this.#app.addHook('onRequest', async (request) => {
      const { host, origin, authorization } = request.headers;
      const reach = this.#reachOf(request.raw);
      const waitSeconds = reach === 'file' ? 0 : this.#rate.take(request.ip);
      if (waitSeconds > 0)
        // RFC 6585 section 4.
        throw new HttpProblem(429, 'too many requests from this address', { 'retry-after': String(waitSeconds) });
      admit(reach, { host, origin, authorization }, { token: this.#token, open: request.routeOptions.config.open });
    });
    openApiRoute(this.#app, control.agent.version);
    const routeParts: RouteParts = { control, clock, changes: this.#changes, view: this.#view };
    recordRoutes(this.#app, routeParts);
    statusRoutes(this.#app, routeParts);
    staticRoutes(this.#app, routeParts);
    meshRoutes(this.#app, { control, reach: (request) => this.#reachOf(request) });
    this.#metrics = new Metrics(control, clock, options);
    healthRoutes(this.#app, { control, metrics: this.#metrics });
    pageRoutes(this.#app);
    weaveRoutes(this.#app, routeParts);
    weaveNameRoutes(this.#app, routeParts);
    this.#watchers = new Watchers(routeParts, options);
    watchRoutes(this.#app, routeParts, this.#watchers);
  }

  /** Listens on every address, or on none: throws one clear sentence for the first that fails. */
  async start(): Promise<void> {
    await this.#app.ready();
    this.#metrics.start();
    this.#unsubscribe = this.#parts.control.onChange((changed) => {
      this.#watchers.publish(changed, this.#changes.add(changed, this.#view));
    });
    try {
      for (const address of this.#parts.listen) await this.#listen(address);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends watch streams, lets requests under way finish for a moment, and closes. May be called twice. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#watchers.stop();
    this.#metrics.stop();
    const servers = this.#servers.splice(0);
    await Promise.all(servers.map((server) => close(server, this.#parts.clock, this.#parts.options.drainMs)));
    await this.#app.close();
  }

  /** From now on this token is asked for, where one is. */
  setToken(token: string): void {
    this.#token = token;
  }

  /** Where it listens: port 0 became a real one. */
  boundAddresses(): readonly ApiAddress[] {
    return this.#servers.map((server): ApiAddress => {
      const bound = server.address();
      if (bound === null) throw new Error('a server that does not listen is kept');
      if (typeof bound === 'string') return { type: 'unix', path: bound };
      return { type: 'tcp', address: bound.address, port: bound.port };
    });
  }

  readonly #view = (entry: NameEntry) => {
    const { control } = this.#parts;
    return viewRecords(entry, primaryDomain(control.domains()), (owner, address) => control.shadow(owner, address));
  };

  #reachOf(request: object): Reach {
    return this.#reach.get(request) ?? 'network';
  }

  async #listen(address: ApiAddress): Promise<void> {
    const reach = reachOf(address);
    if (reach === 'network' && !this.#token)
      throw new Error(
        `cannot listen on ${spell(address)}: other hosts reach it, so it needs a token; give --api-token-file`,
      );
    if (address.type === 'unix') await prepareSocketFile(address.path);
    const server = this.#createServer((request, response) => {
      this.#reach.set(request, reach);
      response.setHeader('server', `weft/${this.#parts.control.agent.version}`);
      response.setHeader('x-content-type-options', 'nosniff');
      this.#app.routing(request, response);
    });
    await listen(server, address).catch(async (cause: Error) => {
      throw new Error(`cannot listen on ${spell(address)}: ${await this.#reason(cause, address)}`, { cause });
    });
    server.on('error', (error) => this.#parts.log.error({ err: error }, 'an API address failed'));
    this.#servers.push(server);
    if (address.type === 'unix') await openSocketFile(address.path);
  }

  async #reason(error: Error, address: ApiAddress): Promise<string> {
    switch ('code' in error ? error.code : undefined) {
      case 'EADDRINUSE': {
        const holder = address.type === 'tcp' && (await this.#parts.holderOf?.(address.address, address.port));
        return `${holder || 'another program'} has that port; choose another with --api, or end that program`;
      }
      case 'EACCES':
        return 'permission denied';
      case 'EADDRNOTAVAIL':
        return 'this host has no such address';
      default:
        return error.message;
    }
  }

  #createServer(handler: RequestListener<typeof IncomingMessage>): Server {
    const { options } = this.#parts;
    const { headersTimeoutMs, requestTimeoutMs, keepAliveMs } = options;
    const server = createServer(
      {
        headersTimeout: headersTimeoutMs,
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: keepAliveMs,
        // Node looks for late requests only so often; by itself every 30 s.
        connectionsCheckingInterval: headersTimeoutMs,
      },
      handler,
    );
    server.maxConnections = options.maxConnections;
    server.on('clientError', refuse);
    return server;
  }
}

/** Tells a caller whose request is no HTTP, too long or too slow, in the words of all other problems. */
function refuse(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, detail] = unreadable[error.code ?? ''] ?? [400, 'this is no HTTP request'];
  const body = JSON.stringify(problemOf(new HttpProblem(status, detail)));
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** By Node's own codes. */
const unreadable: Readonly<Record<string, readonly [number, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request came too slowly'],
  HPE_HEADER_OVERFLOW: [431, 'the header of the request is too long'],
};

/** `unix:/run/weft/weft.sock`, `127.0.0.1:6784` or `[::1]:6784`. */
function spell(address: ApiAddress): string {
  if (address.type === 'unix') return `unix:${address.path}`;
  return address.address.includes(':') ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}

function listen(server: Server, address: ApiAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(
      address.type === 'unix' ? { path: address.path } : { host: address.address, port: address.port },
      () => {
        server.off('error', reject);
        resolve();
      },
    );
  });
}

function close(server: Server, clock: Clock, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(drainMs, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}
