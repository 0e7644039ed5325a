import { addDistributions, type Distribution, Histogram } from '../histogram.ts';
import { rcode, typeNames } from './wire.ts';

/** What one or several answering threads counted since they started; counters only grow. Serialisable. */
export interface DnsStats {
  /** Questions by type, such as `A`, and `other`. */
  readonly questions: Readonly<Record<string, number>>;
  /** Replies by response code, such as `NOERROR`; an empty answer of an existing name counts as `NODATA`. */
  readonly replies: Readonly<Record<string, number>>;
  readonly counts: Readonly<DnsCounts>;
  /** Seconds from the arrival of a question that was answered at once to its reply: as many as there were such. */
  readonly promptLatency: Distribution;
  /** The same for questions whose reply waited for upstreams. */
  readonly awaitedLatency: Distribution;
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

/** Upper bounds in seconds: from what an answer of ours takes to what a client's resolver waits for. */
const latencyBounds = [10e-6, 50e-6, 100e-6, 500e-6, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];
/**
 * What is answered at once is timed one in so many: reading the clock costs as much as a tenth of an answer. Odd,
 * because resolvers ask for A and AAAA in pairs.
 */
const sampleEvery = 17;

/** RFC 1035 section 4.1.1 and RFC 6891 section 9, by their number; what upstreams say beyond them is `other`. */
const codeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;
const typeSlots = 256;
const codeSlots = 16;
const emptySlot = codeSlots;
const badVersionSlot = codeSlots + 1;

/** Counts without labels made on the way: numbers in arrays, named when asked for. */
export class Counters {
  readonly counts: DnsCounts = noCounts();
  private readonly questions = new Float64Array(typeSlots);
  private readonly replies = new Float64Array(codeSlots + 2);
  private readonly prompt = new Histogram(latencyBounds);
  private readonly awaited = new Histogram(latencyBounds);
  /** So that the first question is timed. */
  private asked = sampleEvery - 1;
  private untimed = 0;
  private lastSeconds = 0;

  /** Counts a question; true when its reply should be timed. */
  question(type: number): boolean {
    const slot = type < typeSlots ? type : 0;
    this.questions[slot] = (this.questions[slot] ?? 0) + 1;
    this.asked = (this.asked + 1) % sampleEvery;
    return this.asked === 0;
  }

  reply(code: number, empty: boolean): void {
    const slot = empty ? emptySlot : code === rcode.BADVERS ? badVersionSlot : code & 0x0f;
    this.replies[slot] = (this.replies[slot] ?? 0) + 1;
  }

  /** Counts a question that was answered at once and not timed: it falls where the next one does that is. */
  answeredUntimed(): void {
    this.untimed++;
  }

  /** Counts one that was timed, and with it those before it. */
  answeredIn(ms: number): void {
    this.lastSeconds = ms / 1000;
    this.prompt.add(this.lastSeconds, this.untimed + 1);
    this.untimed = 0;
  }

  /** Counts a question whose reply waited for upstreams. */
  awaitedFor(ms: number): void {
    this.awaited.add(ms / 1000);
  }

  stats(): DnsStats {
    const known = Array.from(typeNames, ([type, name]) => [name, this.questions[type] ?? 0] as const);
    const all = this.questions.reduce((sum, count) => sum + count, 0);
    const other = all - known.reduce((sum, [, count]) => sum + count, 0);
    if (this.untimed > 0) this.prompt.add(this.lastSeconds, this.untimed);
    this.untimed = 0;
    return {
      questions: Object.fromEntries([...known, ['other', other]].filter(([, count]) => count !== 0)),
      replies: this.namedReplies(),
      counts: { ...this.counts },
      promptLatency: this.prompt.distribution(),
      awaitedLatency: this.awaited.distribution(),
    };
  }

  private namedReplies(): Record<string, number> {
    const of = (slot: number) => this.replies[slot] ?? 0;
    const others = this.replies.subarray(codeNames.length, codeSlots).reduce((sum, count) => sum + count, 0);
    return {
      ...Object.fromEntries(codeNames.map((name, code) => [name, of(code)])),
      NODATA: of(emptySlot),
      BADVERS: of(badVersionSlot),
      other: others,
    };
  }
}

/** The sum of what several threads counted. */
export function addStats(one: DnsStats, other: DnsStats): DnsStats {
  return {
    questions: addRecords(one.questions, other.questions),
    replies: addRecords(one.replies, other.replies),
    counts: { ...one.counts, ...addRecords({ ...one.counts }, { ...other.counts }) },
    promptLatency: addDistributions(one.promptLatency, other.promptLatency),
    awaitedLatency: addDistributions(one.awaitedLatency, other.awaitedLatency),
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
