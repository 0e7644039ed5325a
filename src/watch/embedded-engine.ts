/** A container to run; what is left out is as the docker command has it. */
export interface EmbeddedContainer {
  readonly name: string;
  readonly hostname?: string;
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly aliases?: readonly string[];
  /** Names of networks, or `['host']`, `['none']`, `['container:NAME']`; default `['bridge']`. */
  readonly networks?: readonly string[];
  readonly health?: 'starting' | 'healthy' | 'unhealthy';
  readonly stopSignal?: string;
  /** Such as `80/tcp`, with the host's port or null. */
  readonly ports?: Readonly<Record<string, number | null>>;
}

export interface EmbeddedEngineOptions {
  /** An address to listen on (a free port of it), or the path of a socket file. */
  readonly listen: string;
  /** Where containers on the default bridge get their addresses, such as `127.11.0.0/16`. */
  readonly subnet: string;
}

/**
 * A container engine inside this process: it speaks the part of the Docker HTTP API that Weft uses, and its containers
 * are only told of. The demo runs on it, and the tests.
 */
export class EmbeddedEngine {
  constructor(_options: EmbeddedEngineOptions) {}
  /** Begins to serve; resolves to the URL for `--docker-host`. */
  async open(): Promise<string> {
    return '';
  }
  /** Ends every connection; may be called twice. */
  async close(): Promise<void> {}
  /** The URL for `--docker-host`. */
  get url(): string {
    return '';
  }
  /** Creates a container and starts it; returns its id. */
  run(_container: EmbeddedContainer): string {
    return '';
  }
  start(_name: string): void {}
  /** Sends the stop signal and lets it die. */
  stop(_name: string): void {}
  /** `docker kill`: KILL ends it, the stop signal and others do not. */
  kill(_name: string, _signal?: string): void {}
  /** It ends by itself. */
  crash(_name: string): void {}
  restart(_name: string): void {}
  rename(_name: string, _newName: string): void {}
  pause(_name: string): void {}
  unpause(_name: string): void {}
  setHealth(_name: string, _health: 'starting' | 'healthy' | 'unhealthy'): void {}
  createNetwork(_network: { name: string; subnets: readonly string[]; driver?: string }): void {}
  removeNetwork(_name: string): void {}
  connect(_name: string, _network: string, _aliases?: readonly string[]): void {}
  disconnect(_name: string, _network: string): void {}
  remove(_name: string): void {}
  /** Its address on its first network; undefined when it does not run. */
  addressOf(_name: string): string | undefined {
    return undefined;
  }
  /** Cuts every event stream in the middle of a line. */
  dropEvents(): void {}
  /** As `systemctl restart docker`: every connection ends, containers die unless `liveRestore`, and it serves again. */
  async restartEngine(_options: { liveRestore?: boolean } = {}): Promise<void> {}
}
