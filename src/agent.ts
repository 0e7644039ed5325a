import { hkdfSync, randomUUID } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import packageJson from '../package.json' with { type: 'json' };
import { Answering } from './answering.ts';
import type { Readiness } from './api/control.ts';
import type { ApiAddress } from './api/guard.ts';
import { ApiServer } from './api/server.ts';
import { type Clock, every, systemClock } from './clock.ts';
import {
  agentDefaults,
  apiDefaults,
  crdtDefaults,
  dnsDefaults,
  flagDefaults,
  forwardDefaults,
  meshDefaults,
  watchDefaults,
} from './config.ts';
import { Replica } from './crdt/replica.ts';
import { holderOf } from './dns/port-holder.ts';
import { type Config, type Endpoint, UsageError } from './flags.ts';
import { type Identity, loadIdentity } from './identity.ts';
import type { Successor } from './lock.ts';
import { createLog } from './log.ts';
import { Mesh } from './mesh/mesh.ts';
import type { Secrets } from './mesh/secret.ts';
import { encodeToken } from './mesh/token.ts';
import { endpointText, Operator } from './operator.ts';
import { type Address, type HostRecord, type Network, parseAddress } from './record.ts';
import { accepted, type Result, refused } from './result.ts';
import { findSecrets, readApiToken, rereadSecrets } from './secrets.ts';
import { openStore, type Store } from './store.ts';
import { openDockerEngine } from './watch/docker-engine.ts';
import type { Engine } from './watch/engine.ts';
import type { WatchSink } from './watch/sink.ts';
import { type EngineStatus, Watch } from './watch/watch.ts';

/**
 * How an agent ends. `restart`: it says that it is soon back, and its records stay; `leave`: its records are withdrawn
 * at once; `vanish`: it says nothing, as when the power fails (for demonstrations and tests).
 */
export type Ending = 'restart' | 'leave' | 'vanish';

export interface AgentParts {
  readonly clock?: Clock;
  readonly log?: ReturnType<typeof createLog>;
}

/** The version of Weft that this is. */
export const version: string = packageJson.version;

