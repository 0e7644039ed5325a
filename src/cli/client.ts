import { type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { decode, harmless } from './decode.ts';
import { exitCodes, Failure } from './failure.ts';
import { noAgent, type Trouble, troubleOf } from './no-agent.ts';
import { Reply } from './reply.ts';

/** Where an agent's API is: a socket file or an address. */
export type AgentAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'tcp'; readonly address: string; readonly port: number };

export interface ClientOptions {
  /** Tried in order until an agent answers. */
  readonly addresses: readonly AgentAddress[];
  /** For an address off this host. */
  readonly token?: string | undefined;
  /** How long an agent may take to answer, and be silent in the middle of an answer. */
  readonly timeoutMs: number;
  /** How long one that says "too many requests" is asked again. */
  readonly retryWithinMs: number;
  /** How long a stream that is followed may be silent. */
  readonly streamSilenceMs: number;
}

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

/** What is asked of an agent. */
interface Request {
  readonly method: Method;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Talks to one agent over HTTP. Every verb throws a `Failure` with one clear sentence where it does not succeed. */
export class AgentClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get<T>(path: string): Promise<T> {
    return this.#json({ method: 'GET', path });
  }

  /** As `get`, with control characters as they are: for files, which are to be read again. */
  async getExactly<T>(path: string): Promise<T> {
    return JSON.parse(await this.#accept(await this.#send({ method: 'GET', path })));
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.#json({ method: 'PUT', path, body });
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#json({ method: 'POST', path, body });
  }

  delete<T>(path: string): Promise<T> {
    return this.#json({ method: 'DELETE', path });
  }

  /** As `get`; undefined where there is no such thing. */
  async find<T>(path: string): Promise<T | undefined> {
    const reply = await this.#send({ method: 'GET', path });
    return reply.status === 404 ? reply.discard() : decode(await this.#accept(reply));
  }

  /** A reply that is text, also when it says that the agent is not ready. */
  async text(path: string): Promise<string> {
    const reply = await this.#send({ method: 'GET', path });
    return harmless(reply.status === 503 ? await reply.text(this.#options.timeoutMs) : await this.#accept(reply));
  }

  /** Sends a request whose reply has no content; returns what is wrong although it was done. */
  async tell(method: Method, path: string): Promise<string | undefined> {
    const reply = await this.#send({ method, path });
    await this.#accept(reply);
    return reply.warning;
  }

  /** The chunks of a reply that does not end. */
  async open(path: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const reply = await this.#send({ method: 'GET', path, headers });
    if (reply.status !== 200) await this.#accept(reply);
    return reply.open(this.#options.streamSilenceMs);
  }

  async #json<T>(asked: Request): Promise<T> {
    return decode(await this.#accept(await this.#send(asked)));
  }

  #accept(reply: Reply): Promise<string> {
    return reply.accepted(this.#options.timeoutMs);
  }

  async #send(asked: Request): Promise<Reply> {
    const troubles: Trouble[] = [];
    for (const address of this.#options.addresses) {
      const reply = await this.#persist(address, asked);
      if (reply instanceof Reply) return reply;
      troubles.push(reply);
    }
    throw noAgent(troubles);
  }

  /** As `#try`; an import asks faster than an agent lets one caller ask: nothing was done, and it says when to come back. */
  async #persist(address: AgentAddress, asked: Request): Promise<Reply | Trouble> {
    const { retryWithinMs } = this.#options;
    const giveUpAt = performance.now() + retryWithinMs;
    for (;;) {
      const reply = await this.#try(address, asked);
      if (!(reply instanceof Reply) || reply.status !== 429) return reply;
      const { retryAfterMs } = reply;
      reply.discard();
      if (performance.now() + retryAfterMs > giveUpAt)
        throw new Failure(
          `the agent at ${spell(address)} has too many requests of this host: it turns ${asked.method} ${asked.path} away, ` +
            `and says to come back in ${retryAfterMs / 1_000} s, which is longer than the ${retryWithinMs / 1_000} s one waits; ` +
            'see who else asks it, or use its socket, which has no such limit',
        );
      await pause(retryAfterMs);
    }
  }

  /** The reply, or why there is none: then nothing was sent, and another address may be tried. */
  #try(address: AgentAddress, { method, path, body, headers }: Request): Promise<Reply | Trouble> {
    const { token, timeoutMs } = this.#options;
    const agent = `the agent at ${spell(address)}`;
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
          new Failure(`${agent} does not answer ${method} ${path} within ${timeoutMs / 1_000} s`, exitCodes.noAgent),
        );
        outgoing.destroy();
      }, timeoutMs);
      outgoing.on('socket', (socket) => socket.once('connect', () => (connected = true)));
      outgoing.on('error', (error) => {
        clearTimeout(timer);
        if (connected) reject(new Failure(`${agent} broke off: ${error.message}; is that where its API listens?`));
        else resolve(troubleOf(spell(address), error));
      });
      outgoing.on('response', (message) => {
        clearTimeout(timer);
        if (String(message.headers.server).startsWith('weft/')) resolve(new Reply(message, agent, `${method} ${path}`));
        else {
          message.destroy();
          resolve({ sentence: `${spell(address)}: what listens there is no Weft agent`, isForbidden: false });
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
