import { addressOctets } from './address-octets.ts';

/** What may be sent to a stranger. */
export type Allowance = 'reply' | 'truncated' | 'nothing';

/** Networks of strangers that are remembered; when there are more, all start anew. */
const maxBuckets = 10_000;
/** Every second reply above the limit is sent cut, so that a real asker behind a forged flood comes back by TCP. */
const slip = 2;
/** Whoever owns one address owns the others of such a network. */
const networkOctets = { ipv4: 3, ipv6: 7 } as const;

interface Bucket {
  tokens: number;
  filledAt: number;
  refused: number;
}

/** Limits the replies to strangers: with forged addresses they would be somebody else's flood. */
export class RateLimit {
  private readonly perSecond: number;
  private readonly now: () => number;
  private readonly buckets = new Map<string, Bucket>();

  /** `now` in milliseconds. */
  constructor(perSecond: number, now: () => number) {
    this.perSecond = perSecond;
    this.now = now;
  }

  take(address: string): Allowance {
    const bucket = this.bucket(networkOf(address));
    if (bucket.tokens >= 1) {
      bucket.tokens--;
      return 'reply';
    }
    bucket.refused++;
    return bucket.refused % slip === 0 ? 'truncated' : 'nothing';
  }

  private bucket(network: string): Bucket {
    const now = this.now();
    const known = this.buckets.get(network);
    if (known) {
      known.tokens = Math.min(this.perSecond, known.tokens + ((now - known.filledAt) * this.perSecond) / 1000);
      known.filledAt = now;
      return known;
    }
    if (this.buckets.size >= maxBuckets) this.buckets.clear();
    const bucket = { tokens: this.perSecond, filledAt: now, refused: 0 };
    this.buckets.set(network, bucket);
    return bucket;
  }
}

function networkOf(address: string): string {
  const octets = addressOctets(address);
  return octets.toString('latin1', 0, octets.length === 4 ? networkOctets.ipv4 : networkOctets.ipv6);
}
