import { rrType } from './wire.ts';

/** What one or several answering threads counted since they started; counters only grow. Serialisable. */
export interface DnsStats {
  /** Questions by type, such as `A`, and `other`. */
  readonly questions: Readonly<Record<string, number>>;
  /** Replies by response code, such as `NOERROR`; an empty answer of an existing name counts as `NODATA`. */
  readonly replies: Readonly<Record<string, number>>;
  readonly counts: Readonly<DnsCounts>;
  /** Time from the arrival of a question to its reply. */
  readonly latency: LatencyHistogram;
}

/** Counters that have no label. */
export interface DnsCounts {
  udpQuestions: number;
  tcpQuestions: number;
  /** Packets that deserved no reply: too short, or replies themselves. */
  dropped: number;
  malformed: number;
  truncated: number;
  /** Replies to strangers that were withheld. */
  rateDropped: number;
  /** Replies to strangers that were cut, so that they prove their address by TCP. */
  rateTruncated: number;
  forwarded: number;
  /** Answers that were compiled. */
  compiled: number;
  tcpConnections: number;
  tcpRefused: number;
  tcpTimedOut: number;
  /** Errors of sockets and of our own code that were survived. */
  errors: number;
}

/** Upper bounds in seconds, and how many fell under each, cumulated, as Prometheus wants it. */
export interface LatencyHistogram {
  readonly boundsSeconds: readonly number[];
  readonly counts: readonly number[];
  readonly sumSeconds: number;
  readonly count: number;
}

/** From what an answer of ours takes to what a client's resolver waits for. */
const boundsSeconds = [10e-6, 50e-6, 100e-6, 500e-6, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];
/** Own names are timed one in so many: reading the clock costs as much as a tenth of an answer. */
const sampleEvery = 16;

const codeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;
const typeNames = Object.entries(rrType);
const typeSlots = 256;
const emptySlot = 15;

/** Counts without labels made on the way: numbers in arrays, named when asked for. */
export class Counters {
  readonly counts: DnsCounts = noCounts();
  private readonly questions = new Float64Array(typeSlots);
  private readonly replies = new Float64Array(emptySlot + 1);
  private readonly buckets = new Float64Array(boundsSeconds.length + 1);
  private sumSeconds = 0;
  private asked = 0;

  /** Counts a question; true when its reply should be timed. */
  question(type: number): boolean {
    const slot = type < typeSlots ? type : 0;
    this.questions[slot] = (this.questions[slot] ?? 0) + 1;
    this.asked = (this.asked + 1) % sampleEvery;
    return this.asked === 0;
  }

  reply(rcode: number, empty: boolean): void {
    const slot = empty ? emptySlot : rcode & 0x0f;
    this.replies[slot] = (this.replies[slot] ?? 0) + 1;
  }

  /** Counts what one reply took; `sampled` ones stand for those that were not timed. */
  took(ms: number, sampled: boolean): void {
    const seconds = ms / 1000;
    const weight = sampled ? sampleEvery : 1;
    const found = boundsSeconds.findIndex((bound) => seconds <= bound);
    const bucket = found < 0 ? boundsSeconds.length : found;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + weight;
    this.sumSeconds += seconds * weight;
  }

  stats(): DnsStats {
    const known = typeNames.map(([name, type]) => [name, this.questions[type] ?? 0] as const);
    const all = this.questions.reduce((sum, count) => sum + count, 0);
    const other = all - known.reduce((sum, [, count]) => sum + count, 0);
    const codes = codeNames.map((name, code) => [name, this.replies[code] ?? 0] as const);
    return {
      questions: Object.fromEntries([...known, ['other', other]].filter(([, count]) => count !== 0)),
      replies: Object.fromEntries([...codes, ['NODATA', this.replies[emptySlot] ?? 0]]),
      counts: { ...this.counts },
      latency: this.histogram(),
    };
  }

  private histogram(): LatencyHistogram {
    let total = 0;
    const counts = Array.from(this.buckets, (bucket) => {
      total += bucket;
      return total;
    });
    return { boundsSeconds, counts: counts.slice(0, -1), sumSeconds: this.sumSeconds, count: total };
  }
}

/** The sum of what several threads counted. */
export function addStats(one: DnsStats, other: DnsStats): DnsStats {
  return {
    questions: addRecords(one.questions, other.questions),
    replies: addRecords(one.replies, other.replies),
    counts: { ...one.counts, ...addRecords({ ...one.counts }, { ...other.counts }) },
    latency: {
      boundsSeconds: one.latency.boundsSeconds,
      counts: one.latency.counts.map((count, index) => count + (other.latency.counts[index] ?? 0)),
      sumSeconds: one.latency.sumSeconds + other.latency.sumSeconds,
      count: one.latency.count + other.latency.count,
    },
  };
}

/** What a thread counted that has answered nothing yet. */
export function noStats(): DnsStats {
  return new Counters().stats();
}

function addRecords(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Record<string, number> {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...keys].map((key) => [key, (one[key] ?? 0) + (other[key] ?? 0)]));
}

function noCounts(): DnsCounts {
  return {
    udpQuestions: 0,
    tcpQuestions: 0,
    dropped: 0,
    malformed: 0,
    truncated: 0,
    rateDropped: 0,
    rateTruncated: 0,
    forwarded: 0,
    compiled: 0,
    tcpConnections: 0,
    tcpRefused: 0,
    tcpTimedOut: 0,
    errors: 0,
  };
}
