/**
 * Every default of Weft, with its unit, its reason and its relation to its neighbours. Rooms do not read this file:
 * `agent.ts` hands each room its section.
 */

/** `src/dns`: how questions about our names are answered. */
export const dnsDefaults = {
  /** Seconds; a container that starts right after it was asked for must be found at the next question (trap 6). */
  negativeTtlSeconds: 1,
  limits: {
    /** Octets; what every path carries whole (DNS flag day 2020): IPv6's least packet of 1,280 without its headers. */
    udpPayloadOctets: 1232,
    /** Connections of one thread; each costs about 20 kB, and containers ask by UDP. */
    tcpConnections: 1024,
    /** A tenth of all for one address, so that ten askers must conspire to keep the others out. */
    tcpConnectionsPerClient: 100,
    /** Questions; more than any resolver sends at once, and little enough that one client cannot fill the forwarder. */
    tcpInFlightPerConnection: 64,
    /** Milliseconds; "in the order of seconds" (RFC 7766 section 6.2.3). */
    tcpIdleMs: 10_000,
    /** Milliseconds; a resolver sends a question in one write, so whoever needs longer does not mean well. */
    tcpMessageMs: 3000,
    /** Replies a second for a network of strangers; a resolver that caches asks far less (trap 26: containers are exempt). */
    strangerRepliesPerSecond: 100,
    /** Each crosses to the main thread and costs it about 20 microseconds: two per cent of it. */
    queryLogLinesPerSecond: 1_000,
    /** Milliseconds; questions in the socket's queue and those upstream are answered within this, or not at all. */
    drainMs: 2000,
  },
} as const;

/** `src/dns`: how all other questions are forwarded. */
export const forwardDefaults = {
  limits: {
    /** As many as Docker's own resolver since 2018; each costs a socket or two of the process's file limit. */
    inFlight: 1_024,
    /** Four rounds of `inFlight`: what comes after that would be answered too late for its asker. */
    waiting: 4_096,
    /** A quarter of `inFlight`, so that it takes four runaway containers to hold up a fifth. */
    perClient: 256,
    /** Few enough that guessing port and id together stays hopeless, enough for one late duplicate or two. */
    mismatches: 8,
    /** DNS flag day 2020: fits every path without fragments. */
    udpPayloadOctets: 1_232,
    /** What this server takes on one connection itself (`tcpInFlightPerConnection`): sixteen of them carry all of `inFlight`. */
    perConnection: 64,
    /** One is enough while questions come one by one; the other is there after a burst. */
    idleConnections: 2,
    /** One lost datagram happens; three in a row are a dead resolver. */
    failures: 3,
  },
  times: {
    /** Above the round trip to a resolver on another continent, below what a person notices. */
    headStartMs: 150,
    /** A lost datagram costs a second instead of the asker's whole 5 s. */
    resendMs: 1_000,
    /** Room for a resolver that itself has to ask a slow authority; more than two `resendMs`. */
    attemptMs: 3_500,
    /** Less than the 5 s after which glibc and musl stop listening. */
    questionMs: 4_500,
    /** RFC 8767 section 5 recommends 1.8 s. */
    staleAfterMs: 1_800,
    /** A resolver that is back is asked again within seconds, and a dead one costs next to nothing. */
    probeMs: 5_000,
    /** Fifteen minutes, as unbound remembers it; an upstream that was replaced has DNSSEC back within that. */
    plainMs: 900_000,
    /** Below the 10 s that resolvers commonly keep an idle connection (RFC 7766 section 6.2.3). */
    idleMs: 8_000,
    /** weave polled every 5 s; the file is a few hundred octets and file events do not cross bind mounts. */
    pollMs: 2_000,
  },
  cache: {
    /** A busy host's containers ask for a few hundred names. */
    entries: 10_000,
    /** About 800 octets each, were all of `entries` in use. */
    octets: 8_388_608,
    /** One day, as unbound: records that promise more are wrong more often than they are asked for. */
    maxTtlSeconds: 86_400,
    /** RFC 2308 section 5: one to three hours work well. */
    maxNegativeTtlSeconds: 3_600,
    /** RFC 8767 section 5: one to three days. */
    staleSeconds: 86_400,
    /** RFC 8767 section 4. */
    staleTtlSeconds: 30,
    /** RFC 8767 section 5: no more often than every 30 s. */
    staleRetrySeconds: 30,
  },
  failed: {
    /** A fifth of the answers kept; a flood of names that cannot be resolved forgets the oldest of them. */
    entries: 2_000,
    /** RFC 9520 section 3.2: one second at least; an asker that tries again after its 5 s finds the upstreams asked anew. */
    firstSeconds: 1,
    /** Of the five minutes that RFC 9520 allows, no more than `staleRetrySeconds`: nobody waits long for a name that works again. */
    maxSeconds: 30,
  },
} as const;

