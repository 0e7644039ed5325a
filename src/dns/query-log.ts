import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Asker } from './forwarder.ts';
import { check, Query } from './query.ts';
import type { Answerer, Response } from './responder.ts';
import { headerOctets, nameAt, rcode, typeName } from './wire.ts';

export interface QueryLogParts {
  readonly answerer: Answerer;
  /** One question in so many is written down. */
  readonly every: number;
  readonly linesPerSecond: number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Writes down one question in so many, and what became of it. It stands before the answerer only where it was asked
 * for: without it, nothing looks whether there is one.
 */
export class QueryLog implements Answerer {
  readonly #parts: QueryLogParts;
  readonly #query = new Query();
  #unseen: number;
  #second = Number.NEGATIVE_INFINITY;
  #lines = 0;
  /** Questions that had their turn and were not written, since there were too many in that second. */
  #leftOut = 0;

  constructor(parts: QueryLogParts) {
    this.#parts = parts;
    this.#unseen = Math.floor(parts.clock.random() * parts.every);
  }

  get counters(): Answerer['counters'] {
    return this.#parts.answerer.counters;
  }

  watchQueue(length: () => number): () => void {
    return this.#parts.answerer.watchQueue(length);
  }

  respond(packet: Buffer, asker: Asker): Response {
    const { answerer, every, clock } = this.#parts;
    this.#unseen = (this.#unseen + 1) % every;
    if (this.#unseen !== 0 || !this.#hasRoom()) return answerer.respond(packet, asker);
    const question = this.#questionOf(packet);
    const began = clock.now();
    const response = answerer.respond(packet, asker);
    if (!(response instanceof Promise)) {
      this.#write(question, asker, response, began);
      return response;
    }
    return response.then((reply) => {
      this.#write(question, asker, reply, began);
      return reply;
    });
  }

  /** A log that is asked for too much would cost more than the answers, and fill the disk. */
  #hasRoom(): boolean {
    const second = Math.floor(this.#parts.clock.now() / 1000);
    if (second !== this.#second) this.#lines = 0;
    this.#second = second;
    this.#lines++;
    if (this.#lines <= this.#parts.linesPerSecond) return true;
    this.#leftOut++;
    return false;
  }

  #questionOf(packet: Buffer): { readonly name?: string; readonly type?: string } {
    if (this.#query.read(packet) !== check.fine) return {};
    return { name: nameAt(packet, headerOctets), type: typeName(this.#query.type) };
  }

  #write(question: object, { address, transport }: Asker, reply: Buffer | undefined, began: number): void {
    const microseconds = Math.round((this.#parts.clock.now() - began) * 1000);
    const leftOut = this.#leftOut > 0 ? { leftOut: this.#leftOut } : {};
    this.#leftOut = 0;
    const asker = { asker: address, transport };
    this.#parts.log.info({ ...question, ...asker, ...outcomeOf(reply), microseconds, ...leftOut }, 'question');
  }
}

/** RFC 1035 section 4.1.1: the code, and how many records the answer has. */
function outcomeOf(reply: Buffer | undefined): { readonly rcode?: string; readonly answers?: number } {
  if (reply === undefined) return {};
  const code = (reply[3] ?? 0) & 0x0f;
  const [name = `RCODE${code}`] = Object.entries(rcode).find(([, number]) => number === code) ?? [];
  return { rcode: name, answers: reply.readUInt16BE(6) };
}
