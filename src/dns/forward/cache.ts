import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import { flag, rcode, rrType } from '../wire.ts';
import { copyOf, long, type Message } from './message.ts';
import type { CacheLimits } from './options.ts';

/** An answer that is remembered, and how old it is. */
export interface Remembered {
  readonly message: Message;
  readonly ageSeconds: number;
  /** Past its time to live: only for when upstreams fail. */
  readonly stale: boolean;
  /** Upstreams failed to refresh it a short while ago: give it without asking them. */
  readonly resting: boolean;
}

interface Entry {
  readonly message: Message;
  readonly storedAt: number;
  readonly expiresAt: number;
  restsUntil: number;
}

/** Remembers answers by question: positive and negative ones by their times to live (RFC 2308), and stale ones a while longer (RFC 8767). */
export class Cache {
  readonly #clock: Clock;
  readonly #limits: CacheLimits;
  readonly #entries: LRUCache<string, Entry>;

  constructor(clock: Clock, limits: CacheLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#entries = new LRUCache({
      max: limits.entries,
      maxSize: limits.octets,
      sizeCalculation: ({ message }, key) => entryOctets(message) + key.length,
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  get octets(): number {
    return this.#entries.calculatedSize;
  }

  find(key: string): Remembered | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.#clock.now();
    if (now >= entry.expiresAt + this.#limits.staleSeconds * 1000) {
      this.#entries.delete(key);
      return undefined;
    }
    return {
      message: entry.message,
      ageSeconds: Math.floor((now - entry.storedAt) / 1000),
      stale: now >= entry.expiresAt,
      resting: now < entry.restsUntil,
    };
  }

  /** Keeps the answer if it may be kept; the one before goes in any case. Errors and cut answers change nothing. */
  keep(key: string, message: Message): void {
    if (!isFinal(message)) return;
    const ttl = timeToLive(message, this.#limits);
    if (ttl <= 0) {
      // What is known now is not what was known before, not even as a stale answer.
      this.#entries.delete(key);
      return;
    }
    const now = this.#clock.now();
    // A message read from a socket may be a view into a much larger buffer, which it would keep alive.
    const kept = { ...message, bytes: copyOf(message.bytes) };
    this.#entries.set(key, { message: kept, storedAt: now, expiresAt: now + ttl * 1000, restsUntil: 0 });
  }

  /** Notes that upstreams failed to refresh this answer. */
  rest(key: string): void {
    const entry = this.#entries.peek(key);
    if (entry) entry.restsUntil = this.#clock.now() + this.#limits.staleRetrySeconds * 1000;
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** How long an answer may be remembered, in seconds; 0 for not at all. */
export function timeToLive(message: Message, limits: CacheLimits): number {
  if (!isFinal(message)) return 0;
  const { bytes, records } = message;
  const lowest = Math.min(...records.map(({ ttlAt }) => secondsAt(bytes, ttlAt)), limits.maxTtlSeconds);
  if (!isNegative(message)) return lowest;
  const soa = records.find(({ section, type }) => section === 1 && type === rrType.SOA);
  // RFC 2308 section 5: a negative answer without an SOA must not be kept; with one, as long as its minimum says.
  if (soa === undefined) return 0;
  return Math.min(lowest, secondsAt(bytes, soa.end - 4), limits.maxNegativeTtlSeconds);
}

/** Whole, and an answer: neither an error nor cut short. */
function isFinal({ bytes, rcode: code }: Message): boolean {
  return ((bytes[2] ?? 0) & flag.TC) === 0 && (code === rcode.NOERROR || code === rcode.NXDOMAIN);
}

/** A record of about eight numbers for each one on the wire, and the entry around them. */
const recordObjectOctets = 100;
const entryObjectOctets = 300;

function entryOctets(message: Message): number {
  return entryObjectOctets + message.bytes.length + message.records.length * recordObjectOctets;
}

/** RFC 2308 section 2: no such name, or no record of the type that was asked for, also at the end of aliases. */
function isNegative({ bytes, nameEnd, records, rcode: code }: Message): boolean {
  const asked = ((bytes[nameEnd] ?? 0) << 8) | (bytes[nameEnd + 1] ?? 0);
  const answered = ({ section, type }: { section: number; type: number }) =>
    section === 0 && (type === asked || asked === rrType.ANY);
  return code === rcode.NXDOMAIN || !records.some(answered);
}

/** RFC 2181 section 8: a time to live with its highest bit set is zero. */
function secondsAt(bytes: Uint8Array, at: number): number {
  const seconds = long(bytes, at);
  return seconds > 0x7fff_ffff ? 0 : seconds;
}
