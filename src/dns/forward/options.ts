/** A name server that questions are passed on to. */
export interface Endpoint {
  /** IPv4 or IPv6, the latter with its zone where it has one: `fe80::1%eth0`. */
  readonly address: string;
  readonly port: number;
}

/** Servers for one domain and all below it; the longest matching domain wins. */
export interface DomainUpstreams {
  readonly domain: string;
  readonly upstreams: readonly Endpoint[];
}

/** Upstreams that were named, or the file they are read from and followed live. */
export type UpstreamSource = readonly Endpoint[] | { readonly resolvConf: string };

/** All that forwarding is told when it starts; plain data, because it crosses to the answering threads. */
export interface ForwardOptions {
  readonly upstreams: UpstreamSource;
  readonly perDomain: readonly DomainUpstreams[];
  /** Ranges, `ADDRESS/LENGTH`, that may ask besides this host itself. */
  readonly allowed: readonly string[];
  /** Where this agent answers: never an upstream of its own. */
  readonly listen: readonly Endpoint[];
  /** The same text in all threads of an agent, so that one knows the loop probes of another; random where unset. */
  readonly loopToken?: string;
  readonly limits: ForwardLimits;
  readonly times: ForwardTimes;
  readonly cache: CacheLimits;
  readonly failed: FailureLimits;
}

/** Bounds on what forwarding may cost. */
export interface ForwardLimits {
  /** Questions that are out at upstreams at once, from everybody. */
  readonly inFlight: number;
  /** Questions that wait for one of those places or for the same answer; beyond it the oldest is dropped. */
  readonly waiting: number;
  /** Questions of one asker that are out or wait; beyond it the oldest that waits is dropped. */
  readonly perClient: number;
  /** Datagrams that do not fit their question before the one who was asked is given up: somebody is guessing. */
  readonly mismatches: number;
  /** Largest UDP reply in octets, to askers and from upstreams. */
  readonly udpPayloadOctets: number;
  /** Questions that are out at once on one TCP connection to an upstream. */
  readonly perConnection: number;
  /** Idle TCP connections kept for each upstream. */
  readonly idleConnections: number;
  /** Failures in a row after which an upstream is asked last. */
  readonly failures: number;
}

/** How long things may take, in milliseconds. */
export interface ForwardTimes {
  /** How long the first upstream has before the next one is asked too. */
  readonly headStartMs: number;
  /** A datagram without an answer is sent again, from another port, after this. */
  readonly resendMs: number;
  /** One upstream is given up after this. */
  readonly attemptMs: number;
  /** The whole question is given up after this. */
  readonly questionMs: number;
  /** A stale answer is given when no fresh one came within this (RFC 8767 section 5, client response timer). */
  readonly staleAfterMs: number;
  /** An upstream that failed, was slow or looped is probed this often. */
  readonly probeMs: number;
  /** An upstream that answers only without EDNS is asked so for this long. */
  readonly plainMs: number;
  /** An idle TCP connection to an upstream is closed after this. */
  readonly idleMs: number;
  /** The file with the upstreams is read again this often, whether or not the system told of a change. */
  readonly pollMs: number;
}

/** Bounds on what is remembered. */
export interface CacheLimits {
  readonly entries: number;
  readonly octets: number;
  /** Longest time to live of an answer, and of "there is no such name or type", in seconds. */
  readonly maxTtlSeconds: number;
  readonly maxNegativeTtlSeconds: number;
  /** How long after its end an answer may still be given while upstreams fail, in seconds. */
  readonly staleSeconds: number;
  /** The time to live that a stale answer carries, in seconds. */
  readonly staleTtlSeconds: number;
  /** After upstreams failed to refresh an answer it stays stale this long before they are asked again, in seconds. */
  readonly staleRetrySeconds: number;
}

/** Bounds on how long a failed question is not asked again (RFC 9520 section 3.2). */
export interface FailureLimits {
  readonly entries: number;
  /** After the first failure, in seconds; doubled each time ... */
  readonly firstSeconds: number;
  /** ... up to this. */
  readonly maxSeconds: number;
}
