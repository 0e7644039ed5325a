import { randomInt } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { flag, headerOctets, rcode } from '../wire.ts';
import type { Exchange } from './exchange.ts';
import { type Message, readMessage, word } from './message.ts';
import type { ForwardLimits, ForwardTimes } from './options.ts';
import { answers, type Question, writeQuery } from './question.ts';
import type { ForwardCounts } from './stats.ts';
import type { Upstream } from './upstream.ts';

/** What asking needs: the ways to upstreams, time, and where to count. */
export interface AskParts {
  readonly clock: Clock;
  readonly exchanges: { readonly udp: Exchange; readonly tcp: Exchange };
  readonly limits: ForwardLimits;
  readonly times: ForwardTimes;
  readonly counts: ForwardCounts;
  /** An upstream that was down has answered. */
  readonly recovered: () => void;
}

/** What came of asking one upstream. Every error declines: another upstream may know. */
export type AttemptEnd =
  | { readonly type: 'answer'; readonly message: Message }
  | { readonly type: 'declined'; readonly message: Message }
  | { readonly type: 'failed'; readonly problem: string; readonly silent: boolean };

/**
 * Asks one upstream: by UDP, and again from another port with another id when it is silent; by TCP once if the asker
 * came by TCP; again without EDNS if it chokes on that. Calls `ended` once, unless the returned function is called before.
 */
export function attempt(parts: AskParts, question: Question, upstream: Upstream, ended: (end: AttemptEnd) => void) {
  const one = new Attempt(parts, question, upstream, ended);
  return () => one.cancel();
}

class Attempt {
  readonly #parts: AskParts;
  readonly #question: Question;
  readonly #upstream: Upstream;
  readonly #ended: (end: AttemptEnd) => void;
  readonly #startedAt: number;
  /** Timers and sockets of this attempt. */
  readonly #held: (() => void)[] = [];
  #mismatches = 0;
  /** It is asked without EDNS. */
  #plain: boolean;
  /** It was asked with EDNS before, and choked on it. */
  #choked = false;
  #over = false;

  constructor(parts: AskParts, question: Question, upstream: Upstream, ended: (end: AttemptEnd) => void) {
    this.#parts = parts;
    this.#question = question;
    this.#upstream = upstream;
    this.#ended = ended;
    this.#startedAt = parts.clock.now();
    upstream.asked++;
    upstream.inFlight++;
    this.#plain = question.edns === undefined || upstream.isPlain(this.#startedAt);
    const { attemptMs, resendMs } = parts.times;
    this.#held.push(parts.clock.after(attemptMs, () => this.#fail('it did not answer in time', true)));
    if (question.transport === 'udp') this.#held.push(parts.clock.after(resendMs, () => this.#send()));
    this.#send();
  }

  cancel(): void {
    if (!this.#over) this.#upstream.inFlight--;
    this.#over = true;
    for (const free of this.#held.splice(0)) free();
  }

  #send(): void {
    const { exchanges, limits } = this.#parts;
    // RFC 5452 section 9.2: ids that nobody can guess, which the clock's chance does not promise.
    const id = randomInt(0x1_0000);
    const plain = this.#plain;
    const query = writeQuery(this.#question, id, plain ? undefined : limits.udpPayloadOctets);
    const exchange = exchanges[this.#question.transport];
    const end = exchange.ask(query, this.#upstream.endpoint, {
      heard: (reply) => this.#hear(reply, id, plain),
      failed: (problem) => this.#fail(problem),
    });
    this.#held.push(end);
  }

  #hear(reply: Uint8Array, id: number, plain: boolean): void {
    if (this.#over) return;
    const bare = isBareError(reply, id);
    if (!bare && !answers(reply, id, this.#question)) this.#mismatch();
    else if (!plain && choking.has((reply[3] ?? 0) & 0x0f)) this.#askPlainly();
    else if (bare) this.#fail('it answered with an error and no question');
    else this.#take(reply);
  }

  /** RFC 6891 section 7: whoever does not know EDNS says FORMERR or NOTIMP, and knows the question without it. */
  #askPlainly(): void {
    // A datagram that was sent twice is choked on twice.
    if (this.#plain) return;
    this.#plain = true;
    this.#choked = true;
    this.#send();
  }

  /** RFC 5452 section 9.1: what does not fit its question is ignored; when it keeps coming, somebody is guessing. */
  #mismatch(): void {
    this.#parts.counts.mismatched++;
    this.#mismatches++;
    const tcp = this.#question.transport === 'tcp';
    if (tcp || this.#mismatches >= this.#parts.limits.mismatches) this.#fail('its answers did not fit the question');
  }

  #take(reply: Uint8Array): void {
    const read = readMessage(reply);
    if (!read.ok) {
      this.#parts.counts.malformed++;
      this.#fail(`its answer ${read.problem}`);
      return;
    }
    const message = read.value;
    // A connection has room for all of it.
    if (this.#question.transport === 'tcp' && ((reply[2] ?? 0) & flag.TC) !== 0) {
      this.#fail('it cut its answer on a connection');
      return;
    }
    const { clock, times } = this.#parts;
    const now = clock.now();
    if (this.#choked && !choking.has(message.rcode)) this.#upstream.foundPlain(now + times.plainMs);
    if (message.rcode === rcode.REFUSED) this.#upstream.failed();
    else if (this.#upstream.answered(now - this.#startedAt)) this.#parts.recovered();
    this.#end({ type: answered.has(message.rcode) ? 'answer' : 'declined', message });
  }

  #fail(problem: string, silent = false): void {
    if (this.#over) return;
    this.#upstream.failed();
    this.#end({ type: 'failed', problem, silent });
  }

  #end(end: AttemptEnd): void {
    this.cancel();
    this.#ended(end);
  }
}

/** Of a server that does not know EDNS. */
const choking: ReadonlySet<number> = new Set([rcode.FORMERR, rcode.NOTIMP]);
/** RFC 2308 section 2.1, RFC 6672 section 3.3: these say something of the name; all others, of whoever was asked. */
const answered: ReadonlySet<number> = new Set([rcode.NOERROR, rcode.NXDOMAIN, rcode.YXDOMAIN]);

/** Some servers answer what they cannot or will not read with a header alone. */
function isBareError(reply: Uint8Array, id: number): boolean {
  const isReply = reply.length === headerOctets && ((reply[2] ?? 0) & 0x80) !== 0;
  return isReply && word(reply, 0) === id && ((reply[3] ?? 0) & 0x0f) !== rcode.NOERROR;
}
