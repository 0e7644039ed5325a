import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../clock.ts';
import {
  ContainerState,
  type EmbeddedContainer,
  type EmbeddedHealth,
  type EmbeddedNetwork,
} from './embedded-container.ts';
import { type EmbeddedEvent, EmbeddedEvents } from './embedded-events.ts';
import { EmbeddedExit } from './embedded-exit.ts';
import { AddressPool } from './embedded-pool.ts';
import { parseSignal } from './signal.ts';

const killSignal = 9;

/** A network to make. */
export interface EmbeddedNetworkOptions {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly driver?: string;
  readonly scope?: string;
  readonly id?: string;
  readonly options?: Readonly<Record<string, string>>;
}

/**
 * Containers and networks that are only told of, with the verbs of the docker command. Containers are named by name;
 * what the docker command would refuse throws.
 */
export class EmbeddedContainers {
  readonly #containers = new Map<string, ContainerState>();
  readonly #networks = new Map<string, EmbeddedNetwork>();
  readonly #pools = new Map<string, AddressPool>();
  readonly #exit = new EmbeddedExit();
  readonly #events: EmbeddedEvents;
  readonly #seed: string;
  #made = 0;

  /** Containers on the default bridge get addresses of `subnet`, such as `127.11.0.0/16`. */
  constructor(subnet: string, clock: Clock = systemClock) {
    this.#events = new EmbeddedEvents(clock);
    this.#seed = `${subnet} ${clock.random()}`;
    this.createNetwork({ name: 'bridge', subnets: [subnet] });
    this.createNetwork({ name: 'host', driver: 'host', subnets: [] });
    this.createNetwork({ name: 'none', driver: 'null', subnets: [] });
  }

