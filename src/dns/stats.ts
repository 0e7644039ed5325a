/** What one or several answering threads counted since they started; counters only grow. Serialisable. */
export interface DnsStats {
  /** Questions by type, such as `A`, and `other`. */
  readonly questions: Readonly<Record<string, number>>;
  /** Replies by response code, such as `NOERROR`; an empty answer of an existing name counts as `NODATA`. */
  readonly replies: Readonly<Record<string, number>>;
  readonly udpQuestions: number;
  readonly tcpQuestions: number;
  /** Packets that deserved no reply: too short, or replies themselves. */
  readonly dropped: number;
  readonly malformed: number;
  readonly truncated: number;
  /** Replies to strangers that were withheld, and that were cut to make them prove their address by TCP. */
  readonly rateDropped: number;
  readonly rateTruncated: number;
  readonly forwarded: number;
  readonly compiled: number;
  readonly tcpConnections: number;
  readonly tcpRefused: number;
  readonly tcpTimedOut: number;
  /** Errors of sockets and of our own code that were survived. */
  readonly errors: number;
  /** Time from the arrival of a question to its reply: upper bounds in seconds and how many fell under each, cumulated. */
  readonly latency: LatencyHistogram;
}

/** In the shape Prometheus wants it. Own names are sampled, one in sixteen, each counted sixteenfold. */
export interface LatencyHistogram {
  readonly boundsSeconds: readonly number[];
  readonly counts: readonly number[];
  readonly sumSeconds: number;
  readonly count: number;
}
