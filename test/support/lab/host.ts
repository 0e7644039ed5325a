import { z } from 'zod';
import { bridgeGateway, bridgeSubnet, hostAddress, hostAddress6, networkSubnet, networkSubnet6 } from './addresses.ts';
import { type AgentOptions, LabAgent } from './agent.ts';
import { repository, weftCommand } from './bundle.ts';
import type { CommandOptions, Outcome } from './command.ts';
import { type ContainerSpec, containerWords, labImageOf } from './container.ts';
import type { Exit } from './daemon.ts';
import { type DigAnswer, digOptions, parseDig } from './dig.ts';
import { Engine, type EngineSettings, engineSocket } from './engine.ts';
import { imageTag, imageTar, type LabImage } from './images.ts';
import type { Machine } from './machine.ts';
import { killAll, type Run } from './run.ts';
import { getFromSocket } from './socket-request.ts';
import type { Wire } from './wire.ts';

export interface NetworkSpec {
  /** The next free one of the lab unless said. */
  readonly subnet?: string;
  /** Whether the network has IPv6 too. */
  readonly ipv6?: boolean;
  /** Whether the other hosts reach its containers; false for two hosts with equal subnets. */
  readonly routed?: boolean;
}

/** The kinds of question that a program can ask its resolver. */
export type AskType = 'A' | 'AAAA' | 'PTR';

/** What the hosts of one lab share. */
export interface HostSurroundings {
  readonly run: Run;
  readonly wire: Wire;
  /** The number of a user network's name, the same on all hosts. */
  networkNumber(name: string): number;
  readonly engineSettings: EngineSettings;
}

/** One host of the lab: a network of its own, a Docker Engine, perhaps an agent, and a link that can go bad. */
export class LabHost {
  /** Counted from 1. */
  readonly number: number;
  /** Its host name: `host1`, … */
  readonly name: string;
  /** On the wire, where the mesh runs. */
  readonly address: string;
  readonly address6: string;
  /** The gateway of its default bridge, where the agent answers. */
  readonly gateway: string;
  readonly subnet: string;
  readonly machine: Machine;
  readonly #engine: Engine;
  readonly #surroundings: HostSurroundings;
  readonly #images = new Map<LabImage, Promise<void>>();
  #shape = { delayMs: 0, lossPercent: 0 };
  #agent: LabAgent | undefined;

  constructor(number: number, machine: Machine, surroundings: HostSurroundings) {
    this.number = number;
    this.name = machine.options.name;
    this.address = hostAddress(number);
    this.address6 = hostAddress6(number);
    this.gateway = bridgeGateway(number);
    this.subnet = bridgeSubnet(number);
    this.machine = machine;
    this.#surroundings = surroundings;
    this.#engine = new Engine(machine, number, surroundings.run.cgroup, surroundings.engineSettings);
  }

  // Power and engine

  /** Switches the host on and waits for its engine. Containers come back as their restart policy says; agents do not. */
  async powerOn(): Promise<void> {
    await this.#surroundings.wire.attach(this.number);
    await this.machine.powerOn();
    await this.startEngine();
  }

  /** A power cut: all its processes are killed at once and its link goes down; its disk keeps what was on it. */
  async powerOff(): Promise<void> {
    await this.#surroundings.wire.carry(this.number, false);
    await this.machine.powerOff();
    killAll([this.machine.options.namespace]);
    this.#agent = undefined;
    this.#shape = { delayMs: 0, lossPercent: 0 };
    await this.#surroundings.wire.detach(this.number);
  }

  startEngine(): Promise<void> {
    return this.#engine.start();
  }

  /** Stops the engine, and its containers before it unless live-restore is set; SIGKILL is a crash. */
  stopEngine(signal?: NodeJS.Signals): Promise<void> {
    return this.#engine.stop(signal);
  }

  async restartEngine(): Promise<void> {
    await this.stopEngine();
    await this.startEngine();
  }

  /** The engine's socket, as this process reaches it. */
  get engineSocket(): string {
    return this.machine.path(engineSocket);
  }

  // Containers

  /** Runs the docker command line on this host and returns what it printed, without the last newline. */
  async docker(...args: string[]): Promise<string> {
    return (await this.machine.run(['docker', ...args])).trimEnd();
  }

