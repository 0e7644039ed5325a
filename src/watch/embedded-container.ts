import { defaultStopSignal, parseSignal } from './signal.ts';

/** A container to run; what is left out is as the docker command has it. */
export interface EmbeddedContainer {
  readonly name: string;
  readonly hostname?: string;
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** On all its networks. */
  readonly aliases?: readonly string[];
  /** Names of networks, or `['host']`, `['none']`, `['container:NAME']`; default `['bridge']`. */
  readonly networks?: readonly string[];
  readonly health?: EmbeddedHealth;
  /** Such as `SIGQUIT`; default `SIGTERM`. */
  readonly stopSignal?: string;
  /** `no` unless said. It is told only: `crash` starts nothing. */
  readonly restart?: 'no' | 'always' | 'on-failure' | 'unless-stopped';
  /** Such as `80/tcp`, with the host's port, or null where it is only exposed. */
  readonly ports?: Readonly<Record<string, number | null>>;
}

export type EmbeddedHealth = 'starting' | 'healthy' | 'unhealthy';

/** A network of the embedded engine. */
export interface EmbeddedNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly scope: string;
  readonly subnets: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

/** One container of the embedded engine, with the documents that the engine gives of it. */
export class ContainerState {
  readonly id: string;
  readonly spec: EmbeddedContainer;
  readonly networkMode: string;
  name: string;
  health: EmbeddedHealth | undefined;
  status: 'created' | 'running' | 'paused' | 'exited' = 'created';
  /** RFC 3339. */
  startedAt = '0001-01-01T00:00:00Z';
  /** By the network's name; addresses are empty while it does not run. */
  readonly endpoints = new Map<string, EmbeddedEndpoint>();

  constructor(id: string, spec: EmbeddedContainer, networkMode: string) {
    this.id = id;
    this.spec = spec;
    this.networkMode = networkMode;
    this.name = spec.name;
    this.health = spec.health;
  }

  get running(): boolean {
    return this.status === 'running' || this.status === 'paused';
  }

  get stopSignal(): number {
    return parseSignal(this.spec.stopSignal ?? '') ?? defaultStopSignal;
  }

  /** `GET /containers/{id}/json`. */
  inspection() {
    const { spec } = this;
    return {
      Id: this.id,
      Name: `/${this.name}`,
      State: {
        Status: this.status,
        Running: this.running,
        Paused: this.status === 'paused',
        Restarting: false,
        Dead: false,
        Pid: this.running ? 4242 : 0,
        StartedAt: this.startedAt,
        ...(this.health === undefined ? {} : { Health: { Status: this.health, FailingStreak: 0, Log: [] } }),
      },
      Config: {
        Hostname: spec.hostname ?? this.id.slice(0, 12),
        Domainname: '',
        Image: spec.image ?? 'busybox',
        Labels: spec.labels ?? {},
        ExposedPorts: Object.fromEntries(Object.keys(spec.ports ?? {}).map((port) => [port, {}])),
        ...(spec.stopSignal === undefined ? {} : { StopSignal: spec.stopSignal }),
      },
      HostConfig: { NetworkMode: this.networkMode, UTSMode: '', RestartPolicy: { Name: this.spec.restart ?? 'no' } },
      NetworkSettings: { Ports: this.running ? this.#bindings() : {}, Networks: this.#networks() },
    };
  }

  /** An element of `GET /containers/json`. */
  summary() {
    const health = this.health === 'starting' ? ' (health: starting)' : this.health ? ` (${this.health})` : '';
    const paused = this.status === 'paused' ? ' (Paused)' : '';
    return {
      Id: this.id,
      Names: [`/${this.name}`],
      Image: this.spec.image ?? 'busybox',
      Labels: this.spec.labels ?? {},
      State: this.status,
      Status: `Up 2 minutes${health}${paused}`,
      NetworkSettings: { Networks: this.#networks() },
    };
  }

  #networks() {
    return Object.fromEntries([...this.endpoints].map(([name, endpoint]) => [name, endpointJson(endpoint)]));
  }

  #bindings() {
    const binding = (port: number | null) =>
      port === null ? null : ['0.0.0.0', '::'].map((HostIp) => ({ HostIp, HostPort: `${port}` }));
    return Object.fromEntries(Object.entries(this.spec.ports ?? {}).map(([name, port]) => [name, binding(port)]));
  }
}

/** A container on one network. */
export interface EmbeddedEndpoint {
  readonly networkId: string;
  readonly aliases: readonly string[];
  /** Empty while the container does not run, or has none here. */
  addresses: readonly { readonly address: string; readonly prefixLength: number }[];
}

function endpointJson({ networkId, aliases, addresses }: EmbeddedEndpoint) {
  const v4 = addresses.find(({ address }) => !address.includes(':'));
  const v6 = addresses.find(({ address }) => address.includes(':'));
  return {
    NetworkID: networkId,
    Aliases: aliases,
    IPAddress: v4?.address ?? '',
    IPPrefixLen: v4?.prefixLength ?? 0,
    GlobalIPv6Address: v6?.address ?? '',
    GlobalIPv6PrefixLen: v6?.prefixLength ?? 0,
  };
}