/** `src/crdt`: replication and liveness. Times in milliseconds, sizes in octets. */
export const crdtDefaults = {
  /**
   * Between two beats. With `suspectAfterBeats` and `doubtMs`: 2.2 x 1 s + 2 s and a look of at most 0.25 s, so a host
   * that is switched off is hidden within 4.5 s of its last beat; the budget is 5 s.
   */
  heartbeatMs: 1_000,
  /** For each living host: 100 beats a second in the whole mesh, at 0.1 ms for a signature 1 % of one core. Up to 100 hosts `heartbeatMs` is longer. */
  heartbeatPerHostMs: 10,
  /** Two beats may be lost, and a late timer forgiven, before anyone asks: at 10 % loss once in a hundred beats. */
  suspectAfterBeats: 2.2,
  /** Eight rounds of asking three hosts at `doubtStepMs`: a host that lives is heard even if most of them are lost. */
  doubtMs: 2_000,
  doubtStepMs: 500,
  /** An upgrade pulls an image or installs a package between stop and start; longer than that is an outage. */
  restartGraceMs: 30_000,
  /** A switch that reboots or a firewall that reloads is back in minutes; after that, silence is taken at its word. */
  preserveMs: 300_000,
  /** `flagDefaults.forgetAfterSeconds`. It costs a host's records' bytes, and nobody is served from them while others live. */
  retentionMs: 259_200_000,
  /** Thirty days: a host that was off for a holiday knows some that are gone. A grave is 80 octets. */
  graveMs: 2_592_000_000,
  /** Gossip and heartbeats find what is missing within a beat; this finds what both missed. Ten beats apart, it costs nearly nothing. */
  compareMs: 10_000,
  /** A container's start is several events within milliseconds; a host that starts hundreds says so a hundred times a second at most, which `src/crdt/ledger.ts` allows. */
  gatherMs: 10,
  /** What is under way arrives within tens of milliseconds in one data centre; longer than that it was lost. */
  mendAfterMs: 100,
  /** An engine lists ten thousand containers in less; an engine that does not answer must not keep a new host from being known. */
  listingGraceMs: 5_000,
  /** For each 100 KiB of directory. What came later a crash forgets, so that the dead are answered until the mesh tells again. */
  saveAfterMs: 1_000,
  /** A snapshot of 100 containers; what is longer is fetched once by each, instead of arriving from every neighbour. */
  maxBroadcastBytes: 65_536,
  /** Five times the largest mesh measured; a member that invents hosts fills no memory beyond it. */
  maxHosts: 5_000,
  /** A snapshot of ten thousand containers, and as much again in updates after it. */
  maxHostBytes: 16_777_216,
  /** 1,000 hosts of 50 containers are 30 MiB. Beyond this no host may grow past `fairShareBytes`, and small ones still can. */
  maxStoredBytes: 134_217_728,
  fairShareBytes: 65_536,
} as const;

