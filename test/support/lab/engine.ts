import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bridgeGateway } from './addresses.ts';
import type { Daemon } from './daemon.ts';
import type { Machine } from './machine.ts';
import { getFromSocket } from './socket-request.ts';
import { until } from './until.ts';

/** Where the engine listens, as seen on its own host. */
export const engineSocket = '/run/docker.sock';

/** The settings of daemon.json that a lab may change or add; the lab's own are below. */
export type EngineSettings = Readonly<Record<string, unknown>>;

/** The Docker Engine of one host: a private dockerd with everything it owns on the host's disk. */
export class Engine {
  readonly #machine: Machine;
  readonly #settingsFile: string;
  #daemon: Daemon | undefined;

  constructor(machine: Machine, host: number, cgroup: string, settings: EngineSettings) {
    this.#machine = machine;
    this.#settingsFile = join(machine.options.disk, 'daemon.json');
    const own = ownSettings(machine.options.disk, host, cgroup);
    writeFileSync(this.#settingsFile, JSON.stringify({ ...own, ...settings }, null, 2));
  }

  /** Starts the engine and returns when it answers. */
  async start(): Promise<void> {
    const daemon = await this.#machine.start('dockerd', ['dockerd', '--config-file', this.#settingsFile]);
    this.#daemon = daemon;
    await until('the engine answers', () => {
      if (daemon.exit() !== undefined) throw new Error(`dockerd ended: ${daemon.log().slice(-2000)}`);
      return isAnswering(this.#machine.path(engineSocket));
    });
  }

  /** Stops the engine: with SIGTERM its containers are stopped first (unless live-restore is set), with SIGKILL nobody is told. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#daemon?.stop(signal);
    this.#daemon = undefined;
  }
}

function ownSettings(disk: string, host: number, cgroup: string): EngineSettings {
  return {
    hosts: [`unix://${engineSocket}`],
    'data-root': join(disk, 'docker'),
    'exec-root': '/run/docker',
    pidfile: '/run/docker.pid',
    bip: `${bridgeGateway(host)}/24`,
    iptables: false,
    'ip-masq': false,
    'live-restore': false,
    'cgroup-parent': cgroup,
    // One driver on every machine, whether or not systemd runs there.
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
  };
}

async function isAnswering(socketPath: string): Promise<boolean> {
  return (await getFromSocket(socketPath, '/_ping')).status === 200;
}
