import type { EmbeddedContainer, EmbeddedHealth } from '../../src/watch/embedded-container.ts';
import type { EmbeddedEngine } from '../../src/watch/embedded-engine.ts';

/** What the suite of engines does to one, whichever it is. */
export interface EngineVerbs {
  /** For `--docker-host`. */
  readonly url: string;
  /** Resolves to the id. */
  run(container: EmbeddedContainer): Promise<string>;
  start(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  kill(name: string, signal: string): Promise<void>;
  restart(name: string): Promise<void>;
  rename(name: string, newName: string): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  setHealth(name: string, health: EmbeddedHealth): Promise<void>;
  remove(name: string): Promise<void>;
  createNetwork(name: string, subnets: readonly string[]): Promise<void>;
  removeNetwork(name: string): Promise<void>;
  connect(name: string, network: string, aliases: readonly string[]): Promise<void>;
  disconnect(name: string, network: string): Promise<void>;
  /** The network of containers that name none. */
  readonly defaultNetwork: string;
  removeAll(): Promise<void>;
  /** All addresses of all containers that run, by name: the truth. */
  truth(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Ends every connection and comes back; whether containers outlive that is its own affair. */
  restartEngine(): Promise<void>;
}

/** The embedded engine by those verbs. */
export function embeddedVerbs(engine: EmbeddedEngine): EngineVerbs {
  return {
    url: engine.url,
    defaultNetwork: 'bridge',
    removeAll: async () => {
      for (const name of engine.all()) engine.remove(name);
    },
    run: async (container) => engine.run(container),
    start: async (name) => engine.start(name),
    stop: async (name) => engine.stop(name),
    kill: async (name, signal) => engine.kill(name, signal),
    restart: async (name) => engine.restart(name),
    rename: async (name, newName) => engine.rename(name, newName),
    pause: async (name) => engine.pause(name),
    unpause: async (name) => engine.unpause(name),
    setHealth: async (name, health) => engine.setHealth(name, health),
    remove: async (name) => engine.remove(name),
    createNetwork: async (name, subnets) => engine.createNetwork({ name, subnets }),
    removeNetwork: async (name) => engine.removeNetwork(name),
    connect: async (name, network, aliases) => engine.connect(name, network, aliases),
    disconnect: async (name, network) => engine.disconnect(name, network),
    truth: async () => engine.running(),
    restartEngine: () => engine.restartEngine(),
  };
}

/** A real engine by those verbs; `command` runs its command line and resolves to what that printed. */
export function commandVerbs(parts: {
  url: string;
  image: string;
  defaultNetwork: string;
  command: (...words: string[]) => Promise<string>;
  removeAll: () => Promise<void>;
  restartEngine: () => Promise<void>;
  /** Runs the health check of a container, where its engine does not do so itself. */
  probe?: (name: string) => Promise<void>;
}): EngineVerbs {
  const { url, image, defaultNetwork, removeAll, restartEngine, probe = async () => {} } = parts;
  const command = async (...words: string[]): Promise<void> => void (await parts.command(...words));
  return {
    url,
    defaultNetwork,
    restartEngine,
    removeAll,
    run: (container) => parts.command('run', '--detach', ...wordsOf(container, image)),
    start: (name) => command('start', name),
    stop: (name) => command('stop', name),
    kill: (name, signal) => command('kill', '--signal', signal, name),
    restart: (name) => command('restart', name),
    rename: (name, newName) => command('rename', name, newName),
    pause: (name) => command('pause', name),
    unpause: (name) => command('unpause', name),
    setHealth: async (name, health) => {
      await command('exec', name, 'sh', '-c', `echo ${health} > /health`);
      await probe(name);
    },
    remove: (name) => command('rm', '--force', name),
    createNetwork: (name, subnets) =>
      command('network', 'create', ...subnets.flatMap((subnet) => ['--subnet', subnet]), ...ipv6(subnets), name),
    removeNetwork: (name) => command('network', 'rm', name),
    connect: (name, network, aliases) =>
      command('network', 'connect', ...aliases.flatMap((alias) => ['--alias', alias]), network, name),
    disconnect: (name, network) => command('network', 'disconnect', network, name),
    truth: async () => {
      const ids = (await parts.command('ps', '--quiet')).split('\n').filter(Boolean);
      if (ids.length === 0) return new Map();
      const format = '{{.Name}}{{range .NetworkSettings.Networks}} {{.IPAddress}} {{.GlobalIPv6Address}}{{end}}';
      const lines = (await parts.command('inspect', '--format', format, ...ids)).split('\n');
      return new Map(lines.map((line) => line.replace(/^\//, '').split(/\s+/).filter(Boolean)).map(nameFirst));
    },
  };
}

function wordsOf(container: EmbeddedContainer, image: string): string[] {
  const { name, hostname, labels = {}, aliases = [], networks = [], health, stopSignal, ports = {} } = container;
  const published = Object.entries(ports).map(([port, hostPort]) =>
    hostPort === null ? ['--expose', port] : ['--publish', `${hostPort}:${port}`],
  );
  // Healthy until told otherwise by a file; probed as often as the engine can.
  const probe = ['--health-cmd', 'grep -qs healthy /health && ! grep -qs unhealthy /health', '--health-interval', '1s'];
  return [
    ...['--name', name, '--stop-timeout', '1'],
    ...(hostname === undefined ? [] : ['--hostname', hostname]),
    ...Object.entries(labels).flatMap(([label, value]) => ['--label', `${label}=${value}`]),
    ...aliases.flatMap((alias) => ['--network-alias', alias]),
    ...networks.flatMap((network) => ['--network', network]),
    ...(health === undefined ? [] : [...probe, '--health-retries', '1']),
    ...(stopSignal === undefined ? [] : ['--stop-signal', stopSignal]),
    ...published.flat(),
    // The first process of a container ignores every signal it does not ask for.
    ...[image, 'sleep', '1000000'],
  ];
}

function ipv6(subnets: readonly string[]): string[] {
  return subnets.some((subnet) => subnet.includes(':')) ? ['--ipv6'] : [];
}

function nameFirst([name = '', ...addresses]: readonly string[]): [string, readonly string[]] {
  return [name, addresses];
}
