import { join } from 'node:path';
import { outsideAddress } from './addresses.ts';
import { repository } from './bundle.ts';
import { run as command } from './command.ts';
import type { EngineSettings } from './engine.ts';
import { type HostSurroundings, LabHost } from './host.ts';
import { Machine } from './machine.ts';
import { beginRun, endRun, type Run } from './run.ts';
import { Wire } from './wire.ts';

export interface LabOptions {
  /** Added to every host's daemon.json, over the lab's own settings. */
  readonly engineSettings?: EngineSettings;
  /** The hosts' /etc/resolv.conf; points at `outside` unless said, where nobody answers before `startOutside`. */
  readonly resolvConf?: string;
  /** Environment of all agents and commands; a mesh secret of its own for each lab unless said. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Several Docker hosts on one machine: network namespaces, each with a private engine, on one Ethernet. Needs root and
 * the packages of test/debian-packages.txt. Leaves nothing behind, also when its process is interrupted or dies: a janitor
 * sees to that, and where even that was killed, the next lab or `sweep.ts`.
 */
export class Lab implements AsyncDisposable {
  /** Counted from 0; `hosts[0]` is host 1. */
  readonly hosts: readonly LabHost[];
  readonly run: Run;
  readonly wire: Wire;

  private constructor(run: Run, wire: Wire, hosts: readonly LabHost[]) {
    this.run = run;
    this.wire = wire;
    this.hosts = hosts;
  }

  /** Switches on `count` hosts with running engines, which reach each other's containers. */
  static async create(count: number, options: LabOptions = {}): Promise<Lab> {
    const run = beginRun();
    try {
      const wire = await Wire.create(run);
      const surroundings = { run, wire, networkNumber: counter(), engineSettings: options.engineSettings ?? {} };
      const hosts = Array.from({ length: count }, (_, index) => plan(index + 1, surroundings, options));
      const lab = new Lab(run, wire, hosts);
      await Promise.all(hosts.map((host) => host.powerOn()));
      await Promise.all(hosts.map((host) => wire.route(host.subnet, host.number)));
      return lab;
    } catch (error) {
      endRun(run);
      throw error;
    }
  }

  /** Host `number`, counted from 1. */
  host(number: number): LabHost {
    const host = this.hosts[number - 1];
    if (host === undefined) throw new Error(`this lab has ${this.hosts.length} hosts`);
    return host;
  }

  /** Drops all frames between two hosts; both still reach the others. Ends with `healBetween`. */
  cutBetween(one: LabHost, other: LabHost): Promise<void> {
    return this.wire.part(one.number, other.number);
  }

  healBetween(one: LabHost, other: LabHost): Promise<void> {
    return this.wire.reunite(one.number, other.number);
  }

  /**
   * Starts a name server outside, at the address the hosts' resolv.conf names, as the internet would have it: it knows
   * these names only, and answers NXDOMAIN to all others. It is gone with the lab.
   */
  async startOutside(names: Readonly<Record<string, string>>): Promise<void> {
    const records = Object.entries(names).map(([name, address]) => `--host-record=${name},${address}`);
    const server = ['dnsmasq', '--no-resolv', '--no-hosts', '--local=/#/', '--pid-file', '--user=root', ...records];
    const enter = ['nsenter', `--net=/run/netns/${this.wire.namespace}`];
    await command([...enter, ...server, `--listen-address=${outsideAddress}`, '--bind-interfaces']);
  }

  /** Ends everything that runs in the lab and removes all of it; may be called twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    endRun(this.run);
  }
}

function plan(number: number, surroundings: HostSurroundings, options: LabOptions): LabHost {
  const { run, wire } = surroundings;
  const machine = new Machine({
    name: `host${number}`,
    namespace: wire.hostNamespace(number),
    disk: join(run.directory, `host${number}`),
    resolvConf: options.resolvConf ?? `nameserver ${outsideAddress}\n`,
    env: {
      DOCKER_HOST: 'unix:///run/docker.sock',
      DOCKER_CONFIG: join(run.directory, 'docker-client'),
      // The classic builder: Debian has no buildx.
      DOCKER_BUILDKIT: '0',
      // Each agent and each command is a process of its own that would compile all of Weft anew.
      NODE_COMPILE_CACHE: join(repository, 'node_modules/.cache/node-compile'),
      ...(options.env ?? { WEFT_SECRET: run.id.repeat(8) }),
    },
  });
  return new LabHost(number, machine, surroundings);
}

/** Numbers names in the order in which they are first heard. */
function counter(): (name: string) => number {
  const known = new Map<string, number>();
  return (name) => {
    const number = known.get(name) ?? known.size;
    known.set(name, number);
    return number;
  };
}
