import type { Answering } from './answering.ts';
import type { Readiness } from './api/control.ts';
import type { ApiAddress } from './api/guard.ts';
import type { ApiServer } from './api/server.ts';
import { every, until } from './clock.ts';
import { agentDefaults } from './config.ts';
import type { Replica } from './crdt/replica.ts';
import type { Endpoint } from './flag-values.ts';
import type { Config } from './flags.ts';
import type { Successor } from './lock.ts';
import type { Mesh } from './mesh/mesh.ts';
import { Operator } from './operator.ts';
import { OwnRecord } from './own-record.ts';
import type { AgentParts, Built, Known } from './rooms.ts';
import { createAnswering, createApi, createMesh, createReplica, createWatch, gather } from './rooms.ts';
import { rereadSecrets, tokenOf } from './secrets.ts';
import { ofProcess, Tidying } from './tidying.ts';
import { version } from './version.ts';
import type { WatchSink } from './watch/sink.ts';
import type { Watch } from './watch/watch.ts';

/**
 * How an agent ends. `restart`: it says that it is soon back, and its records stay; `leave`: its records are withdrawn
 * at once; `vanish`: it says nothing, as when the power fails (for demonstrations and tests).
 */
export type Ending = 'restart' | 'leave' | 'vanish';

/** Makes an agent: opens its data directory and reads its identity and secret; throws one clear error where it cannot. */
export async function createAgent(config: Config, parts: AgentParts = {}): Promise<Agent> {
  return new Agent(await gather(config, parts));
}

/** One host's agent: the rooms, wired. */
export class Agent {
  #built: Built;
  readonly #startedAt: number;
  readonly #replica: Replica;
  readonly #mesh: Mesh;
  readonly #own: OwnRecord;
  readonly #answering: Answering | undefined;
  readonly #api: ApiServer;
  readonly #undo: (() => void)[] = [];
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
    this.#built = built;
    this.#startedAt = built.clock.wallNow();
    this.#replica = createReplica(built);
    const ownGateways = () => this.#own.networks.flatMap(({ gateways }) => gateways);
    this.#mesh = createMesh(built, this.#replica, ownGateways);
    this.#own = new OwnRecord({
      origin: { name: built.config.name, version, startedAt: this.#startedAt },
      meshAddresses: () => this.#mesh.listenAddresses(),
      publish: (record) => this.#replica.setHost(record),
    });
    this.#answering = createAnswering(built, this.#replica.directory);
    this.control = this.#buildOperator();
    this.#api = createApi(built, this.control);
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
    const { secrets = this.#built.secrets, apiToken = this.#built.apiToken } = reread;
    this.#built = { ...this.#built, secrets, apiToken };
    if (reread.secrets !== undefined) this.#mesh.setSecrets(reread.secrets);
    if (reread.apiToken !== undefined) this.#api.setToken(reread.apiToken);
    for (const problem of reread.problems) log.error(`${problem}; the former one stays`);
    log.info({ secrets: reread.secrets?.length, apiToken: reread.apiToken !== undefined }, 'reread');
  }

  /** The secrets it has now, which may be in no file any more. */
  get known(): Known {
    return this.#built;
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
    this.#undo.push(
      new Tidying(
        clock,
        ofProcess(() => directory.rest()),
      ).follow(directory),
      directory.onNames((changed) => this.#answering?.update(changed)),
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
    this.#watch = createWatch(this.#built, this.#sink(), this.#own.address);
    if (this.#watch === undefined) this.#listing([]);
    else this.#watch.start();
    await this.#api.start();
    await this.#firstListing();
    await this.#until(() => this.#replica.isConfirmed || this.#ending !== undefined, agentDefaults.meshPatienceMs);
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

  #until(holds: () => boolean, patienceMs: number): Promise<void> {
    return until(this.#built.clock, holds, { pollMs: agentDefaults.pollMs, patienceMs });
  }

  #tellHost(): void {
    this.#watch?.setHostAddress(this.#own.address);
    this.#own.tell();
  }

  /** Where the watch says what runs here. */
  #sink(): WatchSink {
    return {
      replaceContainers: (records) => this.#listing(records),
      putContainer: (record) => this.#replica.putContainer(record),
      removeContainer: (id) => this.#replica.removeContainer(id),
      setNetworks: (networks) => {
        this.#own.networks = networks;
        this.#tellHost();
        this.#answering?.setNetworks(networks);
      },
      setUnwatched: (unwatched) => {
        this.#own.unwatched = unwatched;
        this.#tellHost();
      },
    };
  }

  #listing(records: Parameters<Replica['replaceContainers']>[0]): void {
    this.#listed = true;
    this.#replica.replaceContainers(records);
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
      engine: () => this.#watch?.status(),
      networks: () => this.#own.networks,
      ownRecord: () => this.#own.told,
      readiness: () => this.#readiness(),
      symptoms: () => ({
        dns: this.#answering?.problem(),
        storage: store.problem(),
        loopbackOnly: secrets === undefined,
      }),
      encrypted: () => secrets !== undefined,
      token: () => tokenOf(this.#built.secrets, this.#mesh.listenAddresses()),
      now: () => this.#built.clock.now(),
      leave: async () => {
        await this.#withdraw();
        // The answer to the operator goes out before the API closes.
        this.#built.clock.after(agentDefaults.leaveDelayMs, () => this.#left.resolve());
      },
    });
  }

  #readiness(): Readiness {
    if (this.#ending !== undefined) return { ready: false, reasons: ['this agent is ending'] };
    if (!this.#started) return { ready: false, reasons: [this.#listed ? startingReason : listingReason] };
    const unanswered = this.#answering?.problem();
    return { ready: unanswered === undefined, reasons: unanswered === undefined ? [] : [unanswered.problem] };
  }
}

const startingReason = 'the agent is starting';
const listingReason = 'the agent is starting: it waits for the container engine to tell what runs here';
