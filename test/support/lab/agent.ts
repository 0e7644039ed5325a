import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { weftCommand } from './bundle.ts';
import type { Daemon, Exit } from './daemon.ts';
import { engineSocket } from './engine.ts';
import type { Machine } from './machine.ts';
import { requestFromSocket, type SocketResponse } from './socket-request.ts';
import { until } from './until.ts';

/** The contract's own default: where an agent without `--api` listens. */
const apiSocket = '/run/weft/weft.sock';
/** The user of the image; see the Dockerfile. */
const imageUser = '10053';

const containerName = 'weft';
/** A start takes a second; on a machine with a dozen others on each core, a minute. */
const readyMs = 60_000;

export interface AgentOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** An image to run instead of this checkout, with the host's network and the engine's socket. */
  readonly image?: string;
  /** Whether starting waits for `/readyz`; true unless a test wants to see the agent refuse. */
  readonly untilReady?: boolean;
}

/** An agent of Weft on a host of the lab. */
export class LabAgent {
  readonly #machine: Machine;
  readonly #daemon: Daemon;
  readonly #inContainer: boolean;

  private constructor(machine: Machine, daemon: Daemon, inContainer: boolean) {
    this.#machine = machine;
    this.#daemon = daemon;
    this.#inContainer = inContainer;
  }

  static async start(machine: Machine, args: readonly string[], options: AgentOptions): Promise<LabAgent> {
    const { env = {}, image, untilReady = true } = options;
    const data = join(machine.options.disk, 'weft');
    const command =
      image === undefined
        ? [...weftCommand, 'up', '--data-dir', data, ...args]
        : await containerCommand(machine, image, data, args, { ...weftEnv(machine.options.env), ...env });
    const agent = new LabAgent(machine, await machine.start('weft', command, env), image !== undefined);
    if (untilReady) await agent.#readyOrGone();
    return agent;
  }

  /** Everything it has said so far. */
  log(): string {
    return this.#daemon.log();
  }

  /** Its resident memory in bytes (proc(5), VmRSS); of an agent that is no container's. */
  async residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.#daemon.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** How it ended, or undefined as long as it runs. */
  exit(): Exit | undefined {
    return this.#daemon.exit();
  }

  /** Resolves when it ends by itself. */
  get exited(): Promise<Exit> {
    return this.#daemon.exited;
  }

  /** Waits until `/readyz` says yes; throws with the log when it ends first. */
  async ready(timeoutMs = readyMs): Promise<void> {
    const isReady = async () => this.exit() !== undefined || (await this.request('GET', '/readyz')).status === 200;
    await until('the agent is ready', isReady, timeoutMs).catch((cause: unknown) => {
      throw new Error(`not ready:\n${this.log().slice(-4000)}`, { cause });
    });
    if (this.exit() !== undefined) throw new Error(`the agent ended with ${this.exit()}:\n${this.log().slice(-4000)}`);
  }

  async #readyOrGone(): Promise<void> {
    try {
      await this.ready();
    } catch (error) {
      await this.stop('SIGKILL');
      throw error;
    }
  }

  /** A request to its API, over the Unix socket. */
  request(method: string, path: string, body?: unknown): Promise<SocketResponse> {
    return requestFromSocket(this.#machine.path(apiSocket), method, path, body);
  }

  /** Ends it; SIGTERM is a restart in the making, SIGKILL a crash. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (!this.#inContainer) return this.#daemon.stop(signal);
    await this.signal(signal);
    return this.#daemon.exited;
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    if (this.exit() !== undefined) return;
    if (this.#inContainer) await this.#machine.run(['docker', 'kill', '--signal', signal, containerName]);
    else this.#daemon.signal(signal);
  }
}

/** `docker run` stays in the foreground, so the container is a process like any other; but for its signals. */
async function containerCommand(
  machine: Machine,
  image: string,
  data: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string[]> {
  await machine.run(['install', '-d', '-o', imageUser, '-g', imageUser, '/run/weft', data]);
  const group = (await machine.run(['stat', '-c', '%g', engineSocket])).trim();
  const mounts = [`${engineSocket}:/var/run/docker.sock`, '/run/weft:/run/weft', `${data}:/var/lib/weft`];
  return [
    ...['docker', 'run', '--rm', '--name', containerName, '--network', 'host', '--group-add', group],
    ...['--cap-drop', 'ALL', '--cap-add', 'NET_BIND_SERVICE'],
    ...mounts.flatMap((mount) => ['-v', mount]),
    ...Object.keys(env).flatMap((name) => ['-e', name]),
    ...[image, 'up', ...args],
  ];
}

function weftEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('WEFT_')));
}