/** Makes an agent: opens its data directory and reads its identity and secret; throws one clear error where it cannot. */
export async function createAgent(config: Config, parts: AgentParts = {}): Promise<Agent> {
  const clock = parts.clock ?? systemClock;
  const log = parts.log ?? createLog(config.logLevel);
  const lock = { takeover: config.takeover, patienceMs: agentDefaults.takeoverPatienceMs };
  const store = await openStore(config.dataDir, { clock, log: log.child({ room: 'store' }), lock });
  try {
    const identity = await loadIdentity(store, log);
    const found = await findSecrets(config, store);
    if (!found.ok) throw config.join === undefined ? new Error(found.problem) : new UsageError(found.problem);
    const apiToken = await readApiToken(config.apiTokenFile);
    const engine = config.docker
      ? openDockerEngine(config.dockerHost ?? flagDefaults.dockerHost, process.env)
      : undefined;
    if (engine?.ok === false) throw new UsageError(`--docker-host: ${engine.problem}`);
    const { secrets, peers } = found.value;
    const all = [...config.peers, ...peers];
    return new Agent({ config, clock, log, store, identity, secrets, engine: engine?.value, apiToken, peers: all });
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Built {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: ReturnType<typeof createLog>;
  readonly store: Store;
  readonly identity: Identity;
  /** What API addresses off this host ask for. */
  readonly apiToken: string | undefined;
  /** Undefined: no engine is watched. */
  readonly engine: Engine | undefined;
  /** Undefined: none was given, and the peers' cannot be guessed; the mesh stays on this machine. */
  readonly secrets: Secrets | undefined;
  readonly peers: readonly string[];
}

/** One host's agent: the rooms, wired. */
export class Agent {
  readonly #built: Built;
  readonly #startedAt: number;
  readonly #replica: Replica;
  readonly #mesh: Mesh;
  readonly #answering: Answering | undefined;
  readonly #api: ApiServer;
  readonly #undo: (() => void)[] = [];
  #secrets: Secrets | undefined;
  #networks: readonly Network[] = [];
  #unwatched = false;
  #ownRecord: HostRecord | undefined;
  #watch: Watch | undefined;
  #listed = false;
  #started = false;
  #starting: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;
  #retiring: Promise<void> | undefined;
  #left = Promise.withResolvers<void>();
  /** What operators see and do. */
  readonly control: Operator;

  constructor(built: Built) {
    const { config, clock, log, store, identity } = built;
    this.#built = built;
    this.#secrets = built.secrets;
    this.#startedAt = clock.wallNow();
    this.#replica = new Replica({
      signer: identity,
      storage: store,
      clock,
      log: log.child({ room: 'crdt' }),
      options: { ...crdtDefaults, retentionMs: 1000 * config.forgetAfterSeconds },
    });
    this.#mesh = this.#buildMesh();
    this.#answering = config.dns ? this.#buildAnswering() : undefined;
    this.control = this.#buildOperator();
    this.#api = new ApiServer({
      control: this.control,
      listen: config.api,
      clock,
      log: log.child({ room: 'api' }),
      options: { ...apiDefaults, ...(built.apiToken !== undefined && { token: built.apiToken }) },
      holderOf: (_address, port) => holderOf(port),
    });
  }

  /** Resolves when `weft leave` was asked for and done: the process should end. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /** Starts all rooms; throws one clear error, with nothing left open, where one cannot be had. */
  async start(): Promise<void> {
    this.#starting = this.#start();
    try {
      await this.#starting;
    } catch (error) {
      await this.stop('vanish');
      throw error;
    }
  }

  /** Ends the agent; may be called twice. */
  stop(how: Ending): Promise<void> {
    this.#ending ??= this.#stop(how);
    return this.#ending;
  }

  /** Resolves when another agent, started with `--takeover`, asks for all this one has. */
  get successor(): Promise<Successor> {
    return this.#built.store.succession.successor;
  }

  /**
   * Ends all but the answering of questions, so that another agent can take it up; `stop` ends that too. Others are told
   * that this host is soon back. Resolves with whether questions are still answered.
   */
  async handOver(): Promise<boolean> {
    await this.#starting.catch(() => {});
    this.#built.log.info('handing over to another agent');
    await this.#retire('restart');
    await this.#built.store.close();
    return this.dnsAddresses().length > 0;
  }

  /**
   * Reads again what may change while it runs: the secrets of the mesh and the API's token. What is of no use is said,
   * and what was known before stays. Upstream resolvers are followed without being told.
   */
  async reload(): Promise<void> {
    const { config, log } = this.#built;
    const reread = await rereadSecrets(config);
    if (reread.secrets !== undefined) {
      this.#secrets = reread.secrets;
      this.#mesh.setSecrets(reread.secrets);
    }
    if (reread.apiToken !== undefined) this.#api.setToken(reread.apiToken);
    for (const problem of reread.problems) log.error(`${problem}; the former one stays`);
    log.info({ secrets: reread.secrets?.length, apiToken: reread.apiToken !== undefined }, 'reread');
  }

  /** Where the name server listens. */
  dnsAddresses(): readonly Endpoint[] {
    return this.#answering?.boundAddresses() ?? [];
  }

  /** Where other agents can dial this one. */
  meshAddresses(): readonly string[] {
    return this.#mesh.listenAddresses();
  }

  /** Where the API listens: port 0 became a real one. */
  apiAddresses(): readonly ApiAddress[] {
    return this.#api.boundAddresses();
  }

  async #start(): Promise<void> {
    const { config, clock, log, peers } = this.#built;
    const { directory } = this.#replica;
    this.#answering?.prepare();
    this.#replica.attach(this.#mesh);
    this.#mesh.attach(this.#replica);
    const answering = this.#answering;
    if (answering !== undefined) this.#undo.push(directory.onNames((changed) => answering.update(changed)));
    this.#undo.push(
      directory.onHosts((changes) => {
        for (const change of changes)
          if (change.type === 'gone') this.#mesh.unlearn(change.id);
          else if (change.host.record) this.#mesh.learn(change.host.id, change.host.record.meshAddresses);
      }),
      every(clock, agentDefaults.hostRefreshMs, () => this.#tellHost()),
      every(clock, agentDefaults.statsRefreshMs, () => this.control.refresh()),
    );
    await this.#replica.start();
    await this.#mesh.start();
    // From here on a step is left out when the agent was told to end meanwhile; `stop` waits for the one under way.
    if (this.#ending) return;
    for (const peer of peers) this.#mesh.join(peer);
    this.#tellHost();
    // Built only now, since host-network containers are at the host's own address, which the mesh found.
    this.#watch = this.#buildWatch();
    if (this.#watch === undefined) this.#listing([]);
    else this.#watch.start();
    await this.#api.start();
    await this.#firstListing();
    if (this.#ending) return;
    await this.#answering?.start();
    this.#relieve();
    this.#started = true;
    log.info({ host: this.#built.identity.hostId, name: config.name, version }, 'started');
  }

  /** The agent before may go, now that this one answers; throws where it was of more use, and takes up again. */
  #relieve(): void {
    const { predecessor } = this.#built.store.succession;
    if (predecessor === undefined || this.#ending) return;
    const problem = this.#answering?.problem();
    if (predecessor.answering && problem !== undefined) throw new Error(`cannot take over: ${problem.problem}`);
    predecessor.relieve();
  }

  /**
   * Waits for the engine's first listing, so that no name is denied that is about to be known (trap 43). Where none
   * comes, what the last run knew is answered until one does.
   */
  async #firstListing(): Promise<void> {
    await this.#until(() => this.#listed || this.#ending !== undefined, agentDefaults.enginePatienceMs);
  }

  async #stop(how: Ending): Promise<void> {
    await this.#starting.catch(() => {});
    await Promise.all([this.#retire(how), this.#answering?.stop()]);
    // Not before: whoever has the directory next binds what is bound here.
    await this.#built.store.close();
    this.#built.log.info({ how }, 'stopped');
  }

  /** Ends all but the answering of questions. */
  #retire(how: Ending): Promise<void> {
    this.#retiring ??= (async () => {
      for (const undo of this.#undo) undo();
      await this.#watch?.stop();
      if (how === 'vanish') await this.#mesh.stop();
      if (how === 'leave') await this.#withdraw();
      await this.#replica.stop('restart');
      await Promise.all([this.#api.stop(), this.#mesh.stop()]);
    })();
    return this.#retiring;
  }

  /** Takes this host's records back; waits a little for a link to tell it over, where others are known. */
  async #withdraw(): Promise<void> {
    const isAlone = () =>
      this.#replica.directory.hosts().every(({ status }) => status === 'self' || status === 'quiet');
    await this.#until(() => this.#mesh.neighbours().length > 0 || isAlone(), agentDefaults.leaveLinkMs);
    await this.#replica.stop('leave');
  }

  /** Resolves when the condition holds, or after `patienceMs`. */
  async #until(holds: () => boolean, patienceMs: number): Promise<void> {
    const { clock } = this.#built;
    const giveUpAt = clock.now() + patienceMs;
    while (!holds() && clock.now() < giveUpAt)
      await new Promise<void>((resolve) => void clock.after(agentDefaults.pollMs, resolve));
  }

  /** This host's own record, published when it is another than before. */
  #tellHost(): void {
    const { config } = this.#built;
    const address = this.#hostAddress();
    this.#watch?.setHostAddress(address);
    const record: HostRecord = {
      name: config.name,
      version,
      meshAddresses: this.#mesh.listenAddresses(),
      networks: this.#networks,
      startedAt: this.#startedAt,
      ...(address && { address }),
      ...(this.#unwatched && { unwatched: true }),
    };
    if (isDeepStrictEqual(record, this.#ownRecord)) return;
    this.#ownRecord = record;
    this.#replica.setHost(record);
  }

  /** Where others reach the host itself: its first mesh address. */
  #hostAddress(): Address | undefined {
    const [first = ''] = this.#mesh.listenAddresses();
    const parsed = parseAddress(first.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
    return parsed.ok ? parsed.value : undefined;
  }

  #listing(records: Parameters<Replica['replaceContainers']>[0]): void {
    this.#listed = true;
    this.#replica.replaceContainers(records);
  }

  #buildMesh(): Mesh {
    const { config, identity, secrets, clock, log, store } = this.#built;
    const { address, port } = config.meshListen;
    const loopback = isIPv4(address) ? '127.0.0.1' : '::1';
    return new Mesh({
      identity,
      secrets: secrets ?? [],
      clock,
      storage: store,
      holderOf: (_address, port) => holderOf(port),
      log: log.child({ room: 'mesh' }),
      options: {
        ...meshDefaults,
        listen: [endpointText(secrets === undefined ? loopback : address, port)],
        ...(config.advertise !== undefined && { advertise: config.advertise }),
        unreachable: () => this.#networks.flatMap((network) => network.gateways),
      },
    });
  }

  #buildAnswering(): Answering {
    const { config, identity, clock, log } = this.#built;
    const { directory } = this.#replica;
    return new Answering({
      options: {
        ...dnsDefaults,
        domains: config.domains,
        ttlSeconds: config.ttlSeconds,
        answers: config.answers,
        hostId: identity.hostId,
        allow: config.allow,
        queryLogEvery: config.queryLogEvery,
        cookieSecret: cookieSecretOf(identity),
        forward: {
          ...forwardDefaults,
          upstreams: config.upstreams ?? { resolvConf: config.resolvConf },
          perDomain: config.domainUpstreams,
          allowed: config.allow,
          loopToken: randomUUID(),
        },
      },
      threads: config.dnsThreads,
      listen: config.dnsListen,
      defaultPort: flagDefaults.dnsPort,
      retryMs: agentDefaults.bindRetryMs,
      entries: () => [...directory.names()].map((name) => directory.entry(name)),
      clock,
      log: log.child({ room: 'dns' }),
    });
  }

  #buildWatch(): Watch | undefined {
    const { config, identity, engine, clock, log } = this.#built;
    if (engine === undefined) return undefined;
    const address = this.#hostAddress();
    const sink: WatchSink = {
      replaceContainers: (records) => this.#listing(records),
      putContainer: (record) => this.#replica.putContainer(record),
      removeContainer: (id) => this.#replica.removeContainer(id),
      setNetworks: (networks) => {
        this.#networks = networks;
        this.#tellHost();
        this.#answering?.setNetworks(networks);
      },
      setUnwatched: (unwatched) => {
        this.#unwatched = unwatched;
        this.#tellHost();
      },
    };
    return new Watch({
      engine,
      sink,
      clock,
      log: log.child({ room: 'watch' }),
      options: {
        ...watchDefaults,
        hostId: identity.hostId,
        domains: config.domains,
        hostnames: {
          fromLabel: config.hostnameFromLabel,
          match: config.hostnameMatch,
          replacement: config.hostnameReplacement,
        },
        ...(address && { hostAddress: address }),
      },
    });
  }

  #buildOperator(): Operator {
    const { config, identity, secrets, store } = this.#built;
    return new Operator({
      agent: { hostId: identity.hostId, hostName: config.name, version, startedAt: this.#startedAt },
      domains: config.domains,
      ttlSeconds: config.ttlSeconds,
      clock: this.#built.clock,
      replica: this.#replica,
      mesh: this.#mesh,
      dns: this.#answering,
      engine: () => this.#engineView(),
      networks: () => this.#networks,
      ownRecord: () => this.#ownRecord,
      readiness: () => this.#readiness(),
      symptoms: () => ({
        dns: this.#answering?.problem(),
        storage: store.problem(),
        loopbackOnly: secrets === undefined,
      }),
      encrypted: () => secrets !== undefined,
      token: () => this.#token(),
      now: () => this.#built.clock.now(),
      leave: async () => {
        await this.#withdraw();
        // The answer to the operator goes out before the API closes.
        this.#built.clock.after(agentDefaults.leaveDelayMs, () => this.#left.resolve());
      },
    });
  }

  #engineView(): EngineStatus | undefined {
    return this.#watch?.status();
  }

  #readiness(): Readiness {
    if (this.#ending !== undefined) return { ready: false, reasons: ['this agent is ending'] };
    if (!this.#started) return { ready: false, reasons: [this.#listed ? startingReason : listingReason] };
    const unanswered = this.#answering?.problem();
    return { ready: unanswered === undefined, reasons: unanswered === undefined ? [] : [unanswered.problem] };
  }

  #token(): Result<string> {
    const [secret] = this.#secrets ?? [];
    if (secret === undefined) return refused('this agent has no secret: give one with --secret-file or WEFT_SECRET');
    const addresses = this.#mesh.listenAddresses();
    if (addresses.length === 0)
      return refused('this agent has no address that others can dial: give one with --advertise');
    return accepted(encodeToken(secret, addresses));
  }
}

const startingReason = 'the agent is starting';
const listingReason = 'the agent is starting: it waits for the container engine to tell what runs here';

/** Made of the host's key, so that cookies stay good over a restart: 16 octets in hexadecimal. */
function cookieSecretOf({ seed }: Identity): string {
  return Buffer.from(hkdfSync('sha256', seed, '', 'weft dns cookies 1', 16)).toString('hex');
}
