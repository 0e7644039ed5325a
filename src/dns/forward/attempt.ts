import { randomInt } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { headerOctets, rcode } from '../wire.ts';
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
}

/** What came of asking one upstream. SERVFAIL and REFUSED decline: another upstream may know. */
export type AttemptEnd =
  | { readonly type: 'answer'; readonly message: Message }
  | { readonly type: 'declined'; readonly message: Message }
  | { readonly type: 'failed'; readonly problem: string };

/**
 * Asks one upstream: by UDP, and again from another port with another id when it is silent; by TCP once if the asker
 * came by TCP. Calls `ended` once, unless the returned function is called before.
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
  #over = false;

  constructor(parts: AskParts, question: Question, upstream: Upstream, ended: (end: AttemptEnd) => void) {
    this.#parts = parts;
    this.#question = question;
    this.#upstream = upstream;
    this.#ended = ended;
    this.#startedAt = parts.clock.now();
    upstream.asked++;
    upstream.inFlight++;
    const { attemptMs, resendMs } = parts.times;
    this.#held.push(parts.clock.after(attemptMs, () => this.#fail('it did not answer in time')));
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
    const query = writeQuery(this.#question, id, limits.udpPayloadOctets);
    const exchange = exchanges[this.#question.transport];
    const end = exchange.ask(query, this.#upstream.endpoint, {
      heard: (reply) => this.#hear(reply, id),
      failed: (problem) => this.#fail(problem),
    });
    this.#held.push(end);
  }

  #hear(reply: Uint8Array, id: number): void {
    if (this.#over) return;
    if (isBareError(reply, id)) this.#fail('it answered with an error and no question');
    else if (!answers(reply, id, this.#question)) this.#mismatch();
    else this.#take(reply);
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
    if (message.rcode === rcode.REFUSED) this.#upstream.failed();
    else this.#upstream.answered(this.#parts.clock.now() - this.#startedAt);
    const declined = message.rcode === rcode.SERVFAIL || message.rcode === rcode.REFUSED;
    this.#end({ type: declined ? 'declined' : 'answer', message });
  }

  #fail(problem: string): void {
    if (this.#over) return;
    this.#upstream.failed();
    this.#end({ type: 'failed', problem });
  }

  #end(end: AttemptEnd): void {
    this.cancel();
    this.#ended(end);
  }
}

/** Some servers answer what they cannot or will not read with a header alone. */
function isBareError(reply: Uint8Array, id: number): boolean {
  const isReply = reply.length === headerOctets && ((reply[2] ?? 0) & 0x80) !== 0;
  return isReply && word(reply, 0) === id && ((reply[3] ?? 0) & 0x0f) !== rcode.NOERROR;
}
