import { hkdfSync, randomUUID } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { Answering } from './answering.ts';
import type { AgentControl } from './api/control.ts';
import { ApiServer } from './api/server.ts';
import { type Clock, systemClock } from './clock.ts';
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
import type { Directory } from './crdt/directory.ts';
import { Replica } from './crdt/replica.ts';
import { holderOf } from './dns/port-holder.ts';
import { type Config, UsageError } from './flags.ts';
import { type Identity, loadIdentity } from './identity.ts';
import { createLog } from './log.ts';
import type { MeshOptions } from './mesh/contract.ts';
import { Mesh } from './mesh/mesh.ts';
import type { Transport } from './mesh/node.ts';
import type { Secrets } from './mesh/secret.ts';
import { endpointText } from './name-server-view.ts';
import type { Address } from './record.ts';
import { findSecrets, givenSecrets, readApiToken } from './secrets.ts';
import { openStore, type Store } from './store.ts';
import { openDockerEngine } from './watch/docker-engine.ts';
import type { Engine } from './watch/engine.ts';
import type { WatchSink } from './watch/sink.ts';
import { Watch } from './watch/watch.ts';

// Each room as this configuration has it, with nothing started yet; `agent.ts` hands them to each other.

/** What an agent is given beside its configuration. */
export interface AgentParts {
  readonly clock?: Clock;
  readonly log?: ReturnType<typeof createLog>;
  /** TCP unless a test hands in another. */
  readonly transport?: Transport;
  /** In the place of some of `meshDefaults` where a test is to have a large mesh of few agents. */
  readonly mesh?: Partial<MeshOptions>;
  /** Goes on for an agent of this process, which answers until this one does, with the secrets that it had. */
  readonly resumes?: Known;
}

/** What files and flags told when they were last read. */
export interface Known {
  /** Undefined: none was given, and the peers' cannot be guessed; the mesh stays on this machine. */
  readonly secrets: Secrets | undefined;
  readonly peers: readonly string[];
  /** What API addresses off this host ask for. */
  readonly apiToken: string | undefined;
}

/** What the rooms of one agent are made of. */
export interface Built extends Known, Pick<AgentParts, 'transport' | 'mesh'> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: ReturnType<typeof createLog>;
  readonly store: Store;
  readonly identity: Identity;
  /** Undefined: no engine is watched. */
  readonly engine: Engine | undefined;
  /** Whether another agent may still answer where this one is to: the one that it takes over from. */
  readonly sharesPort: boolean;
}

/** Opens the data directory and reads identity and secret; throws one clear error where it cannot. */
export async function gather(
  config: Config,
  { clock = systemClock, log = createLog(config.logLevel), resumes, ...edges }: AgentParts,
): Promise<Built> {
  // Before the directory is asked for: whoever cannot start anyway must not disturb the agent that runs.
  const given = resumes === undefined ? await readGiven(config) : { mesh: resumes, apiToken: resumes.apiToken };
  const engine = config.docker
    ? openDockerEngine(config.dockerHost ?? flagDefaults.dockerHost, process.env)
    : undefined;
  if (engine?.ok === false) throw new UsageError(`--docker-host: ${engine.problem}`);
  const lock = { takeover: config.takeover, patienceMs: agentDefaults.takeoverPatienceMs };
  const store = await openStore(config.dataDir, { clock, log: log.child({ room: 'store' }), lock });
  try {
    const identity = await loadIdentity(store, log);
    const found = await findSecrets(config, given.mesh, store);
    if (!found.ok) throw new Error(found.problem);
    const { secrets } = found.value;
    const peers = [...new Set([...config.peers, ...found.value.peers])];
    const sharesPort = resumes !== undefined || store.succession.succeeds;
    const { apiToken } = given;
    return {
      ...edges,
      config,
      clock,
      log,
      store,
      identity,
      secrets,
      engine: engine?.value,
      apiToken,
      peers,
      sharesPort,
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Reads the secrets that flags and the environment give or name; throws one clear error where one is of no use. */
async function readGiven(config: Config) {
  const mesh = await givenSecrets(config);
  if (!mesh.ok) throw config.join === undefined ? new Error(mesh.problem) : new UsageError(mesh.problem);
  return { mesh: mesh.value, apiToken: await readApiToken(config.apiTokenFile) };
}

/** What all hosts know. */
export function createReplica({ config, identity, store, clock, log }: Built): Replica {
  return new Replica({
    signer: identity,
    storage: store,
    clock,
    log: log.child({ room: 'crdt' }),
    options: { ...crdtDefaults, retentionMs: 1000 * config.forgetAfterSeconds },
  });
}

/** The mesh of the hosts in `replica`; nobody is dialled at an address of `unreachable`. */
export function createMesh(built: Built, replica: Replica, unreachable: () => readonly Address[]): Mesh {
  const { config, identity, secrets, clock, log, store, transport } = built;
  const { address, port } = config.meshListen;
  const loopback = isIPv4(address) ? '127.0.0.1' : '::1';
  return new Mesh({
    identity,
    secrets: secrets ?? [],
    clock,
    storage: store,
    hearsay: replica.hearsay,
    holderOf: (_address, port) => holderOf(port),
    log: log.child({ room: 'mesh' }),
    ...(transport !== undefined && { transport }),
    options: {
      ...meshDefaults,
      ...built.mesh,
      listen: [endpointText(secrets === undefined ? loopback : address, port)],
      ...(config.advertise !== undefined && { advertise: config.advertise }),
      unreachable,
    },
  });
}

/** The name server of what `directory` knows; undefined where none is wanted. */
export function createAnswering(built: Built, directory: Directory): Answering | undefined {
  const { config, identity, clock, log, sharesPort } = built;
  if (!config.dns) return undefined;
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
    shares: sharesPort,
    entries: () => [...directory.names()].map((name) => directory.entry(name)),
    clock,
    log: log.child({ room: 'dns' }),
  });
}

/** The watch over the engine; undefined where none is wanted. */
export function createWatch(built: Built, sink: WatchSink, address: Address | undefined): Watch | undefined {
  const { config, identity, engine, clock, log } = built;
  if (engine === undefined) return undefined;
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

/** What operators and programs speak to. */
export function createApi({ config, clock, log, apiToken }: Built, control: AgentControl): ApiServer {
  return new ApiServer({
    control,
    listen: config.api,
    clock,
    log: log.child({ room: 'api' }),
    options: { ...apiDefaults, ...(apiToken !== undefined && { token: apiToken }) },
    holderOf: (_address, port) => holderOf(port),
  });
}

/** Made of the host's key, so that cookies stay good over a restart: 16 octets in hexadecimal. */
function cookieSecretOf({ seed }: Identity): string {
  return Buffer.from(hkdfSync('sha256', seed, '', 'weft dns cookies 1', 16)).toString('hex');
}