  /** Starts a container and returns its id. */
  async runContainer(spec: ContainerSpec): Promise<string> {
    return this.docker('run', '--detach', ...(await this.#containerWords(spec)));
  }

  /** Makes a container without starting it and returns its id. */
  async createContainer(spec: ContainerSpec): Promise<string> {
    return this.docker('create', ...(await this.#containerWords(spec)));
  }

  startContainer(name: string): Promise<string> {
    return this.docker('start', name);
  }

  stopContainer(name: string): Promise<string> {
    return this.docker('stop', name);
  }

  /** Removes a container, running or not. */
  removeContainer(name: string): Promise<string> {
    return this.docker('rm', '--force', name);
  }

  /** The container's IPv4 address on a network, `bridge` unless said; empty when it has none. */
  async addressOf(container: string, network = 'bridge'): Promise<string> {
    const { NetworkSettings } = await this.#inspect(container);
    return NetworkSettings.Networks[network]?.IPAddress ?? '';
  }

  /**
   * Runs a command in a container's network and file system, to its end, whatever that is: what `docker exec` does, for
   * a fraction of the processor time. In a container that does not run, all commands fail.
   */
  async inside(container: string, command: readonly string[]): Promise<Outcome> {
    const { Pid } = (await this.#inspect(container)).State;
    if (Pid === 0) return { code: 1, stdout: '', stderr: `${container} does not run on ${this.name}` };
    const enter = ['nsenter', `--target=${Pid}`, '--net', '--mount', '--uts', '--root', '--wd'];
    return this.machine.attempt([...enter, ...command]);
  }

  async #inspect(container: string): Promise<Inspection> {
    const { status, body } = await getFromSocket(this.engineSocket, `/containers/${container}/json`);
    if (status !== 200) throw new Error(`inspecting ${container} on ${this.name}: ${body}`);
    return inspection.parse(JSON.parse(body));
  }

  /** Makes a user network, whose containers the other hosts can reach, and returns its subnet. */
  async createNetwork(name: string, spec: NetworkSpec = {}): Promise<string> {
    const number = this.#surroundings.networkNumber(name);
    const { subnet = networkSubnet(number, this.number), ipv6 = false, routed = true } = spec;
    const subnets = ipv6 ? [subnet, networkSubnet6(number, this.number)] : [subnet];
    const options = subnets.flatMap((each) => ['--subnet', each]);
    await this.docker('network', 'create', ...(ipv6 ? ['--ipv6'] : []), ...options, name);
    if (routed) await Promise.all(subnets.map((each) => this.#surroundings.wire.route(each, this.number)));
    return subnet;
  }

  /** Brings a lab image to this host's engine, once. */
  image(image: LabImage): Promise<void> {
    const bringing = this.#images.get(image) ?? this.#import(image);
    this.#images.set(image, bringing);
    return bringing;
  }

  /** Builds Weft's image from this checkout with its Dockerfile, here and without a registry. */
  async buildWeft(tag: string): Promise<void> {
    await Promise.all([this.image('node'), this.image('builder')]);
    const bases = ['--build-arg', `BASE=${imageTag('node')}`, '--build-arg', `BUILDER=${imageTag('builder')}`];
    await this.docker('build', '--tag', tag, ...bases, repository);
  }

  // Questions

  /**
   * Asks inside a container, with the resolver of its own C library and its own resolv.conf: the addresses in the order
   * in which a program gets them (the names, for PTR); none when the name does not resolve. Lab images only.
   */
  async ask(container: string, name: string, type: AskType = 'A'): Promise<string[]> {
    return (await this.askTimes(container, name, 1, type))[0] ?? [];
  }

  /** Asks `times` times, one after another, in one go. */
  async askTimes(container: string, name: string, times: number, type: AskType = 'A'): Promise<string[][]> {
    const { code, stdout, stderr } = await this.inside(container, ['ask', type, name, String(times)]);
    if (code !== 0) throw new Error(`asking for ${name} in ${container} on ${this.name}: ${stderr}`);
    const lines = stdout.split('\n').map((line) => line.split(' ').filter(Boolean));
    return Array.from({ length: times }, (_, turn) => lines[turn] ?? []);
  }

  /** What dig says inside a container of the `glibc` image; with its search list unless the name ends in a dot. */
  async digInside(container: string, name: string, type = 'A', ...options: string[]): Promise<DigAnswer> {
    const search = name.endsWith('.') ? [] : ['+search'];
    const asked = ['dig', ...digOptions, ...search, ...options, '-t', type, '-q', name];
    return parseDig((await this.inside(container, asked)).stdout);
  }

  /** Asks a name server from this host, as dig does it; options are dig's own, such as `+tcp`. */
  async query(server: string, name: string, type = 'A', ...options: string[]): Promise<DigAnswer> {
    const asked = ['dig', `@${server}`, ...digOptions, ...options, '-t', type, '-q', name];
    return parseDig((await this.machine.attempt(asked)).stdout);
  }

  // The agent

  /** Runs `weft up` with these arguments here and waits until it is ready. Its data stay on the host's disk. */
  async startAgent(args: readonly string[] = [], options: AgentOptions = {}): Promise<LabAgent> {
    this.#agent = await LabAgent.start(this.machine, args, options);
    return this.#agent;
  }

  /** The agent last started here; throws when there is none. */
  get agent(): LabAgent {
    if (this.#agent === undefined) throw new Error(`no agent was started on ${this.name}`);
    return this.#agent;
  }

  stopAgent(signal?: NodeJS.Signals): Promise<Exit> {
    return this.agent.stop(signal);
  }

  /** Runs Weft's command line here, and returns its exit code and what it said. */
  weft(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
    return this.machine.attempt([...weftCommand, ...args], options);
  }

  // The link

  /** Cuts this host off from all others: frames vanish, and nobody is told. */
  cut(): Promise<void> {
    return this.#surroundings.wire.join(this.number, false);
  }

  /** Ends `cut`, `slow`, `lose` and `linkDown`. */
  async heal(): Promise<void> {
    await this.#reshape({ delayMs: 0, lossPercent: 0 });
    await this.#surroundings.wire.carry(this.number, true);
    await this.#surroundings.wire.join(this.number, true);
  }

  /** Delays what comes and what goes by `delayMs` each, so that a round trip takes twice that longer. */
  slow(delayMs: number): Promise<void> {
    return this.#reshape({ ...this.#shape, delayMs });
  }

  /** Loses this share of what comes, and of what goes. */
  lose(lossPercent: number): Promise<void> {
    return this.#reshape({ ...this.#shape, lossPercent });
  }

  /** Pulls the cable: the host sees its carrier go. */
  linkDown(): Promise<void> {
    return this.#surroundings.wire.carry(this.number, false);
  }

  linkUp(): Promise<void> {
    return this.#surroundings.wire.carry(this.number, true);
  }

  /**
   * Puts this host behind a NAT, before its agent starts and until it is switched off: it can dial out, under the address
   * it had, and nobody can dial it. Its own address is the same as that of every other host behind a NAT.
   */
  behindNat(): Promise<void> {
    return this.#surroundings.wire.hide(this.number);
  }

  /** Gives this host another IPv4 address, as when a lease ends: what was connected under `address` is cut off. */
  async moveTo(address: string): Promise<void> {
    await this.machine.run(['sh', '-euc', moveScript, 'move', this.address, address]);
  }

  async #reshape(shape: { delayMs: number; lossPercent: number }): Promise<void> {
    this.#shape = shape;
    await this.#surroundings.wire.shape(this.number, shape);
  }

  async #containerWords(spec: ContainerSpec): Promise<string[]> {
    const image = labImageOf(spec);
    if (image !== undefined) await this.image(image);
    return containerWords(spec, this.gateway);
  }

  async #import(image: LabImage): Promise<void> {
    await this.machine.run(['docker', 'import', '-', imageTag(image)], { input: await imageTar(image) });
  }
}

/** What the lab reads of an inspection. */
const inspection = z.object({
  State: z.object({ Pid: z.number() }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.object({ IPAddress: z.string() })) }),
});
type Inspection = z.infer<typeof inspection>;

/** The kernel takes the routes of a subnet away with its last address, so that the new one comes first and then alone. */
const moveScript = `
  sysctl -qw net.ipv4.conf.wire0.promote_secondaries=1
  ip addr add "$2/24" dev wire0
  ip addr del "$1/24" dev wire0
`;
