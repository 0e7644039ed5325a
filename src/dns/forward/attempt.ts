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
 * Asks one upstream: by UDP, and again from another port with another id when it is silent; by TCP if the asker came by
 * TCP, and by UDP as well when that leads nowhere; again without EDNS if it chokes on that. Nobody is asked the same more
 * than twice by one transport (RFC 9520 section 3.1 allows three). Calls `ended` once, unless the returned function is
 * called before.
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
  /** A question that came by TCP is asked by UDP as well: some upstreams have no TCP. */
  #fellBack = false;
  /** Which transports led nowhere, and why the first one did. */
  readonly #lost = new Map<Transport, string>();
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
    this.#held.push(parts.clock.after(resendMs, () => this.#again()));
    this.#send(question.transport);
  }

  cancel(): void {
    if (!this.#over) this.#upstream.inFlight--;
    this.#over = true;
    for (const free of this.#held.splice(0)) free();
  }

  #again(): void {
    if (this.#question.transport === 'udp') this.#send('udp');
    else this.#fallBack();
  }

  #fallBack(): void {
    if (this.#fellBack) return;
    this.#fellBack = true;
    this.#send('udp');
  }

  #send(transport: Transport): void {
    const { exchanges, limits } = this.#parts;
    // RFC 5452 section 9.2: ids that nobody can guess, which the clock's chance does not promise.
    const id = randomInt(0x1_0000);
    const plain = this.#plain;
    const query = writeQuery(this.#question, id, plain ? undefined : limits.udpPayloadOctets);
    const end = exchanges[transport].ask(query, this.#upstream.endpoint, {
      heard: (reply) => this.#hear(reply, { id, plain, transport }),
      failed: (problem) => this.#lose(problem, transport),
    });
    this.#held.push(end);
  }

  #hear(reply: Uint8Array, { id, plain, transport }: Sent): void {
    if (this.#over) return;
    const bare = isBareError(reply, id);
    if (!bare && !answers(reply, id, this.#question)) this.#mismatch(transport);
    else if (!plain && choking.has((reply[3] ?? 0) & 0x0f)) this.#askPlainly(transport);
    else if (bare) this.#fail('it answered with an error and no question');
    else this.#take(reply, transport);
  }

  /** RFC 6891 section 7: whoever does not know EDNS says FORMERR or NOTIMP, and knows the question without it. */
  #askPlainly(transport: Transport): void {
    // A datagram that was sent twice is choked on twice.
    if (this.#plain) return;
    this.#plain = true;
    this.#choked = true;
    this.#send(transport);
  }

  /** The transport failed: for a question by TCP there is another one. */
  #lose(problem: string, transport: Transport): void {
    this.#lost.set(transport, problem);
    const [first = problem] = this.#lost.values();
    if (this.#question.transport === 'udp' || this.#lost.size === 2) this.#fail(first);
    else if (transport === 'tcp') this.#fallBack();
  }

  /** RFC 5452 section 9.1: what does not fit its question is ignored; when it keeps coming, somebody is guessing. */
  #mismatch(transport: Transport): void {
    this.#parts.counts.mismatched++;
    this.#mismatches++;
    if (transport === 'tcp' || this.#mismatches >= this.#parts.limits.mismatches)
      this.#fail('its answers did not fit the question');
  }

  #take(reply: Uint8Array, transport: Transport): void {
    const read = readMessage(reply);
    if (!read.ok) {
      this.#parts.counts.malformed++;
      this.#fail(`its answer ${read.problem}`);
      return;
    }
    const message = read.value;
    // Whoever came by TCP wants all of it.
    if (this.#question.transport === 'tcp' && ((reply[2] ?? 0) & flag.TC) !== 0) {
      if (transport === 'tcp') this.#fail('it cut its answer on a connection');
      else this.#lose('its answer was cut', transport);
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

type Transport = Question['transport'];

/** How a question went out. */
interface Sent {
  readonly id: number;
  readonly plain: boolean;
  readonly transport: Transport;
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