/** `src/mesh`: links between hosts. */
export const meshDefaults = {
  /** weave's mesh port; what an address without a port means. */
  defaultPort: 6783,
  /** Hosts, this one included: 31 links each cost 62 pulses a second, and no broadcast needs a second hop. */
  fullMeshHosts: 32,
  /**
   * Links each host makes in a larger mesh: gossipsub's own degree of 6 and two more; others make as many to it. It goes
   * on dialling until half of them are its own (gossipsub's D_out), whoever links with it.
   */
  linksWhenLarge: 8,
  /**
   * For each host, between two looks for one that nothing is heard of, in milliseconds, once a host has its links: 20
   * dials a second in the whole mesh, enough to mend one that fell apart within seconds and no burden where a host is gone.
   */
  searchPerHostMs: 50,
  /** Links at most; twice a full mesh, so that a seed everybody joins through does not carry everybody. */
  maxLinks: 64,
  /** Connections that have proven nothing yet, 2 kB each; ten times what 31 neighbours make when all restart at once. */
  maxStrangers: 256,
  /** The same from one address: a whole lab behind one NAT, and no more than an eighth of all places. */
  maxStrangersPerAddress: 32,
  /**
   * Milliseconds for a TCP connect: half as much again as the 400 of the slowest round trip we promise to work on.
   * The kernel would send a lost SYN again only after 1,000, and a host is to be back within that of its return.
   */
  connectTimeoutMs: 600,
  /** Milliseconds for the proof of the secret: three round trips, of 400 ms on the worst link we promise to work on. */
  handshakeTimeoutMs: 3000,
  /** Milliseconds before the first redial, doubled each time ... */
  redialFirstMs: 100,
  /** ... up to this: with its jitter of 30 %, and a connect that times out, one attempt a second from either side. */
  redialMaxMs: 300,
  /** After ten minutes without success: a host that long gone dials us itself; still below the 5 s for healing. */
  redialPatientMs: 3000,
  patientAfterMs: 600_000,
  /** Head start of the host with the lower id in milliseconds, so that the two seldom dial at the same time. */
  yieldMs: 200,
  /** Two connections opened within this many milliseconds of each other were dialled at the same time. */
  simultaneousMs: 2000,
  /** Milliseconds between beats on a link, each 200 octets on the wire; also how often silence is looked for. */
  pulseMs: 500,
  /** Silence after which a link is dead: four sendings of one packet are lost in a row once in 10,000 at 10 % loss. */
  silenceMs: 3000,
  /** gossipsub's own default is 1,000; its repairs (graft, IHAVE) take one beat, and hosts are to heal within 5 s. */
  gossipHeartbeatMs: 700,
  /** The largest broadcast: `crdtDefaults.maxBroadcastBytes` must not be larger. */
  maxBroadcastBytes: 131_072,
  /** A digest of 1,000 hosts is 60 kB; ten times that. */
  maxRequestBytes: 1_048_576,
  /** The largest piece of an answer: twice the 64 KiB that replication makes them of. */
  maxChunkBytes: 131_072,
  /** Milliseconds either side of a request waits for the other to move; a lost packet's third repeat comes after 3,000. */
  requestTimeoutMs: 5000,
  /** Requests of one peer answered at once: one comparison, one fetch and what a reconnect leaves behind. */
  maxRequestsPerPeer: 8,
  /** Offences within the window before a neighbour is parted with; one may be a bug of an older version. */
  maxOffences: 10,
  offenceWindowMs: 60_000,
  /** Five minutes: long enough to make no noise, short enough that an upgraded host is back without help. */
  banMs: 300_000,
  /** Hosts remembered: as many as `crdtDefaults.maxHosts`, so that each one known can be dialled. */
  maxKnownPeers: 5_000,
} as const;

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
  /** An engine's upgrade is done sooner; where it does not return, others should be preferred within a minute. */
  unwatchedMs: 30_000,
  /**
   * A container that died is answered so long at most while others that started before are still to be looked at: a
   * look takes milliseconds, and whoever asked a moment earlier keeps the answer for a TTL as well.
   */
  farewellMs: 1_000,
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
  /**
   * Of one TCP address, on which other users and hosts can be; the socket file's owner may ask as fast as he can. Ten
   * pages, a Prometheus and scripts together stay below 100 a second, and an agent answers 5,000.
   */
  requestsPerSecond: 200,
  /** A page loads some 30 files and replies at once; an import writes a request for each name. */
  requestBurst: 1_000,
  /** Each costs a socket and a copy of what happens; a host has a few proxies and a page or two. */
  maxWatchers: 64,
  /** A quarter of the 60 s after which nginx and HAProxy give up on a silent server. */
  heartbeatMs: 15_000,
  /** A snapshot of 10,000 records is about 4 MB; a reader that lags a second one behind is gone. */
  watcherBufferBytes: 8_388_608,
  /** The last minutes of a busy mesh, in well under a megabyte. */
  changesKept: 1_000,
  /** Hosts with a label of their own; with five states each, no more series than a small Prometheus bears from every agent. */
  metricsHosts: 200,
  /** Milliseconds; ten looks a second cost nothing, and a stall that loses a link (3 s) is many of them. */
  loopProbeMs: 100,
  /** Leaves the rest of the 5 s from SIGTERM to the end to the other rooms. */
  drainMs: 1_000,
} as const;

