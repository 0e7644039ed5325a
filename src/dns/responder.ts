import type { Clock } from '../clock.ts';
import type { Address, NameEntry, Network } from '../record.ts';
import { AnswerBook } from './answer-book.ts';
import type { Answer } from './answers.ts';
import { type Client, ClientBook } from './client.ts';
import { compose } from './composer.ts';
import { followElsewhere } from './elsewhere.ts';
import { explain } from './explain.ts';
import type { Explanation } from './explanation.ts';
import type { Asker, Forwarder } from './forwarder.ts';
import { Gate } from './gate.ts';
import type { DnsOptions } from './options.ts';
import { Outside } from './outside.ts';
import { type Check, check, Query } from './query.ts';
import { Refusals } from './refusals.ts';
import { Counters } from './stats.ts';
import { flag, rrClass, rrType, zoneCutTypes } from './wire.ts';

/** Types that answers are kept for one by one; all others of a name share one empty answer. */
const keptTypes = Uint8Array.from({ length: 256 }, (_, type) => (isKept(type) ? type : 0));

/** What a question leads to: a reply that holds until the next question unless a watched queue has it, one that is awaited, or nothing. */
export type Response = Buffer | Promise<Buffer | undefined> | undefined;

/** What listeners hand packets to. */
export type Answerer = Pick<Responder, 'counters' | 'respond' | 'watchQueue'>;

/** Answers packets with packets; the whole name server but for its sockets. */
export class Responder {
  readonly counters = new Counters();
  private readonly forwarder: Forwarder;
  private readonly clock: Clock;
  private readonly query = new Query();
  private readonly book: AnswerBook;
  private readonly clients: ClientBook;
  private readonly gate: Gate;
  private readonly refusals: Refusals;
  private readonly outside: Outside;

  constructor({ options, forwarder, clock }: { options: DnsOptions; forwarder: Forwarder; clock: Clock }) {
    const { query, counters } = this;
    this.forwarder = forwarder;
    this.clock = clock;
    this.book = new AnswerBook({ options, clock });
    this.clients = new ClientBook(this.book.host, (address) => this.book.containerAt(address), options.allow);
    this.gate = new Gate({ options, clock });
    this.refusals = new Refusals({ options, query, counters, gate: this.gate });
    const { gate, refusals } = this;
    const { buffers } = this.book.answers;
    const payloadOctets = options.limits.udpPayloadOctets;
    this.outside = new Outside({ forwarder, clock, query, counters, gate, refusals, buffers, payloadOctets });
  }

  /** All at once between two questions, so that no answer mixes two states. */
  update(entries: readonly NameEntry[]): void {
    this.book.update(entries, (address: Address) => this.clients.forget(address));
  }

  /** Networks decide who asks and what is reachable: nothing compiled stays. */
  setNetworks(networks: readonly Network[]): void {
    this.book.setNetworks(networks);
    this.clients.setHost(this.book.host);
  }

  /** Whether an address is this host's own, or on its networks: it may have questions forwarded. */
  isNear(address: string): boolean {
    return this.clients.of(address).near;
  }

  explain(name: string, from: string): Explanation {
    return explain(this.book.knowledge(), name, this.clients.of(from));
  }

  /** `length` tells how many replies wait in a socket's queue; the returned function says that the socket is gone. */
  watchQueue(length: () => number): () => void {
    return this.book.answers.buffers.watch(length);
  }

  /** Answers one packet; throws only where a promise inside is broken. */
  respond(packet: Buffer, asker: Asker): Response {
    const { query, counters } = this;
    const found = query.read(packet);
    if (found !== check.fine) return this.decline(packet, found, asker);
    const timed = counters.question(query.type);
    const began = timed ? this.clock.now() : 0;
    const client = this.clients.of(asker.address);
    if (query.class !== rrClass.IN) return this.refusals.otherClass(packet, client, asker);
    const response = this.answer(packet, client, asker);
    if (response instanceof Promise) return response;
    if (timed) counters.answeredIn(this.clock.now() - began);
    else counters.answeredUntimed();
    return response;
  }

  private decline(packet: Buffer, found: Exclude<Check, 0>, asker: Asker): Buffer | undefined {
    // Who sends what deserves no reply is not even remembered.
    if (found === check.drop) {
      this.counters.counts.dropped++;
      return undefined;
    }
    return this.refusals.decline(packet, found, this.clients.of(asker.address), asker);
  }

  private answer(packet: Buffer, client: Client, asker: Asker): Response {
    const { query, book, outside } = this;
    const type = query.type < keptTypes.length ? (keptTypes[query.type] ?? 0) : 0;
    if (this.isOfTopLevel(packet, client)) return outside.forward(packet, client, asker);
    const known = book.find(query, type, client);
    if (known !== undefined) return this.finish(known, packet, client, asker);
    const recalled = outside.recall(packet, client, asker);
    if (recalled !== undefined) return recalled;
    const asked = book.locate(packet, type, client);
    if (asked === undefined) return outside.forward(packet, client, asker);
    this.counters.counts.compiled++;
    return this.finish(book.compile(packet, query, asked), packet, client, asker);
  }

  /**
   * Single labels never leave, but for the questions that a validating resolver climbs by: told that there is no `com`,
   * it would take every answer from below it for a forgery. No resolver asks them to find a container, and where there
   * is one of that name they are answered here like any other question about it.
   */
  private isOfTopLevel(packet: Buffer, client: Client): boolean {
    const { query, book } = this;
    if (query.labels !== 1 || !zoneCutTypes.has(query.type)) return false;
    const subject = book.locate(packet, query.type, client)?.place.subject;
    return subject?.type === 'unknown' || (subject?.type === 'name' && subject.wildcard);
  }

  private finish(answer: Answer, packet: Buffer, client: Client, asker: Asker): Response {
    if (this.book.answers.endsElsewhere(answer)) return this.follow(packet, client, asker);
    return this.limited(answer, packet, client, asker);
  }

  /** The reply as it may be sent: strangers who ask too much get less. */
  private limited(answer: Answer, packet: Buffer, client: Client, asker: Asker): Buffer | undefined {
    const { counters, query, gate } = this;
    const { answers } = this.book;
    const allowance = gate.allowance(packet, query, client, asker);
    if (allowance !== 'reply') return this.refusals.less(packet, allowance, client);
    const cookie = gate.cookieFor(packet, query, client.address);
    const reply = answers.reply(answer, packet, query, gate.limit(query, asker), cookie);
    const { rcode, empty } = answers.layout(answer);
    counters.reply(rcode, empty);
    if (((reply[2] ?? 0) & flag.TC) !== 0) counters.counts.truncated++;
    return reply;
  }

  /** An alias that leaves our domains: what it leads to is asked upstream and follows it. */
  private async follow(packet: Buffer, client: Client, asker: Asker): Promise<Buffer | undefined> {
    const { query, book, clock } = this;
    const asked = book.locate(packet, keptTypes[query.type] ?? 0, client);
    if (asked === undefined) return undefined;
    const began = clock.now();
    const draft = await followElsewhere(compose(book.knowledge(), asked), query.type, this.forwarder, asker);
    this.counters.awaitedFor(clock.now() - began);
    // Other packets were read meanwhile: this one is read again, which costs less than a copy of what was found.
    query.read(packet);
    const reply = this.limited(book.compileOnce(packet, query, asked, draft), packet, client, asker);
    // Octets of its own: many that waited for one answer go on together, and are sent only after the last of them.
    return reply && Buffer.from(reply);
  }
}

function isKept(type: number): boolean {
  return Object.values(rrType).some((known) => known === type && known !== rrType.OPT);
}