  /** Creates a container and starts it; returns its id. */
  run(spec: EmbeddedContainer): string {
    if (this.#find(spec.name) !== undefined) throw new Error(`there is a container named ${spec.name}`);
    const networks = spec.networks ?? ['bridge'];
    const container = new ContainerState(this.#newId(), spec, this.#networkMode(networks));
    for (const name of networks) if (!name.startsWith('container:')) this.#attach(container, name, spec.aliases ?? []);
    this.#containers.set(container.id, container);
    this.#tell(container, 'create');
    this.start(spec.name);
    return container.id;
  }

  start(name: string): void {
    const container = this.#get(name);
    if (container.running) return;
    for (const network of container.endpoints.keys()) this.#plug(container, network);
    container.status = 'running';
    container.startedAt = this.#events.now();
    container.health = container.spec.health;
    this.#tell(container, 'start');
  }

  /** Sends the stop signal; it dies at once. */
  stop(name: string): void {
    const container = this.#get(name);
    if (!container.running) return;
    this.kill(name, String(container.stopSignal));
    this.#die(container);
    this.#tell(container, 'stop');
  }

  /** KILL ends it; any other signal, its stop signal too, is only told of: it runs on until `crash` or `stop`. */
  kill(name: string, signal = 'KILL'): void {
    const container = this.#running(name);
    const number = parseSignal(signal);
    if (number === undefined) throw new Error(`there is no signal ${signal}`);
    this.#tell(container, 'kill', { signal: String(number) });
    if (number === killSignal) this.#die(container);
  }

  /** It ends by itself. */
  crash(name: string): void {
    this.#die(this.#running(name));
  }

  restart(name: string): void {
    this.stop(name);
    this.start(name);
    this.#tell(this.#get(name), 'restart');
  }

  rename(name: string, newName: string): void {
    const container = this.#get(name);
    if (this.#find(newName) !== undefined) throw new Error(`there is a container named ${newName}`);
    container.name = newName;
    this.#tell(container, 'rename', { oldName: `/${name}` });
  }

  pause(name: string): void {
    const container = this.#running(name);
    container.status = 'paused';
    this.#tell(container, 'pause');
  }

  unpause(name: string): void {
    const container = this.#running(name);
    container.status = 'running';
    this.#tell(container, 'unpause');
  }

  setHealth(name: string, health: EmbeddedHealth): void {
    const container = this.#running(name);
    container.health = health;
    this.#tell(container, `health_status: ${health}`);
  }

  /** Ends it if it runs, and forgets it. */
  remove(name: string): void {
    const container = this.#get(name);
    if (container.running) this.kill(name);
    this.#containers.delete(container.id);
    this.#tell(container, 'destroy');
  }

  createNetwork({ name, subnets, driver = 'bridge', scope = 'local', id, options = {} }: EmbeddedNetworkOptions): void {
    if (this.#networks.has(name)) throw new Error(`there is a network named ${name}`);
    const network = { id: id ?? this.#newId(), name, driver, scope, subnets, options };
    this.#networks.set(name, network);
    for (const subnet of subnets) this.#pools.set(`${name} ${subnet}`, new AddressPool(subnet));
    this.#exit.created(network, this.#pools.get(`${name} ${subnets[0]}`));
    this.#events.emit('network', 'create', network.id, { name, type: driver });
  }

  removeNetwork(name: string): void {
    const network = this.#network(name);
    const users = [...this.#containers.values()].filter((each) => each.endpoints.has(name) && each.running);
    if (users.length > 0) throw new Error(`network ${name} is in use`);
    this.#networks.delete(name);
    this.#events.emit('network', 'destroy', network.id, { name, type: network.driver });
  }

  connect(name: string, network: string, aliases: readonly string[] = []): void {
    const container = this.#get(name);
    if (container.endpoints.has(network)) throw new Error(`${name} is on ${network} already`);
    this.#attach(container, network, aliases);
    if (container.running) this.#plug(container, network);
  }

  disconnect(name: string, network: string): void {
    const container = this.#get(name);
    if (!container.endpoints.has(network)) throw new Error(`${name} is not on ${network}`);
    if (container.running) this.#unplug(container, network);
    container.endpoints.delete(network);
  }

  /** Does `act` and tells nobody, as an engine whose reader was too slow. */
  loseEvents(act: () => void): void {
    this.#events.lose(act);
  }

  /** Its first address; undefined when it does not run or has none. */
  addressOf(name: string): string | undefined {
    const endpoints = [...(this.#find(name)?.endpoints.values() ?? [])];
    return endpoints.flatMap(({ addresses }) => addresses.map(({ address }) => address))[0];
  }

  /** The names of all containers. */
  all(): string[] {
    return [...this.#containers.values()].map(({ name }) => name);
  }

  /** What runs, by name, with all its addresses. */
  running(): ReadonlyMap<string, readonly string[]> {
    const running = [...this.#containers.values()].filter((each) => each.running);
    const addresses = (each: ContainerState) => [...each.endpoints.values()].flatMap((endpoint) => endpoint.addresses);
    return new Map(running.map((each) => [each.name, addresses(each).map(({ address }) => address)]));
  }

  /** The documents of the API; only those of a container that runs are listed. */
  protected document(path: string): unknown {
    const id = /^\/containers\/([^/]+)\/json$/.exec(path)?.[1];
    if (id !== undefined && id !== '') return (this.#containers.get(id) ?? this.#find(id))?.inspection();
    const network = [...this.#networks.values()].find((each) => path === `/networks/${each.id}`);
    if (network !== undefined)
      return { ...this.#networkJson(network), Containers: this.#exit.members(network, this.#containers.values()) };
    switch (path) {
      case '/containers/json':
        return [...this.#containers.values()].filter(({ running }) => running).map((each) => each.summary());
      case '/networks':
        return [...this.#networks.values()].map((network) => this.#networkJson(network));
      case '/version':
        return {
          Version: '0.0.0-embedded',
          ApiVersion: '1.47',
          MinAPIVersion: '1.24',
          Components: [{ Name: 'Engine' }],
        };
      default:
        return undefined;
    }
  }

  /** Tells what was kept since then, and from now on what happens, until the returned function is called. */
  protected subscribe(sinceSeconds: number, listener: (event: EmbeddedEvent) => void): () => void {
    return this.#events.subscribe(sinceSeconds, listener);
  }

  /** Every container that runs dies, or was killed with the engine; returns their names. */
  protected stopAll(): string[] {
    const running = [...this.#containers.values()].filter((each) => each.running);
    for (const container of running) this.#die(container);
    return running.map(({ name }) => name);
  }

  #die(container: ContainerState): void {
    container.status = 'exited';
    this.#tell(container, 'die', { exitCode: '137' });
    for (const network of container.endpoints.keys()) this.#unplug(container, network);
  }

  #attach(container: ContainerState, name: string, aliases: readonly string[]): void {
    container.endpoints.set(name, { networkId: this.#network(name).id, aliases, addresses: [] });
  }

  #plug(container: ContainerState, name: string): void {
    const network = this.#network(name);
    const endpoint = container.endpoints.get(name);
    if (endpoint === undefined) return;
    const pools = network.subnets.flatMap((subnet) => this.#pools.get(`${name} ${subnet}`) ?? []);
    endpoint.addresses = pools.map((pool) => ({ address: pool.take(), prefixLength: pool.prefixLength }));
    this.#exit.plugged(container, network);
    this.#events.emit('network', 'connect', network.id, { container: container.id, name, type: network.driver });
  }

  #unplug(container: ContainerState, name: string): void {
    const network = this.#network(name);
    const endpoint = container.endpoints.get(name);
    if (endpoint === undefined) return;
    for (const { address } of endpoint.addresses)
      for (const subnet of network.subnets) this.#pools.get(`${name} ${subnet}`)?.giveBack(address);
    endpoint.addresses = [];
    this.#exit.unplugged(container, network);
    this.#events.emit('network', 'disconnect', network.id, { container: container.id, name, type: network.driver });
  }

  #networkJson({ id, name, driver, scope, subnets, options }: EmbeddedNetwork) {
    const ranges = subnets.map((Subnet) => ({ Subnet, Gateway: this.#pools.get(`${name} ${Subnet}`)?.gateway }));
    const IPAM = { Driver: 'default', Config: ranges };
    return { Id: id, Name: name, Driver: driver, Scope: scope, Ingress: false, IPAM, Options: options };
  }

  #networkMode([first = 'bridge']: readonly string[]): string {
    if (!first.startsWith('container:')) return first === 'bridge' ? 'default' : first;
    return `container:${this.#get(first.slice('container:'.length)).id}`;
  }

  #tell(container: ContainerState, action: string, attributes: Readonly<Record<string, string>> = {}): void {
    const { id, name, spec } = container;
    this.#events.emit('container', action, id, { ...spec.labels, image: spec.image ?? 'busybox', name, ...attributes });
  }

  #newId(): string {
    this.#made += 1;
    return createHash('sha256').update(`${this.#seed} ${this.#made}`).digest('hex');
  }

  #find(name: string): ContainerState | undefined {
    return [...this.#containers.values()].find((each) => each.name === name);
  }

  #get(name: string): ContainerState {
    const container = this.#find(name);
    if (container === undefined) throw new Error(`there is no container named ${name}`);
    return container;
  }

  #running(name: string): ContainerState {
    const container = this.#get(name);
    if (!container.running) throw new Error(`${name} does not run`);
    return container;
  }

  #network(name: string): EmbeddedNetwork {
    const network = this.#networks.get(name);
    if (network === undefined) throw new Error(`there is no network named ${name}`);
    return network;
  }
}
