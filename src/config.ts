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
export const watchDefaults = {} as const;

/** `src/api`: HTTP. */
export const apiDefaults = {} as const;

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
