import { type Agent, createAgent, type Ending } from './agent.ts';
import type { Config } from './flags.ts';
import type { Successor } from './lock.ts';
import { createLog } from './log.ts';
import type { AgentParts } from './rooms.ts';

/** Why an agent needs to be stopped, or has stopped: `weft leave` was done, or another agent took over from it. */
export type Farewell = 'left' | 'succeeded';

/** Makes the agent of this host, which hands all it has to the next one when that is started with `--takeover`. */
export async function openAgent(config: Config, parts: AgentParts = {}): Promise<RunningAgent> {
  return new RunningAgent(await createAgent(config, parts), config, parts);
}

/** An agent through its whole life: until it is told to stop, leaves, or another takes over. */
export class RunningAgent {
  readonly #config: Config;
  readonly #parts: AgentParts;
  readonly #ended = Promise.withResolvers<Farewell>();
  #agent: Agent;
  #stopping: Ending | undefined;
  #resuming: Promise<void> = Promise.resolve();

  constructor(agent: Agent, config: Config, parts: AgentParts) {
    this.#agent = agent;
    this.#config = config;
    this.#parts = parts;
    // Whoever does not ask how it ended has nothing to catch either.
    this.#ended.promise.catch(() => {});
  }

  /**
   * Resolves when it should be stopped because `weft leave` was done, or has stopped because another agent took over;
   * rejects when another one was to take over, failed, and all could not be taken up again.
   */
  get ended(): Promise<Farewell> {
    return this.#ended.promise;
  }

  /** What runs now. */
  get agent(): Agent {
    return this.#agent;
  }

  async start(): Promise<void> {
    await this.#agent.start();
    this.#follow();
  }

  /** Ends it; may be called twice. */
  async stop(how: Ending): Promise<void> {
    this.#stopping = how;
    await this.#agent.stop(how);
    await this.#resuming.catch(() => {});
    await this.#agent.stop(how);
  }

  /** See `Agent.reload`. */
  reload(): Promise<void> {
    return this.#agent.reload();
  }

  #follow(): void {
    const agent = this.#agent;
    void agent.left.then(() => this.#ended.resolve('left'));
    void agent.successor.then((successor) => {
      if (this.#stopping !== undefined) return;
      this.#handOver(agent, successor).catch((error: unknown) => this.#ended.reject(error));
    });
  }

  async #handOver(agent: Agent, successor: Successor): Promise<void> {
    const outcome = await successor.yield(await agent.handOver());
    if (outcome === 'ready') {
      await agent.stop('restart');
      this.#ended.resolve('succeeded');
    } else if (this.#stopping === undefined) {
      this.#resuming = this.#resume(agent);
      await this.#resuming;
    }
  }

  /** The successor failed: a new agent takes over from what still answers here, as the successor would have. */
  async #resume(before: Agent): Promise<void> {
    const log = this.#parts.log ?? createLog(this.#config.logLevel);
    log.warn('the agent that was to take over is gone without answering; going on');
    try {
      // The one that failed may not have let go of the directory yet.
      const config = { ...this.#config, takeover: true };
      this.#agent = await createAgent(config, { ...this.#parts, resumes: before.known });
      await this.#agent.start();
      this.#follow();
    } finally {
      await before.stop('restart');
    }
  }
}
