import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import { EditCollector, type Merged } from './edit-collector.ts';
import type { Gate, Opened } from './gate.ts';
import type { Hosts } from './hosts.ts';
import { type Item, ItemReader } from './item.ts';
import { createUntold, type LiveDirectory } from './live-directory.ts';
import { Mending } from './mending.ts';
import type { ReplicaOptions } from './options.ts';
import { encodeRequest, type HostClock, type Request, type StaticsClock } from './request.ts';
import type { StaticBook } from './static-book.ts';
import type { Edit } from './static-edit.ts';
import type { StaticsSummary } from './static-summary.ts';
import type { Transport, Verdict } from './transport.ts';
import { WholePulls } from './whole-pulls.ts';

export interface ExchangeParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly options: ReplicaOptions;
  readonly hosts: Hosts;
  readonly book: StaticBook;
  readonly directory: LiveDirectory;
  readonly gate: Gate;
  /** The hash of all that is compared. */
  hash(): Uint8Array;
  /** A complete set of static records came. */
  merge(edits: readonly Edit[], summary: StaticsSummary): Merged;
  blame(peer: HostId, reason: string): void;
}

/** What is done with an item of an answer, and with its envelope. */
type Take = (item: Item, opened: Opened | undefined) => void;
type Pull = Extract<Request, { readonly type: 'pull' }>;

/** Other neighbours asked about a suspect besides the suspect itself: two that fail together are rare. */
const witnesses = 2;
/** Suspects in one question; the others have their turn in the next round. */
const maxAsked = 100;
/** Milliseconds that a neighbour has to find out why others have records that it has not. */
const provesWithinMs = 2_000;
/** Milliseconds between two fetches of one host's whole log for its length alone: it costs memory here, nothing else. */
const refreshMs = 30_000;
/** Milliseconds between two fetches of all static edits of one neighbour: what is puzzling then, the next comparison shows. */
const allEditsMs = 1_000;
/**
 * Milliseconds between two tellings of what a long answer brought: names are answered soon after they came, and the threads
 * that answer them take them over meanwhile.
 */
const tellEveryMs = 100;
/**
 * Items of an answer that are opened before they are taken in: to check one is done by then, and each that is open takes
 * its octets unpacked.
 */
const openedAhead = 4;
/** Milliseconds of work at a time on an answer; packed, a chunk holds the records of many hosts. */
const restEveryMs = 10;