/** `src/cli`: commands that ask an agent. */
export const cliDefaults = {
  /** An agent that was told to end is gone before an init system or `docker stop` (10 s) would kill it. */
  endWithinMs: 5_000,
  /** An agent answers within milliseconds; one that is stopped in a debugger should not hang a script for long. */
  timeoutMs: 10_000,
  /** An agent tells a caller that asks too fast to come back in a second; who is turned away for so long has company. */
  retryWithinMs: 30_000,
  /** Nearly three of the stream's signs of life (`apiDefaults.heartbeatMs`). */
  streamSilenceMs: 40_000,
} as const;

/** `src/agent.ts`: how the rooms wait for each other. */
export const agentDefaults = {
  /**
   * A host whose address changed dials the others itself; where two changed at once, each waits for the other's word.
   * Within the 5 s of every heal, for a fraction of a millisecond each time.
   */
  hostRefreshMs: 2_000,
  /** Counters of the answering threads are brought over so often: as live as `weft status` has to be. */
  statsRefreshMs: 1_000,
  /** A thread answers in a millisecond; Prometheus gives up on a scrape after 10 s. */
  statsPatienceMs: 500,
  /** An engine that starts together with the agent is waited for so long before the host says that nothing runs on it. */
  enginePatienceMs: 3_000,
  /**
   * What the disk knows may be minutes old after a crash: a neighbour is waited for so long before it is answered. Links
   * to those who are there stand within a few hundred milliseconds.
   */
  meshPatienceMs: 1_000,
  /** Well below what a person notices at start. */
  pollMs: 10,
  /** A port that another program holds is tried for again; as often as an operator who watches would. */
  bindRetryMs: 2_000,
  /** A host that leaves while it is not linked waits so long for a link; its records would stay with the others else. */
  leaveLinkMs: 2_000,
  /** Time for the answer to `weft leave` to reach the operator. */
  leaveDelayMs: 100,
  /** As long as an agent may take to end (`cliDefaults.endWithinMs`): one that has not yielded by then hangs. */
  takeoverPatienceMs: 5_000,
} as const;

/** `weft up` without flags: the contract's own words. */
export const flagDefaults = {
  domain: 'weave.local',
  dnsPort: 53,
  /** Seconds; weaveDNS's own, so that a container that moves is found at its next question (traps 6 and 8). */
  ttlSeconds: 1,
  /** One thread answers more than 100,000 questions a second; a second one is for hosts that ask more. */
  dnsThreads: 1,
  /** More threads than the cores of any host seen in the field only cost memory (20 MB each). */
  maxDnsThreads: 64,
  /** One in a million is a line every ten seconds where 100,000 are asked a second. */
  maxQueryLogEvery: 1_000_000,
  /** Seconds; three days, for a host that is off over a weekend. Hosts of a fleet that grows and shrinks are gone sooner. */
  forgetAfterSeconds: 259_200,
  /** Seconds; a restart takes less, and must be no reason to forget (`restartGraceMs` is longer for one that said so). */
  minForgetAfterSeconds: 10,
  /** Seconds; a year, so that nobody's lab in a drawer is out of range. */
  maxForgetAfterSeconds: 31_536_000,
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
