import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Asker, Forwarder, Recalled } from '../forwarder.ts';
import type { Query } from '../query.ts';
import type { AskParts } from './attempt.ts';
import { Cache } from './cache.ts';
import { Failures } from './failures.ts';
import { Flight, type FlightEnd } from './flight.ts';
import { Line } from './line.ts';
import type { Endpoint, ForwardOptions, UpstreamSource } from './options.ts';
import { OwnAddresses } from './own-addresses.ts';
import { Passengers } from './passengers.ts';
import { Permission, plainAddress } from './permission.ts';
import { circle, Probes } from './probe.ts';
import { isForNeighbours, type Question, readQuestion } from './question.ts';
import { failureOf, Replies } from './replies.ts';
import { Routes } from './routes.ts';
import { Source } from './source.ts';
import { createCounts, type ForwardCounts, type ForwardStats } from './stats.ts';
import type { StoredReply } from './stored-reply.ts';
import { TcpExchange } from './tcp-exchange.ts';
import { UdpExchange } from './udp-exchange.ts';
import { endpointText, type Upstream } from './upstream.ts';

/** What forwarding needs from outside. */
export interface ForwardParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Whether this address may ask, besides this host itself, the options' ranges and those of `setAllowed`. */
  readonly isAllowed?: (address: string) => boolean;
}

/** A forwarder that can be told more while it runs. */
export interface UpstreamForwarder extends Forwarder {
  /** Asks these from now on, or those of this file, and forgets what the former ones said. */
  setUpstreams(source: UpstreamSource): void;
  /** Lets these ranges ask, besides the host itself and the options' ranges; replaces those set before. */
  setAllowed(ranges: readonly string[]): void;
  stats(): ForwardStats;
}

/**
 * Passes questions on to upstream resolvers; opens nothing before `start`. It reads a query before `resolve` returns its
 * promise: the octets may be used for something else afterwards.
 */
export function createForwarder(options: ForwardOptions, parts: ForwardParts): UpstreamForwarder {
  return new UpstreamResolution(options, parts);
}

class UpstreamResolution implements UpstreamForwarder {
  readonly #options: ForwardOptions;
  readonly #log: Log;
  readonly #counts: ForwardCounts = createCounts();
  readonly #parts: AskParts;
  readonly #replies: Replies;
  readonly #udp = new UdpExchange();
  readonly #tcp: TcpExchange;
  readonly #cache: Cache;
  readonly #failures: Failures;
  readonly #line: Line;
  readonly #routes: Routes;
  readonly #permission: Permission;
  readonly #probes: Probes;
  readonly #source: Source;
  readonly #passengers = new Passengers();
  readonly #flights = new Map<string, Flight>();
  #followed: UpstreamSource;
  /** Counts changes of the upstreams: what was asked before one is not remembered after it. */
  #generation = 0;
  #running = false;