/** Asks neighbours: for all they have, for what is missing, whether anything is, and whether somebody lives. */
export class Exchange {
  readonly mending: Mending;
  begun = 0;
  failed = 0;
  readonly #parts: ExchangeParts;
  readonly #refreshedAt = new Map<HostId, number>();
  readonly #allAskedAt = new Map<HostId, number>();
  readonly #pulling = new Set<HostId>();
  /** Those from whom everything is wanted once what is pulled from them now is here. */
  readonly #next = new Set<HostId>();
  readonly #whole: WholePulls;
  readonly #asking = new Set<HostId>();
  #stopped = false;
  /** A neighbour has told all it has since the start. */
  toldAll = false;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#whole = new WholePulls({
      clock: parts.clock,
      pull: async (peer, onNews) => {
        const done = await this.#pullWhole(peer, onNews);
        this.toldAll ||= done;
        return done;
      },
    });
    this.mending = new Mending({
      clock: parts.clock,
      hosts: parts.hosts,
      afterMs: parts.options.mendAfterMs,
      neighbours: () => parts.transport.neighbours(),
      // While everything is on its way from one neighbour, each sign of life shows that something is missing.
      isBusy: (peer) => this.#whole.flowing || this.#pulling.has(peer),
      pull: (peer, have, statics) => this.#pull(peer, { type: 'pull', whole: false, have, ...this.#statics(statics) }),
    });
  }

  stop(): void {
    this.#stopped = true;
    this.mending.stop();
    this.#whole.stop();
  }

  /** Whether a neighbour is telling all it has, much of which is news. */
  get catchingUp(): boolean {
    return this.#whole.flowing;
  }

  /** Everything the neighbour has and this host lacks; after what others are asked for already. */
  pullAll(peer: HostId): void {
    if (!this.#stopped) this.#whole.want(peer);
  }

  /** Everything, after the neighbour has had the time to finish what it does now. */
  pullSoon(peer: HostId): void {
    const { clock, options } = this.#parts;
    clock.after(options.mendAfterMs, () => this.pullAll(peer));
  }

  /** Fetches a host's whole log anew, now and then: its tail here got too long. */
  refresh(host: HostId, teller: HostId): void {
    const { clock, transport, hosts } = this.#parts;
    const neighbours = transport.neighbours();
    const peer = neighbours.includes(host) ? host : teller;
    const last = this.#refreshedAt.get(host) ?? Number.NEGATIVE_INFINITY;
    if (clock.now() - last < refreshMs || this.#pulling.has(peer)) return;
    this.#refreshedAt.set(host, clock.now());
    void this.#pull(peer, { type: 'pull', whole: false, have: [{ ...hosts.clock(host), sequence: 0 }] });
  }

  /** Compares with one neighbour at random, and pulls if they differ. */
  async compare(): Promise<void> {
    const [peer] = this.#pick(this.#parts.transport.neighbours(), 1);
    if (peer !== undefined) await this.#compareWith(peer);
  }

  async #compareWith(peer: HostId): Promise<void> {
    if (this.#stopped || this.#pulling.has(peer)) return;
    let same = true;
    await this.#request(peer, { type: 'compare', hash: this.#parts.hash() }, (item) => {
      if (item.type === 'verdict') same = item.same;
    });
    if (!same) this.pullAll(peer);
  }

  /** Asks the suspects themselves, and a few others, for a newer sign of life. */
  ask(suspects: readonly HostId[]): void {
    const { transport, hosts } = this.#parts;
    const neighbours = transport.neighbours();
    const others = neighbours.filter((peer) => !suspects.includes(peer));
    const asked = [...neighbours.filter((peer) => suspects.includes(peer)), ...this.#pick(others, witnesses)];
    const about = this.#pick(suspects, maxAsked).map((host) => hosts.clock(host));
    for (const peer of asked) void this.#askOne(peer, about);
  }

  async #askOne(peer: HostId, about: readonly HostClock[]): Promise<void> {
    if (this.#asking.has(peer)) return;
    this.#asking.add(peer);
    await this.#request(peer, { type: 'ask', about }, (...came) => this.#take(peer, ...came));
    this.#asking.delete(peer);
  }

  #statics(wanted: boolean): { readonly statics?: StaticsClock } {
    const { set } = this.#parts.book;
    return wanted ? { statics: { hash: set.hash(), seen: set.summary().seen } } : {};
  }

  async #pullWhole(peer: HostId, onNews: () => void): Promise<boolean> {
    const { hosts } = this.#parts;
    if (this.#pulling.has(peer)) this.#next.add(peer);
    const have = Array.from(hosts.ids(), (host) => hosts.clock(host));
    // Of hosts that have no place here, neighbours would tell each time anew.
    const whole = !hosts.isFull;
    const done = await this.#pull(peer, { type: 'pull', whole, have, ...this.#statics(true) }, onNews);
    if (done) hosts.liveness.confirm();
    return done;
  }

  async #pull(peer: HostId, request: Pull, onNews = () => {}): Promise<boolean> {
    if (this.#pulling.has(peer)) return false;
    this.#pulling.add(peer);
    const { done, items, edits } = await this.#fetch(peer, request, onNews);
    if (done && edits.isPuzzled) await this.#pullStatics(peer);
    this.#pulling.delete(peer);
    if (this.#next.delete(peer)) this.pullAll(peer);
    // Who tells all tells of itself; one that stops just now, or does not know the request, tells nothing.
    return done && (items > 0 || !request.whole);
  }

  /**
   * All static edits, also those before the newest that was seen here: some of them did not come with it. Whoever leaves
   * out records that none of its edits removes is compared with again soon: an honest one, that somebody kept them from,
   * fetches them upon that, and a liar is parted with.
   */
  async #pullStatics(peer: HostId): Promise<void> {
    const { book, blame, clock } = this.#parts;
    const now = clock.now();
    for (const [asked, at] of this.#allAskedAt) if (now - at >= allEditsMs) this.#allAskedAt.delete(asked);
    if (this.#allAskedAt.has(peer)) return;
    this.#allAskedAt.set(peer, now);
    const statics = { hash: book.set.hash(), seen: new Map() };
    const { done, edits } = await this.#fetch(peer, { type: 'pull', whole: false, have: [], statics });
    if (!done || !edits.isUnproven) return;
    blame(peer, 'unproven');
    clock.after(provesWithinMs, () => this.#compareWith(peer));
  }

  async #fetch(peer: HostId, request: Pull, onNews = () => {}) {
    const { gate, options, merge } = this.#parts;
    const edits = new EditCollector(gate, { from: peer, by: 'answer', ageMs: 0 }, options.maxStoredBytes, merge);
    let items = 0;
    const done = await this.#request(peer, { ...request, takesPacked: true }, (item, opened) => {
      items += 1;
      if (!edits.take(item) && this.#take(peer, item, opened) === 'new') onNews();
    });
    return { done, items, edits };
  }

  /** Runs one request; whatever goes wrong ends it and nothing else. */
  async #request(peer: HostId, request: Request, take: Take): Promise<boolean> {
    const { transport, clock, directory, gate, options, blame } = this.#parts;
    const reader = new ItemReader(2 * options.maxHostBytes);
    const untold = createUntold();
    let tellAt = clock.now() + tellEveryMs;
    let restAt = clock.now() + restEveryMs;
    this.begun += 1;
    try {
      for await (const chunk of transport.request(peer, encodeRequest(request))) {
        if (this.#stopped) return false;
        const items = reader.push(chunk);
        if (!items.ok) {
          blame(peer, items.problem);
          return false;
        }
        const ahead = items.value.slice(0, openedAhead).map((item) => gate.openAhead(item));
        for (const [index, item] of items.value.entries()) {
          const opened = await ahead.shift();
          const next = items.value[index + openedAhead];
          if (next !== undefined) ahead.push(gate.openAhead(next));
          directory.gather(untold, () => take(item, opened));
          if (clock.now() < restAt) continue;
          await new Promise<void>((resolve) => void clock.after(0, resolve));
          restAt = clock.now() + restEveryMs;
        }
        if (clock.now() < tellAt) continue;
        directory.tellSoFar(untold);
        tellAt = clock.now() + tellEveryMs;
      }
      return !this.#stopped;
    } catch {
      // The link broke or the neighbour took too long; the next sign of life or comparison tries again.
      this.failed += 1;
      return false;
    } finally {
      directory.tell(untold);
    }
  }

  #take(from: HostId, item: Item, opened: Opened | undefined): Verdict {
    const { gate, hosts } = this.#parts;
    if (item.type === 'envelope' || item.type === 'packed')
      return gate.admit(item, { from, by: 'answer', ageMs: 0 }, opened);
    if (item.type === 'heard') return gate.admit(item, { from, by: 'answer', ageMs: item.ageMs }, opened);
    if (item.type === 'forgotten' && hosts.mayForget(item)) hosts.forget(item.host);
    return 'known';
  }

  /** Up to `count` of them at random. */
  #pick<T>(from: readonly T[], count: number): T[] {
    const left = [...from];
    const picked: T[] = [];
    while (picked.length < count && left.length > 0)
      picked.push(...left.splice(Math.floor(this.#parts.clock.random() * left.length), 1));
    return picked;
  }
}
