import type { Clock } from '../clock.ts';
import type { Address, Domain, NameEntry, Network } from '../record.ts';
import { Answer, type CompiledFor, type Workshop } from './answer.ts';
import { AnswerTable, questionHash } from './answer-table.ts';
import type { Asked, Knowledge } from './asked.ts';
import { type Client, ClientBook } from './client.ts';
import { compose, dependsOnItselfOnly } from './composer.ts';
import { CookieJar } from './cookie.ts';
import type { Draft } from './draft.ts';
import { followElsewhere } from './elsewhere.ts';
import { explain } from './explain.ts';
import type { Explanation } from './explanation.ts';
import type { Asker, Forwarder } from './forwarder.ts';
import { Host } from './host.ts';
import { Layouts } from './layout.ts';
import { encodeOpt } from './opt.ts';
import type { DnsOptions } from './options.ts';
import { writeHeader } from './packet.ts';
import { Pages } from './pages.ts';
import { locate } from './place.ts';
import { type Check, check, Query } from './query.ts';
import { type Allowance, RateLimit } from './rate-limit.ts';
import { ReplyBuffers } from './reply-buffers.ts';
import { isReverse } from './reverse.ts';
import { Shuffle } from './shuffle.ts';
import { Counters } from './stats.ts';
import {
  extendedError,
  flag,
  headerOctets,
  maxMessageOctets,
  nameAt,
  plainUdpOctets,
  rcode,
  rrClass,
  rrType,
  zoneCutTypes,
} from './wire.ts';
import { containerAt, Zone } from './zone.ts';

/** Types that answers are kept for one by one; all others of a name share one empty answer. */
const keptTypes = Uint8Array.from({ length: 256 }, (_, type) => (isKept(type) ? type : 0));
/** Answers about names that may not exist are kept while nothing changes, and not more of them than this. */
const maxFleeting = 8192;

/** What a question leads to: a reply that holds until the next question unless a watched queue has it, one that is awaited, or nothing. */
export type Response = Buffer | Promise<Buffer | undefined> | undefined;

/** What listeners hand packets to. */
export type Answerer = Pick<Responder, 'counters' | 'respond' | 'watchQueue'>;

/** Answers packets with packets; the whole name server but for its sockets. */
export class Responder {
  readonly counters = new Counters();
  private readonly options: DnsOptions;
  private readonly forwarder: Forwarder;
  private readonly clock: Clock;
  private readonly domains: readonly [Domain, ...Domain[]];
  private readonly zone = new Zone<Answer>();
  private readonly query = new Query();
  private readonly lasting = new AnswerTable();
  private readonly fleeting = new AnswerTable();
  private readonly clients: ClientBook;
  private readonly cookies: CookieJar;
  private readonly rate: RateLimit;
  private readonly workshop: Workshop;
  private readonly serial: number;
  private readonly plainOpt: Uint8Array;
  private readonly secureOpt: Uint8Array;
  private host: Host;
  private generation = 1;

  constructor({ options, forwarder, clock }: { options: DnsOptions; forwarder: Forwarder; clock: Clock }) {
    const [primary, ...others] = options.domains;
    if (primary === undefined) throw new Error('a name server needs a domain');
    this.options = options;
    this.forwarder = forwarder;
    this.clock = clock;
    this.domains = [primary, ...others];
    this.host = new Host(options.hostId, []);
    this.clients = new ClientBook(this.host, (address) => containerAt(this.zone, this.host.id, address), options.allow);
    this.cookies = new CookieJar(Buffer.from(options.cookieSecret, 'hex'), () => Math.floor(clock.wallNow() / 1000));
    this.rate = new RateLimit(options.limits.strangerRepliesPerSecond, () => clock.now());
    this.workshop = {
      pages: new Pages(),
      layouts: new Layouts(),
      buffers: new ReplyBuffers(),
      shuffle: new Shuffle(clock.random() * 0xffffffff),
      payloadOctets: options.limits.udpPayloadOctets,
    };
    const { payloadOctets } = this.workshop;
    this.plainOpt = encodeOpt({ payloadOctets });
    this.secureOpt = encodeOpt({ payloadOctets, dnssecOk: true });
    this.serial = Math.floor(clock.wallNow() / 1000) >>> 0;
  }

  /** All at once between two questions, so that no answer mixes two states. */
  update(entries: readonly NameEntry[]): void {
    this.generation++;
    const forget = (address: Address) => this.clients.forget(address);
    for (const entry of entries) {
      const node = this.zone.put(entry, forget);
      if (node === undefined) continue;
      for (const answer of node.derived) answer.current = false;
      if (node.entry !== undefined) continue;
      for (const answer of node.derived) this.lasting.remove(answer);
      node.derived = [];
    }
  }

