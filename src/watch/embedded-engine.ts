import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { EmbeddedContainers } from './embedded-containers.ts';
import type { EmbeddedEvent } from './embedded-events.ts';
import { asFields, listOf, parseJson } from './fields.ts';

export interface EmbeddedEngineOptions {
  /** An address to listen on (a free port of it), or the path of a socket file. */
  readonly listen: string;
  /** Where containers on the default bridge get their addresses, such as `127.11.0.0/16`. */
  readonly subnet: string;
  readonly clock?: Clock;
}

/**
 * A container engine inside this process: it speaks the part of the Docker HTTP API that Weft uses, and its containers
 * are only told of. The demo runs on it, and the tests.
 */
export class EmbeddedEngine extends EmbeddedContainers {
  readonly #listen: string;
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Set<ServerResponse>();
  readonly #calls = new Map<string, number>();
  #server: Server | undefined;
  #port = 0;

  constructor({ listen, subnet, clock }: EmbeddedEngineOptions) {
    super(subnet, clock);
    this.#listen = listen;
  }

  /** Begins to serve, at the same place each time; resolves to the URL for `--docker-host`. */
  async open(): Promise<string> {
    if (this.#server !== undefined) return this.url;
    const server = createServer((request, response) => this.#answer(request, response));
    server.on('connection', (socket) => this.#keep(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      if (this.#isPath) server.listen(this.#listen, resolve);
      else server.listen(this.#port, this.#listen, resolve);
    });
    const address: AddressInfo | string | null = server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    return this.url;
  }

  /** Ends every connection and serves no more; may be called twice. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    if (this.#isPath) await rm(this.#listen, { force: true });
  }

  /** The URL for `--docker-host`. */
  get url(): string {
    return this.#isPath ? `unix://${this.#listen}` : `tcp://${this.#listen}:${this.#port}`;
  }

  /** How often each call of the API was made, such as `GET /containers/{id}/json`. */
  get calls(): ReadonlyMap<string, number> {
    return this.#calls;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Cuts every stream of events in the middle of a line. */
  dropEvents(): void {
    for (const stream of this.#streams) {
      stream.write('{"Type":"container","Action":"sta');
      stream.socket?.destroySoon();
    }
  }

  /** As `systemctl restart docker`: every connection ends, containers die and start again unless `liveRestore`. */
  async restartEngine({ liveRestore = false }: { readonly liveRestore?: boolean } = {}): Promise<void> {
    await this.close();
    const names = liveRestore ? [] : this.stopAll();
    for (const name of names) this.start(name);
    await this.open();
  }

  get #isPath(): boolean {
    return this.#listen.startsWith('/');
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = URL.parse(request.url ?? '', 'http://engine');
    // A client may name the version of the API it speaks.
    const path = (url?.pathname ?? '').replace(/^\/v1\.\d+(?=\/)/, '');
    const call = `${request.method} ${path.replace(/^\/(containers|networks)\/[0-9a-f]{64}/, '/$1/{id}')}`;
    this.#calls.set(call, (this.#calls.get(call) ?? 0) + 1);
    const document = this.document(path);
    if (request.method !== 'GET') this.#json(response, 405, { message: 'this engine is only read through its API' });
    else if (path === '/_ping') response.end('OK');
    else if (path === '/events') this.#stream(url?.searchParams ?? new URLSearchParams(), response);
    else if (document === undefined) this.#json(response, 404, { message: `there is no ${path}` });
    else this.#json(response, 200, document);
  }

  #json(response: ServerResponse, status: number, document: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  }

  #stream(query: URLSearchParams, response: ServerResponse): void {
    const wanted = filterOf(query.get('filters') ?? '{}');
    if (wanted === undefined) {
      this.#json(response, 400, { message: 'the filters are not JSON' });
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    const send = (event: EmbeddedEvent) => void (wanted(event) && response.write(`${JSON.stringify(event)}\n`));
    const since = query.get('since');
    const unsubscribe = this.subscribe(since === null ? Number.POSITIVE_INFINITY : Number(since), send);
    this.#streams.add(response);
    response.on('error', () => {});
    response.on('close', () => {
      unsubscribe();
      this.#streams.delete(response);
    });
  }
}

/** Reads `{"type": [...], "event": [...]}`; one that says nothing of a matter lets all pass, as the engine does. */
function filterOf(text: string): ((event: EmbeddedEvent) => boolean) | undefined {
  const filters = asFields(parseJson(text));
  if (filters === undefined) return undefined;
  const [types, actions] = [listOf(filters, 'type'), listOf(filters, 'event')];
  return ({ Type, Action }) =>
    (types.length === 0 || types.includes(Type)) &&
    (actions.length === 0 || actions.includes(Action.replace(/:.*/, '')));
}
