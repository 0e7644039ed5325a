import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import { questionHash } from '../answer-table.ts';
import { NameWords } from '../name-words.ts';
import type { Query } from '../query.ts';
import { flag, rcode, rrType } from '../wire.ts';
import { long, type Message } from './message.ts';
import type { CacheLimits } from './options.ts';
import { type Question, wishesOf } from './question.ts';
import { StoredReply } from './stored-reply.ts';

/** An answer that is remembered. */
export interface Remembered {
  readonly reply: StoredReply;
  /** Past its time to live: only for when upstreams fail. */
  readonly stale: boolean;
  /** Upstreams failed to refresh it a short while ago: give it without asking them. */
  readonly resting: boolean;
}

interface Entry {
  readonly key: string;
  readonly hash: number;
  readonly wishes: number;
  readonly reply: StoredReply;
  readonly storedAt: number;
  readonly expiresAt: number;
  restsUntil: number;
}

/** Remembers answers by question: positive and negative ones by their times to live (RFC 2308), and stale ones a while longer (RFC 8767). */
export class Cache {
  readonly #clock: Clock;
  readonly #limits: CacheLimits;
  readonly #entries: LRUCache<string, Entry>;
  /** The same entries for `recall`. Of those with one hash the last one is here; the others are found by their keys. */
  readonly #byHash = new Map<number, Entry>();
  /** Scratch for the hash of a name. */
  readonly #name = new NameWords();

  constructor(clock: Clock, limits: CacheLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#entries = new LRUCache({
      max: limits.entries,
      maxSize: limits.octets,
      sizeCalculation: ({ reply, key }) => entryObjectOctets + reply.heldOctets + key.length,
      dispose: (entry) => {
        if (this.#byHash.get(entry.hash) === entry) this.#byHash.delete(entry.hash);
      },
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  get octets(): number {
    return this.#entries.calculatedSize;
  }

  find({ key }: Question): Remembered | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.#clock.now();
    if (now >= entry.expiresAt + this.#limits.staleSeconds * 1000) {
      this.#entries.delete(key);
      return undefined;
    }
    this.#age(entry, now);
    return { reply: entry.reply, stale: now >= entry.expiresAt, resting: now < entry.restsUntil };
  }

  /** The fresh answer to the question that `query` read from `packet`, found without making anything. */
  recall(packet: Uint8Array, query: Query): StoredReply | undefined {
    const wishes = wishesOf(packet, query.dnssecOk);
    const entry = this.#byHash.get(questionHash(query.hash, query.type, wishes));
    if (entry === undefined || entry.wishes !== wishes || !entry.reply.answers(packet, query)) return undefined;
    const now = this.#clock.now();
    if (now >= entry.expiresAt) return undefined;
    // Once a second is often enough to say that it was used.
    if (this.#age(entry, now)) this.#entries.get(entry.key);
    return entry.reply;
  }

  /** Keeps the answer if it may be kept; the one before goes in any case. Errors and cut answers change nothing. */
  keep({ key, type, wishes }: Question, message: Message): void {
    if (!isFinal(message)) return;
    const ttl = timeToLive(message, this.#limits);
    if (ttl <= 0) {
      // What is known now is not what was known before, not even as a stale answer.
      this.#entries.delete(key);
      return;
    }
    const now = this.#clock.now();
    const hash = questionHash(this.#name.read(message.bytes, message.nameEnd), type, wishes);
    const reply = new StoredReply(message);
    const entry = { key, hash, wishes, reply, storedAt: now, expiresAt: now + ttl * 1000, restsUntil: 0 };
    this.#entries.set(key, entry);
    // What is larger than all may be was not kept.
    if (this.#entries.peek(key) === entry) this.#byHash.set(hash, entry);
  }

  /** Notes that upstreams failed to refresh this answer. */
  rest({ key }: Question): void {
    const entry = this.#entries.peek(key);
    if (entry) entry.restsUntil = this.#clock.now() + this.#limits.staleRetrySeconds * 1000;
  }

  clear(): void {
    this.#entries.clear();
  }

  /** True if it had to be aged. */
  #age({ reply, storedAt }: Entry, now: number): boolean {
    const seconds = Math.floor((now - storedAt) / 1000);
    if (seconds === reply.ageSeconds) return false;
    reply.ageTo(seconds);
    return true;
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

/** An entry, its reply, its places in two maps and a list. */
const entryObjectOctets = 500;

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
