import { type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { exitCodes, Failure } from './failure.ts';

/** Where an agent's API is: a socket file or an address. */
export type AgentAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'tcp'; readonly address: string; readonly port: number };

export interface ClientOptions {
  /** Tried in order until an agent answers. */
  readonly addresses: readonly AgentAddress[];
  /** For an address off this host. */
  readonly token?: string | undefined;
  /** How long an agent may take to answer. */
  readonly timeoutMs: number;
}

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** Talks to one agent over HTTP. Every verb throws a `Failure` with one clear sentence where it does not succeed. */
export class AgentClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get<T>(path: string): Promise<T> {
    return this.#json('GET', path);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.#json('PUT', path, body);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#json('POST', path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.#json('DELETE', path);
  }

  /** As `get`; undefined where there is no such thing. */
  async find<T>(path: string): Promise<T | undefined> {
    const reply = await this.#send('GET', path);
    return reply.statusCode === 404 ? discard(reply) : decode(await accept(reply));
  }

  /** A reply that is text, also when it says that the agent is not ready. */
  async text(path: string): Promise<string> {
    const reply = await this.#send('GET', path);
    return reply.statusCode === 503 ? await read(reply) : await accept(reply);
  }

  /** Sends a request whose reply has no content. */
  async tell(method: Method, path: string): Promise<void> {
    await accept(await this.#send(method, path));
  }

  /** The chunks of a reply that does not end. */
  async open(path: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const reply = await this.#send('GET', path, undefined, headers);
    if (reply.statusCode !== 200) await accept(reply);
    reply.setEncoding('utf8');
    return reply;
  }

  async #json<T>(method: Method, path: string, body?: unknown): Promise<T> {
    return decode(await accept(await this.#send(method, path, body)));
  }

  async #send(
    method: Method,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage> {
    const troubles: string[] = [];
    for (const address of this.#options.addresses) {
      let reply = await this.#try(address, method, path, body, headers);
      // An import asks faster than an agent lets one caller ask; nothing was done, and it says when to come back.
      while (typeof reply !== 'string' && reply.statusCode === 429) {
        reply.resume();
        await pause(Number(reply.headers['retry-after'] ?? 1) * 1_000);
        reply = await this.#try(address, method, path, body, headers);
      }
      if (typeof reply !== 'string') return reply;
      troubles.push(reply);
    }
    throw new Failure(
      `no agent answers: ${troubles.join('; ')}; start one with "weft up", or say where it is with --api`,
      exitCodes.noAgent,
    );
  }

  /** The reply, or why there is none: then nothing was sent, and another address may be tried. */
  #try(
    address: AgentAddress,
    method: Method,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
  ): Promise<IncomingMessage | string> {
    const { token, timeoutMs } = this.#options;
    const where =
      address.type === 'unix' ? { socketPath: address.path } : { host: address.address, port: address.port };
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const allHeaders = {
      ...headers,
      // Over a socket file there is no host to name; an agent on TCP must see an address or localhost.
      ...(address.type === 'unix' && { host: 'localhost' }),
      ...(payload !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...where, method, path, headers: allHeaders, agent: false });
      let connected = false;
      const timer = setTimeout(() => {
        reject(
          new Failure(
            `the agent at ${spell(address)} does not answer within ${timeoutMs / 1_000} s`,
            exitCodes.noAgent,
          ),
        );
        outgoing.destroy();
      }, timeoutMs);
      outgoing.on('socket', (socket) => socket.once('connect', () => (connected = true)));
      outgoing.on('error', (error) => {
        clearTimeout(timer);
        if (connected) reject(new Failure(`the agent at ${spell(address)} broke off: ${error.message}`));
        else resolve(`${spell(address)}: ${plainReason(error)}`);
      });
      outgoing.on('response', (reply) => {
        clearTimeout(timer);
        if (String(reply.headers.server).startsWith('weft/')) resolve(reply);
        else {
          reply.destroy();
          resolve(`${spell(address)}: what listens there is no Weft agent`);
        }
      });
      outgoing.end(payload);
    });
  }
}

/** `unix:/run/weft/weft.sock` or `127.0.0.1:6784`. */
export function spell(address: AgentAddress): string {
  if (address.type === 'unix') return `unix:${address.path}`;
  return address.address.includes(':') ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}

async function accept(reply: IncomingMessage): Promise<string> {
  const text = await read(reply);
  const status = reply.statusCode ?? 0;
  if (status >= 200 && status < 300) return text;
  // What the agent calls a bad request was typed wrong.
  throw new Failure(detailOf(text), status === 400 ? exitCodes.wrongUsage : exitCodes.failed);
}

async function read(reply: IncomingMessage): Promise<string> {
  reply.setEncoding('utf8');
  let text = '';
  for await (const chunk of reply) text += chunk;
  return text;
}

/** The replies of our own agent are typed by the schemas it serves them with; it is `#try` that knows our own. */
function decode<T>(text: string): T {
  return JSON.parse(text) as T;
}

function detailOf(text: string): string {
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === 'object' && problem !== null && 'detail' in problem) return String(problem.detail);
  } catch {
    // Not every error is problem details; its text is all there is.
  }
  return text.trim();
}

function discard(reply: IncomingMessage): undefined {
  reply.resume();
}

function plainReason(error: Error): string {
  switch ('code' in error ? error.code : undefined) {
    case 'ENOENT':
      return 'no such socket';
    case 'ECONNREFUSED':
      return 'nobody listens there';
    case 'EACCES':
      return 'permission denied (be root, or in the group of the socket)';
    default:
      return error.message;
  }
}