  constructor(options: ForwardOptions, { clock, log, isAllowed = () => false }: ForwardParts) {
    const { limits, times } = options;
    const own = new OwnAddresses(clock);
    const isOwn = (address: string) => own.has(address);
    this.#options = options;
    this.#replies = new Replies(this.#counts, limits.udpPayloadOctets, options.cache.staleTtlSeconds);
    this.#log = log;
    const { perConnection, idleConnections } = limits;
    this.#tcp = new TcpExchange(clock, { perConnection, idleConnections, idleMs: times.idleMs });
    this.#cache = new Cache(clock, options.cache);
    this.#failures = new Failures(clock, options.failed);
    const exchanges = { udp: this.#udp, tcp: this.#tcp };
    const recovered = () => this.#failures.clear();
    this.#parts = { clock, exchanges, limits, times, counts: this.#counts, recovered };
    this.#line = new Line(clock, limits, times.questionMs, this.#counts);
    this.#routes = new Routes({
      listen: options.listen,
      perDomain: options.perDomain,
      failures: limits.failures,
      isOwn,
    });
    this.#permission = new Permission(options.allowed, isOwn, isAllowed);
    const upstreams = () => this.#routes.upstreams;
    this.#probes = new Probes(this.#parts, options.loopToken, upstreams, (upstream) => this.#reportLoop(upstream));
    this.#source = new Source(clock, log, times.pollMs, (defaults) => this.#setDefaults(defaults));
    this.#followed = options.upstreams;
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#probes.start();
    this.#probeAll();
    await this.#source.follow(this.#followed);
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#source.stop();
    this.#probes.stop();
    this.#line.clear();
    for (const flight of [...this.#flights.values()]) flight.cancel();
    this.#udp.close();
    this.#tcp.close();
  }

  recall(packet: Uint8Array, query: Query, room: number): Recalled | undefined {
    const reply = this.#cache.recall(packet, query);
    if (reply === undefined || reply.octets > room) return undefined;
    this.#counts.questions++;
    this.#counts.cached++;
    return reply;
  }

  async resolve(query: Uint8Array, from: Asker, cookie?: Uint8Array): Promise<Uint8Array | undefined> {
    this.#counts.questions++;
    const question = readQuestion(query, from.transport, this.#options.limits.udpPayloadOctets, cookie);
    if (question === undefined) {
      this.#counts.unreadable++;
      return undefined;
    }
    if (this.#probes.isOurs(question)) return circle(question);
    if (!this.#permission.allows(from.address)) return this.#replies.refused(question);
    if (isForNeighbours(question)) return this.#replies.unsupported(question);
    const remembered = this.#cache.find(question);
    if (remembered && !remembered.stale) return this.#replies.recalled(question, remembered.reply);
    this.#counts.missed++;
    if (remembered?.resting) return this.#replies.stale(question, remembered.reply);
    const failure = remembered ? undefined : this.#failures.find(this.#key(question));
    if (failure) return this.#replies.failedAgain(question, failure);
    return this.#ask(question, plainAddress(from.address), remembered?.reply);
  }

  setUpstreams(source: UpstreamSource): void {
    this.#followed = source;
    if (this.#running) void this.#source.follow(source);
  }

  setAllowed(ranges: readonly string[]): void {
    this.#permission.setRanges([...this.#options.allowed, ...ranges]);
  }

  stats(): ForwardStats {
    return {
      counts: { ...this.#counts },
      upstreams: this.#routes.stats(this.#parts.clock.now()),
      skipped: this.#routes.skipped,
      cacheEntries: this.#cache.size,
      cacheOctets: this.#cache.octets,
      inFlight: this.#line.out,
      waiting: this.#line.waiting,
      idleConnections: this.#tcp.idleConnections,
    };
  }

  async #ask(question: Question, client: string, stale: StoredReply | undefined): Promise<Uint8Array | undefined> {
    const flight = this.#flightFor(question, client);
    const replies = this.#replies;
    if (flight === undefined) return stale ? replies.stale(question, stale) : replies.dropped(question);
    this.#passengers.enter(client);
    const end = stale ? await this.#orLate(flight.end) : await flight.end;
    this.#passengers.leave(client);
    if (end.type === 'answer') return replies.answered(question, end.message);
    if (stale) return replies.stale(question, stale);
    if (end.type !== 'failed') return replies.dropped(question);
    this.#log.debug({ problem: end.problem }, 'no upstream answered');
    return replies.failed(question, end, this.#hasUpstreams(question));
  }

  #hasUpstreams({ name }: Question): boolean {
    return this.#routes.find(name).length > 0;
  }

  /** Equal for questions that are asked of the same upstreams in the same way, and so by one of them for all. */
  #key({ transport, edns, key }: Question): string {
    return `${this.#generation} ${transport}${edns ? '+' : '-'}${key}`;
  }

  /** The flight this question joins or begins; undefined if it may do neither. */
  #flightFor(question: Question, client: string): Flight | undefined {
    const key = this.#key(question);
    const known = this.#flights.get(key);
    if (known) return this.#join(known, client);
    if (!this.#running) return undefined;
    return this.#takeOff(key, question, client);
  }

  /** As many as the line has places, in all and for each client: those that are out and those that wait. */
  #join(flight: Flight, client: string): Flight | undefined {
    const { perClient, inFlight, waiting } = this.#options.limits;
    if (this.#passengers.of(client) >= 2 * perClient) this.#counts.droppedPerClient++;
    else if (this.#passengers.all >= inFlight + waiting) this.#counts.droppedOverload++;
    else {
      this.#counts.joined++;
      this.#line.join(flight, client);
      return flight;
    }
    return undefined;
  }

  #takeOff(key: string, question: Question, client: string): Flight {
    const upstreams = () => this.#routes.find(question.name);
    const generation = this.#generation;
    const flight = new Flight(this.#parts, question, client, upstreams, (end, wasOut) => {
      this.#flights.delete(key);
      if (generation === this.#generation) this.#learn(key, question, end);
      if (wasOut) this.#line.leave(flight.client);
    });
    this.#flights.set(key, flight);
    this.#line.enter(flight);
    return flight;
  }

  #learn(key: string, question: Question, end: FlightEnd): void {
    if (end.type === 'answer') {
      this.#cache.keep(question, end.message);
      this.#failures.forget(key);
    }
    if (end.type !== 'failed') return;
    this.#cache.rest(question);
    // Where nobody is asked there is nobody to be spared.
    if (this.#hasUpstreams(question)) this.#failures.note(key, failureOf(end));
  }

  /** RFC 8767 section 5: whoever could have a stale answer waits for a fresh one only so long. */
  async #orLate(end: Promise<FlightEnd>): Promise<FlightEnd | { readonly type: 'late' }> {
    const late = Promise.withResolvers<{ readonly type: 'late' }>();
    const cancel = this.#parts.clock.after(this.#options.times.staleAfterMs, () => late.resolve({ type: 'late' }));
    const first = await Promise.race([end, late.promise]);
    cancel();
    return first;
  }

  #setDefaults(defaults: readonly Endpoint[]): void {
    const changed = this.#routes.setDefaults(defaults);
    // Other upstreams may see other names: what the former ones said no longer counts.
    if (changed) this.#generation++;
    if (changed) this.#cache.clear();
    if (changed) this.#failures.clear();
    const upstreams = this.#routes.upstreams.map(({ endpoint }) => endpointText(endpoint));
    const skipped = this.#routes.skipped;
    this.#log.info({ upstreams, skipped }, upstreams.length > 0 ? 'forwarding other names' : 'no upstreams');
    if (this.#running) this.#probeAll();
  }

  #probeAll(): void {
    for (const upstream of this.#routes.upstreams) this.#probes.probe(upstream);
  }

  #reportLoop({ endpoint }: Upstream): void {
    this.#log.warn({ upstream: endpointText(endpoint) }, 'this upstream asks us in turn; leaving it out');
  }
}
