import type { ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, type CommandOptions, type Outcome, run, startProcess } from './command.ts';
import { childOf, type Daemon, startDaemon } from './daemon.ts';
import { until } from './until.ts';

/** What a machine is made of. */
export interface MachineOptions {
  /** Its host name. */
  readonly name: string;
  /** A network namespace that exists when the machine is switched on. */
  readonly namespace: string;
  /** Its disk: what lies here outlives a power cut. */
  readonly disk: string;
  /** The text of its /etc/resolv.conf. */
  readonly resolvConf: string;
  /** Environment of everything that runs on it. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The hardware and the kernel of a host, as far as Linux can pretend: its own network, process table, host name, /run
 * and resolv.conf. Everything that runs on it is a descendant of one process, so that killing that one is a power cut,
 * and it dies with the process that runs the lab.
 */
export class Machine {
  readonly options: MachineOptions;
  #power: ChildProcess | undefined;
  #init: number | undefined;

  constructor(options: MachineOptions) {
    this.options = options;
    mkdirSync(options.disk, { recursive: true });
    writeFileSync(join(options.disk, 'resolv.conf'), options.resolvConf);
  }

  /** The process id, as the machine of the lab counts, of this machine's first process; throws when it is off. */
  get init(): number {
    if (this.#init === undefined) throw new Error(`${this.options.name} is switched off`);
    return this.#init;
  }

  get isOn(): boolean {
    return this.#init !== undefined;
  }

  async powerOn(): Promise<void> {
    const { name, namespace, disk } = this.options;
    const own = ['--mount', '--pid', '--uts', '--fork', '--kill-child', '--mount-proc'];
    const boot = ['sh', '-euc', bootScript, 'boot', name, join(disk, 'resolv.conf')];
    const enter = ['nsenter', `--net=/run/netns/${namespace}`, 'setpriv', '--pdeathsig', 'KILL'];
    const power = startProcess([...enter, 'unshare', ...own, ...boot], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaints = '';
    power.stderr?.on('data', (text) => {
      complaints += text;
    });
    this.#power = power;
    this.#init = await until(`${name} boots`, () => bootedChild(power)).catch((cause: unknown) => {
      throw new Error(`${name} does not boot: ${complaints}`, { cause });
    });
  }

  /** Kills everything that runs here at once; nothing gets to say goodbye. */
  async powerOff(): Promise<void> {
    const power = this.#power;
    if (power === undefined) return;
    this.#power = undefined;
    const { init } = this;
    this.#init = undefined;
    process.kill(init, 'SIGKILL');
    await until(`${this.options.name} is dark`, () => power.exitCode !== null || power.signalCode !== null);
  }

  /** Runs a command here to its end and returns what it printed; throws if it failed. */
  run(command: readonly string[], options: CommandOptions = {}): Promise<string> {
    return run(this.#enter(command), { ...options, env: this.#env(options.env) });
  }

  /** Runs a command here to its end, whatever that is. */
  attempt(command: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
    return attempt(this.#enter(command), { ...options, env: this.#env(options.env) });
  }

  /** Starts a process here that goes on; what it says is kept, and appended to `NAME.log` on the disk. */
  start(name: string, command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Daemon> {
    const log = createWriteStream(join(this.options.disk, `${name}.log`), { flags: 'a' });
    return startDaemon(name, this.#enter(command), this.#env(env), log);
  }

  /** The path by which this process reaches a file, or a socket, of this machine. */
  path(file: string): string {
    return `/proc/${this.init}/root${file}`;
  }

  #enter(command: readonly string[]): string[] {
    return ['nsenter', `--target=${this.init}`, '--net', '--mount', '--pid', '--uts', ...command];
  }

  /** Nothing of the environment of whoever runs the lab, who may have settings of Weft or of Node there. */
  #env(env: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { PATH: process.env.PATH ?? '', HOME: '/root', LANG: 'C.UTF-8', ...this.options.env, ...env };
  }
}

/** /run is empty after a boot and is the machine's own; a resolv.conf that is a link may point into it. */
const bootScript = `
  mount -t tmpfs tmpfs /run
  mkdir -p /run/lock "$(dirname "$(readlink -f /etc/resolv.conf)")"
  touch "$(readlink -f /etc/resolv.conf)"
  mount --bind "$2" "$(readlink -f /etc/resolv.conf)"
  hostname "$1"
  exec docker-init -- sleep infinity
`;

function bootedChild(power: ChildProcess): number | undefined {
  if (power.exitCode !== null) throw new Error(`boot ended with ${power.exitCode}`);
  const child = childOf(power.pid);
  if (child === undefined) return undefined;
  return readFileSync(`/proc/${child}/cmdline`, 'utf8').startsWith('docker-init') ? child : undefined;
}
