/**
 * Every default of Weft, with its unit, its reason and its relation to its neighbours. Rooms do not read this file:
 * `agent.ts` hands each room its section.
 */

/** `src/dns`: how questions about our names are answered. */
export const dnsDefaults = {} as const;

/** `src/dns`: how all other questions are forwarded. */
export const forwardDefaults = {} as const;

/** `src/crdt`: replication and liveness. */
export const crdtDefaults = {} as const;

/** `src/mesh`: links between hosts. */
export const meshDefaults = {} as const;

/** `src/watch`: the container engine. */
export const watchDefaults = {
  /** Events are followed live; this only catches what an engine failed to tell, for one cheap listing a minute. */
  reconcileMs: 60_000,
  /** The first comparison after a connection comes again so soon: an engine may accept before it begins to listen. */
  settleMs: 2_000,
  /** An agent that stood still as long may have lost events: Docker drops what is not read within 100 ms. */
  stallMs: 3_000,
  /** A busy engine takes seconds for 1,000 containers; a hung one may not keep us from dialling again. */
  requestTimeoutMs: 30_000,
  /** From the first retry on, doubling up to `retryMaxMs`; a unix socket costs microseconds to try. */
  retryMinMs: 100,
  /** An engine that appears is taken up within this. */
  retryMaxMs: 2_000,
  /** Docker answers an inspection in about a millisecond on one core; more at once only queue inside it. */
  inspectionsAtOnce: 8,
  /** The grace of `docker stop`: what is being stopped when we connect is seen to drain. */
  replaySeconds: 10,
  /** A container may die by itself so often within `crashWindowMs` and be answered again at once. */
  crashesBeforeHold: 2,
  /** Docker's own pause between restarts grows to a minute: a loop is seen as one. */
  crashWindowMs: 120_000,
  /** How long the next run must live before it is answered, doubling with each crash up to `holdMaxMs`. */
  holdMinMs: 1_000,
  /** Docker forgets a loop after 10 s of life; three times as long is certain. */
  holdMaxMs: 30_000,
} as const;

/** `src/api`: HTTP. */
export const apiDefaults = {
  /** Room for a name of 1,000 IPv6 addresses written out (45 octets each). */
  bodyLimitBytes: 65_536,
  /** A local client sends its header in one packet; a slow one may not hold a connection for long. */
  headersTimeoutMs: 5_000,
  /** Longer than `headersTimeoutMs`, for the body on a slow link. */
  requestTimeoutMs: 15_000,
  /** Longer than the pause between two polls of a script, shorter than a proxy's 60 s. */
  keepAliveMs: 10_000,
  /** More than `maxWatchers`, so that watchers never lock operators out. */
  maxConnections: 256,
  /** Each costs a socket and a copy of what happens; a host has a few proxies and a page or two. */
  maxWatchers: 64,
  /** A quarter of the 60 s after which nginx and HAProxy give up on a silent server. */
  heartbeatMs: 15_000,
  /** A snapshot of 10,000 records is about 4 MB; a reader that lags a second one behind is gone. */
  watcherBufferBytes: 8_388_608,
  /** The last minutes of a busy mesh, in well under a megabyte. */
  changesKept: 1_000,
  /** Leaves the rest of the 5 s from SIGTERM to the end to the other rooms. */
  drainMs: 1_000,
} as const;

/** `src/agent.ts`: how the rooms wait for each other. */
export const agentDefaults = {
  /** A host's addresses change rarely; a minute is soon enough for those who dial it anew. */
  hostRefreshMs: 60_000,
  /** An engine that starts together with the agent is waited for so long before the host says that nothing runs on it. */
  enginePatienceMs: 3_000,
  /** Well below what a person notices at start. */
  enginePollMs: 10,
  /** A port that another program holds is tried for again; as often as an operator who watches would. */
  bindRetryMs: 2_000,
  /** Time for the answer to `weft leave` to reach the operator. */
  leaveDelayMs: 100,
} as const;

/** `weft up` without flags: the contract's own words. */
export const flagDefaults = {
  domain: 'weave.local',
  dnsPort: 53,
  /** Seconds; weaveDNS's own, so that a container that moves is found at its next question (traps 6 and 8). */
  ttlSeconds: 1,
  /** One thread answers more than 100,000 questions a second; a second one is for hosts that ask more. */
  dnsThreads: 1,
  /** Seconds; longer than a week and no cache keeps it (RFC 8767 section 4 caps at a week). */
  maxTtlSeconds: 604_800,
  /** More threads than the cores of any host seen in the field only cost memory (20 MB each). */
  maxDnsThreads: 64,
  /** Where every Linux host keeps its resolvers. */
  resolvConf: '/etc/resolv.conf',
  /** weave's mesh port, so that firewalls opened for it need no change. */
  meshAddress: '0.0.0.0',
  meshPort: 6783,
  api: ['unix:/run/weft/weft.sock', '127.0.0.1:6784'],
  /** weave's HTTP port. */
  apiPort: 6784,
  dockerHost: 'unix:///var/run/docker.sock',
  dataDir: '/var/lib/weft',
  logLevel: 'info',
} as const;
