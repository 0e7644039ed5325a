import { type ChildProcess, spawn } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentClient } from '../src/cli/client.ts';
import { cliDefaults } from '../src/config.ts';
import { buildBundle } from './bundle.ts';

/** USER_HZ of every Linux that Node runs on. */
const ticksPerSecond = 100;
const lookMs = 20;
/** A join of 1,000 hosts takes seconds; on a machine with other work, as long as that lets it. */
const patienceMs = 120_000;

/** What the kernel says of a process. */
export interface Footprint {
  readonly rssMegabytes: number;
  readonly peakMegabytes: number;
  readonly cpuSeconds: number;
}

/** The agent as the image runs it: bundled, by its own command, in a process of its own, with a data directory that goes when it ends. */
export class BenchAgent {
  readonly meshAddress: string;
  readonly client: AgentClient;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #sockets = new Set<Socket>();

  /** Starts it; it listens soon. `more`: flags of `weft up`. */
  constructor({ secret, meshPort, more }: { secret: string; meshPort: number; more: readonly string[] }) {
    this.#directory = mkdtempSync(join(tmpdir(), 'weft-bench-'));
    this.meshAddress = `127.0.0.1:${meshPort}`;
    const path = join(this.#directory, 'api.sock');
    this.client = new AgentClient({ addresses: [{ type: 'unix', path }], ...cliDefaults, timeoutMs: patienceMs });
    // The other end of the agent's sockets is in this process: that is where its bytes are counted.
    subscribe('net.client.socket', this.#onSocket);
    const flags = ['--name', 'joiner', '--no-docker', '--mesh-listen', this.meshAddress, '--log-level', 'warn'];
    const places = ['--api', `unix:${path}`, '--data-dir', join(this.#directory, 'data')];
    this.#child = spawn(launcher(), ['up', ...flags, ...places, ...more], {
      env: { PATH: process.env.PATH, WEFT_SECRET: secret },
      // What it logs would be in the way of the figures.
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    process.once('exit', this.#kill);
  }

  /** Whether it knows so many records of each of so many other hosts. */
  async isComplete(hosts: number, records: number): Promise<boolean> {
    const known = await this.client.get<{ readonly hosts: readonly { readonly records: number }[] }>('/v1/hosts');
    return known.hosts.filter((each) => each.records === records).length >= hosts;
  }

  async until(holds: () => Promise<boolean>, everyMs = lookMs): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!(await holds().catch(() => false))) {
      if (performance.now() > end) throw new Error('the agent did not come to know all in time');
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  footprint(): Footprint {
    const { pid } = this.#child;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const megabytes = (key: string) =>
      Math.round(Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 102.4) / 10;
    // proc_pid_stat(5): after the name in brackets, utime and stime are fields 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    return { rssMegabytes: megabytes('VmRSS'), peakMegabytes: megabytes('VmHWM'), cpuSeconds };
  }

  /** Octets of TCP that its neighbours in this process sent it and got from it so far. */
  bytes(): number {
    const { hostname: host, port } = new URL(`tcp://${this.meshAddress}`);
    return [...this.#sockets]
      .filter(({ remoteAddress, remotePort }) => remoteAddress === host && remotePort === Number(port))
      .reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  }

  async stop(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    this.#kill();
    process.off('exit', this.#kill);
    await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Also where this process fails: an agent is never left behind. */
  readonly #kill = () => {
    this.#child.kill('SIGKILL');
  };

  readonly #onSocket = (message: unknown) => {
    const { socket } = message as { readonly socket: Socket };
    this.#sockets.add(socket);
    socket.once('close', () => {
      if (socket.remotePort === undefined) this.#sockets.delete(socket);
    });
  };
}

let built: string | undefined;

/** The command that starts an agent, built once for this process: whoever measures a start calls it before. */
export function launcher(): string {
  if (built === undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'weft-bundle-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    built = buildBundle(directory).launcher;
  }
  return built;
}
