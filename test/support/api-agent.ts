import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiAddress } from '../../src/api/guard.ts';
import type { ApiOptions } from '../../src/api/options.ts';
import { ApiServer } from '../../src/api/server.ts';
import { apiDefaults } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import { ControlTwin, noon } from './control-twin.ts';
import { ManualClock } from './manual-clock.ts';

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly json: unknown;
}

/** An API over an agent in memory, on a real socket file and a real port. */
export class ApiAgent implements AsyncDisposable {
  readonly control: ControlTwin;
  readonly clock = new ManualClock({ epoch: noon });
  readonly directory: string;
  readonly server: ApiServer;

  private constructor(directory: string, control: ControlTwin, options: Partial<ApiOptions>) {
    this.directory = directory;
    this.control = control;
    const listen: ApiAddress[] = [
      { type: 'unix', path: join(directory, 'run', 'weft.sock') },
      { type: 'tcp', address: '127.0.0.1', port: 0 },
    ];
    this.server = new ApiServer({
      control: this.control,
      listen,
      clock: this.clock,
      log: silentLog,
      options: { ...apiDefaults, ...options },
    });
  }

  static async start(options: Partial<ApiOptions> = {}, control = new ControlTwin()): Promise<ApiAgent> {
    const agent = new ApiAgent(await mkdtemp(join(tmpdir(), 'weft-api-')), control, options);
    await agent.server.start();
    return agent;
  }

  get socketPath(): string {
    return join(this.directory, 'run', 'weft.sock');
  }

  get port(): number {
    const tcp = this.server.boundAddresses().find((address) => address.type === 'tcp');
    return tcp?.type === 'tcp' ? tcp.port : 0;
  }

  /** Asks over the socket file, or over TCP when told so. */
  ask(method: string, path: string, { body, headers = {}, over = 'unix' }: Ask = {}): Promise<Reply> {
    const where = over === 'unix' ? { socketPath: this.socketPath } : { host: '127.0.0.1', port: this.port };
    const payload = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const type = payload === undefined ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...where, method, path, agent: false, headers: { ...type, ...headers } }, (reply) => {
        let text = '';
        reply.setEncoding('utf8');
        reply.on('data', (chunk) => {
          text += chunk;
        });
        reply.on('end', () =>
          resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text, json: parsed(text) }),
        );
        reply.on('error', reject);
      });
      outgoing.on('error', reject).end(payload);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

interface Ask {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly over?: 'unix' | 'tcp';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