  /** Networks decide who asks and what is reachable: nothing compiled stays. */
  setNetworks(networks: readonly Network[]): void {
    this.host = new Host(this.options.hostId, networks);
    this.generation++;
    this.clients.setHost(this.host);
    this.lasting.clear();
    this.fleeting.clear();
    this.zone.forgetDerived();
  }

  /** Whether an address is this host's own, or on its networks: it may have questions forwarded. */
  isNear(address: string): boolean {
    return this.clients.of(address).near;
  }

  explain(name: string, from: string): Explanation {
    return explain(this.knowledge(), name, this.clients.of(from));
  }

  /** Answers one packet; throws only where a promise inside is broken. */
  respond(packet: Buffer, asker: Asker): Response {
    const { query, counters } = this;
    const found = query.read(packet);
    if (found !== check.fine) return this.decline(packet, found, asker);
    const timed = counters.question(query.type);
    const began = timed ? this.clock.now() : 0;
    if (query.class !== rrClass.IN)
      return this.declined(packet, asker, () => this.refuse(packet, rcode.REFUSED, asker));
    const client = this.clients.of(asker.address);
    const type = query.type < 256 ? (keptTypes[query.type] ?? 0) : 0;
    const response = this.answer(packet, type, client, asker);
    if (response instanceof Promise) return response;
    if (timed) counters.answeredIn(this.clock.now() - began);
    else counters.answeredUntimed();
    return response;
  }

  /** `length` tells how many replies wait in a socket's queue; the returned function says that the socket is gone. */
  watchQueue(length: () => number): () => void {
    return this.workshop.buffers.watch(length);
  }

  private answer(packet: Buffer, type: number, client: Client, asker: Asker): Response {
    if (this.isOfTopLevel(packet)) return this.forward(packet, client, asker);
    const known = this.find(type, client);
    const recalled = known === undefined ? this.recall(packet, client, asker) : undefined;
    if (recalled !== undefined) return recalled;
    const answer = known ?? this.compile(packet, type, client);
    if (answer === undefined) return this.forward(packet, client, asker);
    if (answer.elsewhere !== undefined) return this.follow(packet, type, client, asker);
    return this.limited(answer, packet, client, asker);
  }

  /**
   * Single labels never leave, but for the questions that a validating resolver climbs by: told that there is no `com`,
   * it would take every answer from below it for a forgery. No resolver asks them to find a container, and where there
   * is one of that name they are answered here like any other question about it.
   */
  private isOfTopLevel(packet: Buffer): boolean {
    const { query, domains, zone } = this;
    if (query.labels !== 1 || !zoneCutTypes.has(query.type)) return false;
    return locate(nameAt(packet, headerOctets), domains, zone)?.subject.type === 'unknown';
  }

  private find(type: number, client: Client): Answer | undefined {
    const { query } = this;
    const hash = questionHash(query.hash, type, client.group.id);
    let answer = this.lasting.find(hash, query.name, type, client.group.id);
    if (answer === undefined || !answer.current) {
      answer = this.fleeting.find(hash, query.name, type, client.group.id);
      if (answer === undefined || answer.generation !== this.generation) return undefined;
    }
    const { hidden } = answer;
    return hidden !== undefined && client.container !== undefined && hidden.has(client.container) ? undefined : answer;
  }

  /** Undefined where the name is not ours. */
  private compile(packet: Buffer, type: number, client: Client): Answer | undefined {
    const name = nameAt(packet, headerOctets);
    const known = this.knowledge();
    const place = locate(name, this.domains, this.zone);
    if (place === undefined) return undefined;
    this.counters.counts.compiled++;
    const asked = { name, place, type, client };
    const shared = compose(known, { ...asked, client: { ...client, container: undefined } });
    const own = client.container !== undefined && shared.hidden?.has(client.container);
    if (own) return new Answer(this.workshop, this.compiledFor(packet, asked), compose(known, asked));
    return this.keep(packet, asked, shared);
  }

