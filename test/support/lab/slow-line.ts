import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { run as command, startProcess } from './command.ts';

/** What a line does to frames, in each direction. */
export interface Shape {
  readonly delayMs: number;
  readonly lossPercent: number;
}

/**
 * A slow or lossy line between the wire's bridge and one host: two TAP devices and a process that carries frames between
 * them. The kernel's own netem would do, but not every kernel has it, and those of micro-VMs often do not.
 */
export class SlowLine {
  /** The bridge the host's link is to be plugged into. */
  readonly bridge: string;
  readonly #namespace: string;
  readonly #carrier: ChildProcess;

  private constructor(namespace: string, bridge: string, carrier: ChildProcess) {
    this.#namespace = namespace;
    this.bridge = bridge;
    this.#carrier = carrier;
  }

  static async open(namespace: string, wireBridge: string, host: number, shape: Shape): Promise<SlowLine> {
    const [near, far, bridge] = [`near${host}`, `far${host}`, `slow${host}`];
    const carrier = startCarrier(namespace, near, far, shape);
    const line = new SlowLine(namespace, bridge, carrier);
    await line.#ready();
    await line.#ip(
      `link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `link set ${near} master ${wireBridge} up`,
      `link set ${far} master ${bridge} up`,
      `link set ${bridge} up`,
    );
    return line;
  }

  /** Ends the line; frames on their way are lost, and what is plugged into its bridge hangs in the air. */
  async close(): Promise<void> {
    if (this.#carrier.exitCode === null && this.#carrier.signalCode === null) {
      const exited = once(this.#carrier, 'exit');
      this.#carrier.stdin?.end();
      await exited;
    }
    await this.#ip(`link del ${this.bridge}`);
  }

  async #ready(): Promise<void> {
    const said = this.#carrier.stdout === null ? Promise.resolve() : once(this.#carrier.stdout, 'data');
    const ended = once(this.#carrier, 'exit').then(([code]) => {
      throw new Error(`the slow line ended with ${code}`);
    });
    await Promise.race([said, ended]);
    ended.catch(() => {});
  }

  #ip(...lines: string[]): Promise<string> {
    return command(['ip', '-n', this.#namespace, '-batch', '-'], { input: lines.join('\n') });
  }
}

function startCarrier(namespace: string, near: string, far: string, { delayMs, lossPercent }: Shape): ChildProcess {
  const carrier = fileURLToPath(import.meta.resolve('./frame-carrier.ts'));
  const inNamespace = ['nsenter', `--net=/run/netns/${namespace}`, 'setpriv', '--pdeathsig', 'KILL'];
  const words = [process.execPath, carrier, near, far, String(delayMs), String(lossPercent)];
  return startProcess([...inNamespace, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
}
