import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import Docker from 'dockerode';
import { quote } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';
import { type DockerHost, parseDockerHost } from './docker-host.ts';
import { type Engine, EngineError } from './engine.ts';
import { watchedActions } from './event.ts';

/** More than this many questions at once only queue inside an engine; one more is the stream of events. */
const maxSockets = 32;
/** Milliseconds; a stream of events may be silent for days, so the kernel asks whether the other side lives. */
const keepAliveMs = 15_000;

/**
 * The engine at `dockerHost`, a URL as the docker command takes it (`unix:///run/docker.sock`, `tcp://192.0.2.7:2375`,
 * `https://…`); TLS as `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` of the environment say. Nothing is dialled yet.
 */
export function openDockerEngine(dockerHost: string, environment: NodeJS.ProcessEnv): Result<Engine> {
  const host = parseDockerHost(dockerHost, environment.DOCKER_TLS_VERIFY);
  if (!host.ok) return host;
  try {
    return accepted(new DockerEngine(dockerHost, host.value, environment));
  } catch (error) {
    return refused(`cannot use ${quote(dockerHost)}: ${messageOf(error)}`);
  }
}

class DockerEngine implements Engine {
  readonly address: string;
  readonly #docker: Docker;
  readonly #agent: http.Agent;

  constructor(address: string, host: DockerHost, environment: NodeJS.ProcessEnv) {
    this.address = address;
    const { agent, options } = connection(host, environment);
    this.#agent = agent;
    this.#docker = new Docker(options);
  }

  version(signal: AbortSignal): Promise<unknown> {
    return this.#ask(this.#get('/version', signal));
  }

  containers(signal: AbortSignal): Promise<unknown> {
    return this.#ask(this.#docker.listContainers({ abortSignal: signal }));
  }

  async inspect(id: string, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#ask(this.#docker.getContainer(id).inspect({ abortSignal: signal }));
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined;
      throw error;
    }
  }

  networks(signal: AbortSignal): Promise<unknown> {
    return this.#ask(this.#docker.listNetworks({ abortSignal: signal }));
  }

  network(id: string, signal: AbortSignal): Promise<unknown> {
    return this.#ask(this.#get(`/networks/${encodeURIComponent(id)}`, signal));
  }

  async events(sinceSeconds: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const filters = { type: ['container', 'network'], event: watchedActions };
    const stream = await this.#ask(
      this.#docker.getEvents({ since: sinceSeconds, filters: JSON.stringify(filters), abortSignal: signal }),
    );
    return this.#bytesOf(stream, signal);
  }

  close(): void {
    this.#agent.destroy();
  }

  async *#bytesOf(stream: NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (stream instanceof http.IncomingMessage) stream.socket.setKeepAlive(true, keepAliveMs);
    try {
      for await (const chunk of stream) yield Buffer.from(chunk);
    } catch (error) {
      if (!signal.aborted) throw this.#explain(error);
    } finally {
      if (stream instanceof http.IncomingMessage) stream.destroy();
    }
  }

  /** What dockerode itself asks until it is answered: a question that hangs would keep its connection for ever. */
  #get(path: string, abortSignal: AbortSignal): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const options = { path, method: 'GET', abortSignal, statusCodes: { 200: true } };
    this.#docker.modem.dial(options, (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer)));
    return promise;
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #explain(error: unknown): EngineError {
    const status = propertyOf(error, 'statusCode');
    if (typeof status === 'number') {
      const message = `the engine at ${this.address} refused (HTTP ${status}): ${messageOf(error)}`;
      return new EngineError(message, { status, cause: error });
    }
    return new EngineError(`${this.address}: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Connections that are kept. For its debug log dockerode has every request described to the last socket, whether that
 * log is on or not, which costs more than the request; so agents describe themselves in a word.
 */
class PlainAgent extends http.Agent {
  [inspect.custom](): string {
    return 'PlainAgent';
  }
}

/** A class that is made when it is asked for: without TLS an agent never loads that part of Node. */
function tlsAgent(options: https.AgentOptions): https.Agent {
  class TlsAgent extends https.Agent {
    [inspect.custom](): string {
      return 'TlsAgent';
    }
  }
  return new TlsAgent(options);
}

/** What dockerode needs to know; what it would take from the process's own environment is set here too. */
function connection(host: DockerHost, environment: NodeJS.ProcessEnv): { agent: http.Agent; options: DockerOptions } {
  const agentOptions = { keepAlive: true, maxSockets };
  if (host.type === 'unix') {
    const agent = new PlainAgent(agentOptions);
    const options = { socketPath: host.path, host: undefined, port: undefined, protocol: 'http' as const, agent };
    return { agent, options: { ...options, ...noCertificates } };
  }
  const { host: hostname, port } = host;
  if (!host.tls) {
    const agent = new PlainAgent(agentOptions);
    return { agent, options: { host: hostname, port, protocol: 'http', agent, ...noCertificates } };
  }
  const certificates = readCertificates(environment);
  const agent = tlsAgent({ ...agentOptions, ...certificates });
  return { agent, options: { host: hostname, port, protocol: 'https', agent, ...noCertificates, ...certificates } };
}

/** `agent` is docker-modem's own option, which the types leave out. */
type DockerOptions = Docker.DockerOptions & { readonly agent: http.Agent };
const noCertificates = { ca: undefined, cert: undefined, key: undefined };

/** `ca.pem`, `cert.pem` and `key.pem`, those that there are; a directory that was named must have the first. */
function readCertificates(environment: NodeJS.ProcessEnv): { ca?: string; cert?: string; key?: string } {
  const named = environment.DOCKER_CERT_PATH || undefined;
  const directory = named ?? join(homedir(), '.docker');
  const read = (file: string) => {
    const path = join(directory, file);
    return existsSync(path) || (named && file === 'ca.pem') ? readFileSync(path, 'utf8') : undefined;
  };
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map(read);
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function reasonOf(error: unknown): string {
  switch (propertyOf(error, 'code')) {
    case 'ENOENT':
      return 'there is no such socket; the engine does not run, or listens elsewhere';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied; run as root or in the group that owns the socket';
    case 'ECONNREFUSED':
      return 'nobody listens there; the engine does not run';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the engine closed the connection';
    default:
      return messageOf(error);
  }
}

function propertyOf(error: unknown, key: 'code' | 'statusCode'): unknown {
  return typeof error === 'object' && error !== null && key in error ? Reflect.get(error, key) : undefined;
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim();
}
