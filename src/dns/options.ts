import type { Address, Cidr, Domain, HostId } from '../record.ts';
import type { ForwardOptions } from './forward/options.ts';

/** Where questions are answered, by UDP and TCP on the same port. Port 0 takes a free one, the same for both. */
export interface ListenAddress {
  readonly address: Address;
  readonly port: number;
}

/** All that the name server is told when it starts; plain data, because it crosses to the answering threads. */
export interface DnsOptions {
  /** At least one; every name exists in all of them, the first one is used in answers that spell a name. */
  readonly domains: readonly Domain[];
  readonly listen: readonly ListenAddress[];
  /** Time to live of records that set none. */
  readonly ttlSeconds: number;
  /** How long a cache may remember that there is no such name or type (RFC 2308). */
  readonly negativeTtlSeconds: number;
  /** Whether an answer holds every address of a name or the one whose turn it is; a container's label overrides it. */
  readonly answers: 'all' | 'one';
  /** This host: its containers are the ones that ask here. */
  readonly hostId: HostId;
  /** Ranges that are treated like this host's own containers: never rate limited. */
  readonly allow: readonly Cidr[];
  /** 16 octets in hexadecimal that cookies are made with: the same in all threads, and in a successor on the same port. */
  readonly cookieSecret: string;
  /** One question in so many is written to the log; 0 for none. */
  readonly queryLogEvery: number;
  readonly limits: DnsLimits;
  /** Handed to the forwarder of each thread as it is. */
  readonly forward: ForwardOptions;
}

/** Bounds on what askers may cost. */
export interface DnsLimits {
  /** Largest UDP reply, whatever the asker offers, in octets. */
  readonly udpPayloadOctets: number;
  readonly tcpConnections: number;
  readonly tcpConnectionsPerClient: number;
  /** Questions of one connection that wait for an answer; further ones are not read until one is done. */
  readonly tcpInFlightPerConnection: number;
  /** A connection without a question for this long is closed (RFC 7766 section 6.2.3). */
  readonly tcpIdleMs: number;
  /** A message that was begun must be complete within this time. */
  readonly tcpMessageMs: number;
  /** Replies a second to one network of strangers (IPv4 /24, IPv6 /56) before they are limited. */
  readonly strangerRepliesPerSecond: number;
  /** Lines of the query log a second, for each thread; what is beyond is only counted. */
  readonly queryLogLinesPerSecond: number;
  /** When stopping: how long replies that are still owed may take. */
  readonly drainMs: number;
}