  private keep(packet: Buffer, asked: Asked<Answer>, draft: Draft): Answer {
    const { query } = this;
    const question = this.compiledFor(packet, asked);
    const node = dependsOnItselfOnly(asked);
    const table = node ? this.lasting : this.fleeting;
    const known = table.find(question.hash, query.name, asked.type, question.group);
    if (known !== undefined) known.refresh(question, draft);
    else if (table === this.fleeting && table.size >= maxFleeting) table.clear();
    const answer = known ?? new Answer(this.workshop, question, draft);
    answer.generation = this.generation;
    if (known !== undefined) return known;
    table.add(answer);
    node?.derived.push(answer);
    return answer;
  }

  private compiledFor(packet: Buffer, { name, type, client }: Asked<Answer>): CompiledFor {
    const { query } = this;
    const group = client.group.id;
    const question = packet.subarray(headerOctets, query.questionEnd);
    return { hash: questionHash(query.hash, type, group), type, group, question, name };
  }

  /** The reply as it may be sent: strangers who ask too much get less. */
  private limited(answer: Answer, packet: Buffer, client: Client, asker: Asker): Buffer | undefined {
    const { counters, query } = this;
    const allowance = this.allowance(packet, client, asker);
    if (allowance !== 'reply') return this.less(packet, allowance);
    const reply = answer.reply(packet, query, this.limit(asker), this.cookieFor(packet, client.address));
    counters.reply(answer.rcode, answer.empty);
    if (((reply[2] ?? 0) & flag.TC) !== 0) counters.counts.truncated++;
    return reply;
  }

  /** Whoever proved its address, by a connection or a cookie, is no forged one. */
  private allowance(packet: Buffer, client: Client, asker: Asker): Allowance {
    if (!client.stranger || asker.transport === 'tcp' || this.hasValidCookie(packet, client.address)) return 'reply';
    return this.rate.take(client.address);
  }

  private less(packet: Buffer, allowance: 'truncated' | 'nothing'): Buffer | undefined {
    const { counts } = this.counters;
    if (allowance === 'truncated') counts.rateTruncated++;
    else counts.rateDropped++;
    return allowance === 'truncated' ? this.bare(packet, rcode.NOERROR, true, flag.TC) : undefined;
  }

  /** RFC 6891 section 6.2.5: 512 octets without EDNS; more only as far as no path cuts it. */
  private limit({ transport }: Asker): number {
    const { query, options } = this;
    if (transport === 'tcp') return maxMessageOctets;
    return query.hasOpt ? Math.min(query.udpPayload, options.limits.udpPayloadOctets) : plainUdpOctets;
  }

  /** The remembered answer to a question about a foreign name, straight into a reply. */
  private recall(packet: Buffer, client: Client, asker: Asker): Buffer | undefined {
    const { query, counters, forwarder, workshop } = this;
    // Whose a single label or an address is can change; whatever else the forwarder remembers is never ours.
    if (!client.near || query.labels < 2 || isReverse(packet, query.nameEnd)) return undefined;
    const opt = query.hasOpt ? this.opt(this.cookieFor(packet, client.address)) : noOctets;
    const recalled = forwarder.recall(packet, query, this.limit(asker) - opt.length);
    if (recalled === undefined) return undefined;
    counters.counts.forwarded++;
    const reply = recalled.reply(packet, query, opt, workshop.buffers);
    counters.reply((reply[3] ?? 0) & 0x0f, false);
    return reply;
  }

  private opt(cookie: Uint8Array | undefined): Uint8Array {
    const { dnssecOk } = this.query;
    if (cookie === undefined) return dnssecOk ? this.secureOpt : this.plainOpt;
    return encodeOpt({ payloadOctets: this.workshop.payloadOctets, dnssecOk, cookie });
  }

  private forward(packet: Buffer, client: Client, asker: Asker): Promise<Buffer | undefined> | Buffer | undefined {
    const allowance = this.allowance(packet, client, asker);
    if (allowance !== 'reply') return this.less(packet, allowance);
    return this.resolve(packet, client, asker);
  }

