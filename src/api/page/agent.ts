import { EventReader, type StreamEvent } from './event-stream.ts';

/** How the page stands with its agent: `locked` until the token is given. */
export type Standing = 'connecting' | 'live' | 'lost' | 'locked';

export interface AgentHooks {
  event(event: StreamEvent): void;
  standing(standing: Standing, problem?: string): void;
  /** Asks the person for the token; `again` when the last one was not the right one. */
  token(again: boolean): Promise<string>;
}

/** What the agent said was wrong with a request, in a sentence. */
export class Refusal extends Error {}

/** From the first retry on, doubling up to `retryMaxMs`: an agent that restarts is back within a second or two. */
const retryMinMs = 250;
const retryMaxMs = 5_000;
/** Nearly three of the agent's signs of life (one every 15 s): a stream that is silent for longer is dead. */
const silenceMs = 40_000;
/** An agent answers within milliseconds. */
const requestTimeoutMs = 10_000;
/** Kept for this tab and this visit, nowhere else. */
const tokenKey = 'weft-token';

/** The agent that served this page: asked by `get`, followed by `follow`, over fetch, which can carry the token. */
export class AgentLink {
  readonly #hooks: AgentHooks;
  #unlocking: Promise<void> | undefined;

  constructor(hooks: AgentHooks) {
    this.#hooks = hooks;
  }

  /** A reply of the agent; throws a `Refusal` with its words where it does not grant the request. */
  async get<T>(path: string): Promise<T> {
    const reply = await this.#fetch(path, {}, AbortSignal.timeout(requestTimeoutMs));
    // The agent's own replies are typed by the schemas it sends them with.
    return (await reply.json()) as T;
  }

  /** Follows the watch stream for as long as the page is open, over restarts of the agent and losses of the network. */
  async follow(): Promise<never> {
    let lastId: string | undefined;
    let retryMs = retryMinMs;
    this.#hooks.standing('connecting');
    for (;;) {
      try {
        for await (const event of this.#events(lastId)) {
          retryMs = retryMinMs;
          lastId = event.id ?? lastId;
          this.#hooks.event(event);
        }
        this.#hooks.standing('lost', 'the agent ended the stream');
      } catch (error) {
        this.#hooks.standing('lost', error instanceof Error ? error.message : String(error));
      }
      await pause(retryMs);
      retryMs = Math.min(2 * retryMs, retryMaxMs);
    }
  }

  async *#events(lastId: string | undefined): AsyncIterable<StreamEvent> {
    const controller = new AbortController();
    let silence = 0;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => controller.abort(new Error('the agent is silent')), silenceMs);
    };
    listen();
    try {
      const headers = lastId === undefined ? undefined : { 'last-event-id': lastId };
      const reply = await this.#fetch('v1/watch', headers, controller.signal);
      this.#hooks.standing('live');
      const reader = new EventReader();
      const texts = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const read = await texts?.read();
        if (read === undefined || read.done) return;
        listen();
        yield* reader.push(read.value);
      }
    } finally {
      clearTimeout(silence);
      controller.abort();
    }
  }

  async #fetch(path: string, headers: Readonly<Record<string, string>> = {}, signal: AbortSignal): Promise<Response> {
    for (;;) {
      const token = sessionStorage.getItem(tokenKey);
      const reply = await fetch(path, {
        headers: { ...headers, ...(token !== null && { authorization: `Bearer ${token}` }) },
        cache: 'no-store',
        signal,
      });
      if (reply.ok) return reply;
      if (reply.status !== 401) throw new Refusal(await detailOf(reply));
      if (token === sessionStorage.getItem(tokenKey)) await this.#unlock(token !== null);
      if (signal.aborted) throw new Error('the token came late');
    }
  }

  /** Asks for the token once, however many requests wait for it. */
  #unlock(again: boolean): Promise<void> {
    this.#unlocking ??= (async () => {
      this.#hooks.standing('locked');
      sessionStorage.setItem(tokenKey, await this.#hooks.token(again));
      this.#hooks.standing('connecting');
      this.#unlocking = undefined;
    })();
    return this.#unlocking;
  }
}

/** Until the time is over, or the browser says that there is a network again. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener('online', done);
  });
}

async function detailOf(reply: Response): Promise<string> {
  const problem: unknown = await reply.json().catch(() => undefined);
  if (typeof problem === 'object' && problem !== null && 'detail' in problem) return String(problem.detail);
  return `the agent answered ${reply.status}`;
}
