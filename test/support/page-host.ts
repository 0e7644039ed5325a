import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, createAgent } from '../../src/agent.ts';
import { parseConfig } from '../../src/flags.ts';
import { EmbeddedEngine } from '../../src/watch/embedded-engine.ts';

/** The token of hosts that are looked at over the network. */
export const apiToken = 'a-token-for-the-tests-of-the-page';

interface Place {
  /** Where the API listens: 127.0.0.1, or, for those who have the token, another of this machine's addresses. */
  readonly listen?: string;
  /** Where containers get their addresses. */
  readonly subnet?: string;
}

/** A host whose page is looked at: a whole agent over an embedded engine, on a port that it keeps over restarts. */
export class PageHost implements AsyncDisposable {
  readonly engine: EmbeddedEngine;
  readonly #name: string;
  readonly #directory: string;
  readonly #listen: string;
  #port = 0;
  #agent: Agent | undefined;

  private constructor(
    number: number,
    directory: string,
    { listen = '127.0.0.1', subnet = `10.${number}.0.0/16` }: Place,
  ) {
    this.#name = `host${number}`;
    this.#directory = directory;
    this.#listen = listen;
    this.engine = new EmbeddedEngine({ listen: '127.0.0.1', subnet });
  }

  /** A host that runs. */
  static async start(number: number, peers: readonly string[] = [], place: Place = {}): Promise<PageHost> {
    const host = new PageHost(number, await mkdtemp(join(tmpdir(), 'weft-page-')), place);
    await host.engine.open();
    await host.startAgent(peers);
    return host;
  }

  get agent(): Agent {
    if (this.#agent === undefined) throw new Error(`the agent of ${this.#name} is stopped`);
    return this.#agent;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  async startAgent(peers: readonly string[] = []): Promise<void> {
    const tokenFile = join(this.#directory, 'token');
    await writeFile(tokenFile, apiToken);
    const config = parseConfig(
      {
        name: this.#name,
        peers,
        'dns-listen': ['127.0.0.1:0'],
        'mesh-listen': '127.0.0.1:0',
        api: [`${this.#listen}:${this.#port}`],
        'api-token-file': tokenFile,
        'docker-host': this.engine.url,
        'data-dir': join(this.#directory, 'data'),
        'log-level': 'silent',
      },
      { WEFT_SECRET: 'a secret for the tests of the page' },
    );
    if (!config.ok) throw new Error(config.problem);
    this.#agent = await createAgent(config.value);
    await this.#agent.start();
    const [bound] = this.#agent.apiAddresses();
    this.#port = bound?.type === 'tcp' ? bound.port : 0;
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.stop('restart');
    this.#agent = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    await this.engine.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