  private async resolve(packet: Buffer, client: Client, asker: Asker): Promise<Buffer | undefined> {
    const began = this.clock.now();
    this.counters.counts.forwarded++;
    const cookie = this.cookieFor(packet, client.address);
    const reply = await this.forwarder.resolve(this.withoutExtras(packet), asker, cookie);
    this.counters.awaitedFor(this.clock.now() - began);
    if (reply === undefined) return undefined;
    this.counters.reply(reply[3] ?? 0, false);
    return Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength);
  }

  /** The question and its OPT record: what else came with it belongs to this hop, and may be anything. */
  private withoutExtras(packet: Buffer): Buffer {
    const { hasExtras, hasOpt, questionEnd, optAt, optEnd } = this.query;
    if (!hasExtras) return packet;
    const opt = hasOpt ? packet.subarray(optAt, optEnd) : Buffer.alloc(0);
    const plain = Buffer.concat([packet.subarray(0, questionEnd), opt]);
    plain.writeUInt16BE(hasOpt ? 1 : 0, 10);
    return plain;
  }

  /** An alias that leaves our domains: what it leads to is asked upstream and follows it. */
  private async follow(packet: Buffer, type: number, client: Client, asker: Asker): Promise<Buffer | undefined> {
    const name = nameAt(packet, headerOctets);
    const place = locate(name, this.domains, this.zone);
    if (place === undefined) return undefined;
    const asked = { name, place, type, client };
    const began = this.clock.now();
    const draft = await followElsewhere(compose(this.knowledge(), asked), this.query.type, this.forwarder, asker);
    this.counters.awaitedFor(this.clock.now() - began);
    // Other packets were read meanwhile: this one is read again, which costs less than a copy of what was found.
    this.query.read(packet);
    const answer = new Answer(this.workshop, this.compiledFor(packet, asked), draft);
    return this.limited(answer, packet, client, asker);
  }

  private decline(packet: Buffer, found: Check, asker: Asker): Buffer | undefined {
    const { counts } = this.counters;
    switch (found) {
      case check.unknownOpcode:
        return this.declined(packet, asker, () => this.bare(packet, rcode.NOTIMP, false));
      case check.unknownVersion:
        return this.declined(packet, asker, () => this.refuse(packet, rcode.BADVERS, asker));
      case check.cookieOnly:
        return this.declined(packet, asker, () => this.refuse(packet, rcode.NOERROR, asker));
      case check.malformed:
        counts.malformed++;
        return this.declined(packet, asker, () => this.bare(packet, rcode.FORMERR, false));
      default:
        counts.dropped++;
        return undefined;
    }
  }

  /** Strangers get only so many of these, too; cut, they would say nothing. */
  private declined(packet: Buffer, asker: Asker, reply: () => Buffer): Buffer | undefined {
    const allowance = this.allowance(packet, this.clients.of(asker.address), asker);
    return allowance === 'reply' ? reply() : this.less(packet, 'nothing');
  }

  /** A reply without records, with the question and, where the asker has EDNS, with OPT. */
  private refuse(packet: Buffer, code: number, asker: Asker): Buffer {
    const { query, options } = this;
    const reply = this.bare(packet, code, query.questionEnd > headerOctets);
    if (!query.hasOpt) return reply;
    reply.writeUInt16BE(1, 10);
    const error = code === rcode.REFUSED ? { code: extendedError.NOT_SUPPORTED, text: 'class' } : undefined;
    const cookie = this.cookieFor(packet, asker.address);
    const { dnssecOk } = query;
    const payloadOctets = options.limits.udpPayloadOctets;
    return Buffer.concat([reply, encodeOpt({ payloadOctets, rcode: code, dnssecOk, error, cookie })]);
  }

  /** The header alone, or with the question. */
  private bare(packet: Buffer, code: number, withQuestion: boolean, flags = 0): Buffer {
    this.counters.reply(code, false);
    const reply = Buffer.alloc(withQuestion ? this.query.questionEnd : headerOctets);
    packet.copy(reply, 0, 0, 2);
    packet.copy(reply, headerOctets, headerOctets, reply.length);
    writeHeader(reply, code, [0, 0, 0], false);
    // RFC 1035 section 4.1.1: opcode and RD come back as they were.
    reply[2] = (reply[2] ?? 0) | ((packet[2] ?? 0) & (0x78 | flag.RD)) | flags;
    return reply;
  }

  private cookieFor(packet: Buffer, address: string): Buffer | undefined {
    const { cookieAt, cookieLength } = this.query;
    if (cookieLength === 0) return undefined;
    return this.cookies.answer(packet.subarray(cookieAt, cookieAt + cookieLength), address);
  }

  private hasValidCookie(packet: Buffer, address: string): boolean {
    const { cookieAt, cookieLength } = this.query;
    return cookieLength > 0 && this.cookies.isValid(packet.subarray(cookieAt, cookieAt + cookieLength), address);
  }

  private knowledge(): Knowledge<Answer> {
    const { options, domains, zone, host, serial } = this;
    return { options, domains, zone, host, serial };
  }
}

const noOctets = new Uint8Array(0);

function isKept(type: number): boolean {
  return Object.values(rrType).some((known) => known === type && known !== rrType.OPT);
}
