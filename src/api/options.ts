import type { MetricsOptions } from './metrics/metrics.ts';

/** Limits of the API; `config.ts` gives each its default and reason. */
export interface ApiOptions extends MetricsOptions {
  /** The bearer token that addresses off this host ask for; without one such addresses are refused at start. */
  readonly token?: string;
  /** Octets of a request's body. */
  readonly bodyLimitBytes: number;
  /** From a connection's first octet to the end of a request's header, and to the end of its body. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How long a connection may wait for its next request. */
  readonly keepAliveMs: number;
  /** Connections at a time on each address. */
  readonly maxConnections: number;
  /** Requests a second of one TCP address, and how many of them may come at once. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** Watch streams at a time, over all addresses. */
  readonly maxWatchers: number;
  /** Between two comments on a watch stream on which nothing happens. */
  readonly heartbeatMs: number;
  /** Octets waiting for a watcher that does not read before it is cut off (it resumes). */
  readonly watcherBufferBytes: number;
  /** Changes of names kept to resume watch streams from and to tell the history of a name. */
  readonly changesKept: number;
  /** How long `stop` waits for requests under way. */
  readonly drainMs: number;
}
