import type { ExtendedError } from '../draft.ts';
import { encodeError } from '../opt.ts';
import { extendedError, rcode } from '../wire.ts';
import type { Failure } from './failures.ts';
import type { Message } from './message.ts';
import type { Question } from './question.ts';
import type { RaceEnd } from './race.ts';
import { extendedErrors, ownOpt, passOn, type Reply, refuse } from './reply.ts';
import type { ForwardCounts } from './stats.ts';
import type { StoredReply } from './stored-reply.ts';

type RaceFailure = RaceEnd & { readonly type: 'failed' };

const { STALE_ANSWER, STALE_NXDOMAIN, PROHIBITED, NOT_SUPPORTED, OTHER } = extendedError;
const { NO_REACHABLE_AUTHORITY, NETWORK_ERROR, CACHED_ERROR } = extendedError;
const staleAnswer: ExtendedError = { code: STALE_ANSWER, text: 'upstreams do not answer' };
const staleNxdomain: ExtendedError = { code: STALE_NXDOMAIN, text: 'upstreams do not answer' };
const prohibited: ExtendedError = { code: PROHIBITED, text: 'this address may not ask for other names' };
const notSupported: ExtendedError = { code: NOT_SUPPORTED, text: 'questions of this type are not forwarded' };
const unreachable: ExtendedError = { code: NO_REACHABLE_AUTHORITY, text: 'no upstream answered' };
const unconfigured: ExtendedError = { code: NO_REACHABLE_AUTHORITY, text: 'there is no upstream to ask' };
const broken: ExtendedError = { code: NETWORK_ERROR, text: 'no upstream could be asked' };
const failedBefore: ExtendedError = { code: CACHED_ERROR, text: 'it failed a short while ago' };
const overloaded: ExtendedError = { code: OTHER, text: 'too many questions at once' };

/** What askers are told, and how often each of it was said. */
export class Replies {
  readonly #counts: ForwardCounts;
  readonly #udpPayloadOctets: number;
  readonly #staleTtlSeconds: number;

  constructor(counts: ForwardCounts, udpPayloadOctets: number, staleTtlSeconds: number) {
    this.#counts = counts;
    this.#udpPayloadOctets = udpPayloadOctets;
    this.#staleTtlSeconds = staleTtlSeconds;
  }

  /** An upstream's answer. */
  answered(question: Question, message: Message): Uint8Array {
    this.#counts.answered++;
    return this.#sent(passOn(message, question, this.#udpPayloadOctets));
  }

  recalled(question: Question, reply: StoredReply): Uint8Array {
    this.#counts.cached++;
    return this.#sent(reply.replyTo(question, this.#opt(question)));
  }

  stale(question: Question, reply: StoredReply): Uint8Array {
    this.#counts.stale++;
    const error = reply.rcode === rcode.NXDOMAIN ? staleNxdomain : staleAnswer;
    return this.#sent(reply.replyTo(question, this.#opt(question, error), this.#staleTtlSeconds));
  }

  /** What an upstream said in declining tells more than we could. */
  failed(question: Question, end: RaceFailure, hasUpstreams: boolean): Uint8Array {
    this.#counts.failed++;
    if (end.declined) return this.#sent(passOn(end.declined, question, this.#udpPayloadOctets));
    return this.#refuse(question, rcode.SERVFAIL, hasUpstreams ? errorOf(end) : unconfigured);
  }

  failedAgain(question: Question, { rcode: code, errors }: Failure): Uint8Array {
    this.#counts.failedAgain++;
    return this.#refuse(question, code, failedBefore, errors);
  }

  /** The asker may not ask. */
  refused(question: Question): Uint8Array {
    this.#counts.refused++;
    return this.#refuse(question, rcode.REFUSED, prohibited);
  }

  /** Nobody may ask this. */
  unsupported(question: Question): Uint8Array {
    return this.#refuse(question, rcode.REFUSED, notSupported);
  }

  /** By UDP silence makes the asker try again later; on a connection it would wait in vain. */
  dropped(question: Question): Uint8Array | undefined {
    return question.transport === 'tcp' ? this.#refuse(question, rcode.SERVFAIL, overloaded) : undefined;
  }

  #opt(question: Question, error?: ExtendedError): Uint8Array {
    return ownOpt(question, { udpPayloadOctets: this.#udpPayloadOctets, error });
  }

  #refuse(question: Question, code: number, error: ExtendedError, passed?: Uint8Array): Uint8Array {
    return refuse(question, code, { udpPayloadOctets: this.#udpPayloadOctets, error, passed });
  }

  #sent({ bytes, cut }: Reply): Uint8Array {
    if (cut) this.#counts.truncated++;
    return bytes;
  }
}

/** What stands for the next attempts: the upstream's words, or ours. */
export function failureOf(end: RaceFailure): Failure {
  const { declined } = end;
  if (declined) return { rcode: declined.rcode, errors: extendedErrors(declined) };
  return { rcode: rcode.SERVFAIL, errors: encodeError(errorOf(end)) };
}

/** What an asker without an upstream's own words is told: nobody answered, or nobody could be asked at all. */
function errorOf({ silent }: RaceFailure): ExtendedError {
  return silent ? unreachable : broken;
}
