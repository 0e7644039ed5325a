import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import { kindOf } from './envelope.ts';
import type { Arrival, Gate } from './gate.ts';
import type { Hosts } from './hosts.ts';
import { type Item, ItemReader } from './item.ts';
import type { LiveDirectory } from './live-directory.ts';
import type { ReplicaOptions } from './options.ts';
import { encodeRequest, type HostClock, type Request } from './request.ts';
import type { StaticBook } from './static-book.ts';
import { decodeEdit, type Edit } from './static-edit.ts';
import type { StaticsSummary } from './statics.ts';
import type { Transport } from './transport.ts';

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
  merge(edits: readonly Edit[], summary: StaticsSummary): void;
  blame(peer: HostId, reason: string): void;
}

/** Other neighbours asked about a suspect besides the suspect itself: two that fail together are rare. */
const witnesses = 2;
/** Suspects in one question; the others have their turn in the next round. */
const maxAsked = 100;
/** Of three times that something is missing, one asks somebody else than who told of it. */
const elsewhere = 1 / 3;

/** Milliseconds between two fetches of one host's whole log for its length alone: it costs memory here, nothing else. */
const refreshMs = 30_000;

/** Milliseconds between two tellings of what a long answer brought: a joiner's name server compiles each name few times. */
const tellEveryMs = 100;

/** How far a host's log goes elsewhere, and who said so. */
interface Wanted {
  readonly epoch: number;
  readonly sequence: number;
  readonly peer: HostId;
}

/** Asks neighbours for what is missing here: at once all, then what the signs of life show to be missing. */
export class Exchange {
  readonly #parts: ExchangeParts;
  readonly #wanted = new Map<HostId, Wanted>();
  readonly #refreshedAt = new Map<HostId, number>();
  #staticsFrom: HostId | undefined;
  #cancelMend: (() => void) | undefined;
  readonly #pulling = new Set<HostId>();
  readonly #asking = new Set<HostId>();
  #stopped = false;
  begun = 0;
  failed = 0;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelMend?.();
  }

  /** Everything the neighbour has and this host lacks. */
  async pullAll(peer: HostId): Promise<void> {
    const { hosts, book } = this.#parts;
    if (this.#pulling.has(peer)) return;
    const have = Array.from(hosts.ids(), (host) => hosts.clock(host));
    const { seen } = book.set.summary();
    const request: Request = { type: 'pull', whole: true, have, statics: { hash: book.set.hash(), seen } };
    if (await this.#pull(peer, request)) hosts.liveness.confirm();
  }

  /** A host's log has more than is here, as `peer` showed; it may still come by itself. */
  want(host: HostId, epoch: number, sequence: number, peer: HostId): void {
    this.#wanted.set(host, { epoch, sequence, peer });
    this.#mendSoon();
  }

  /** Fetches a host's whole log anew, now and then: its tail here got too long. */
  refresh(host: HostId, teller: HostId): void {
    const now = this.#parts.clock.now();
    const peer = this.#whoHas(host, teller);
    if (peer === undefined || now - (this.#refreshedAt.get(host) ?? Number.NEGATIVE_INFINITY) < refreshMs) return;
    this.#refreshedAt.set(host, now);
    const clock = { ...this.#parts.hosts.clock(host), sequence: 0 };
    void this.#pull(peer, { type: 'pull', whole: false, have: [clock] });
  }

  /** Everything, after the neighbour has had the time to finish what it does now. */
  pullSoon(peer: HostId): void {
    const { clock, options } = this.#parts;
    clock.after(options.mendAfterMs, () => {
      if (!this.#stopped) void this.pullAll(peer);
    });
  }

  wantStatics(peer: HostId): void {
    this.#staticsFrom = peer;
    this.#mendSoon();
  }

  /** Compares with one neighbour at random, and pulls if they differ. */
  async compare(): Promise<void> {
    const peer = this.#anyNeighbour();
    if (peer === undefined || this.#pulling.has(peer)) return;
    let same = true;
    const request: Request = { type: 'compare', hash: this.#parts.hash() };
    await this.#request(peer, request, (item) => {
      if (item.type === 'verdict') same = item.same;
    });
    if (!same) await this.pullAll(peer);
  }

  /** Asks the suspects themselves, and a few others, for a newer sign of life. */
  ask(suspects: readonly HostId[]): void {
    const { transport, hosts } = this.#parts;
    const neighbours = transport.neighbours();
    const others = neighbours.filter((peer) => !suspects.includes(peer));
    const asked = [...neighbours.filter((peer) => suspects.includes(peer)), ...this.#pick(others, witnesses)];
    const about = this.#pick(suspects, maxAsked).map((host) => hosts.clock(host));
    for (const peer of new Set(asked)) void this.#askOne(peer, about);
  }

  async #askOne(peer: HostId, about: readonly HostClock[]): Promise<void> {
    if (this.#asking.has(peer)) return;
    this.#asking.add(peer);
    await this.#request(peer, { type: 'ask', about }, (item) => this.#take(peer, item));
    this.#asking.delete(peer);
  }

  #mendSoon(): void {
    const { clock, options } = this.#parts;
    if (this.#stopped) return;
    this.#cancelMend ??= clock.after(options.mendAfterMs, () => {
      this.#cancelMend = undefined;
      this.#mend();
    });
  }

  /** Pulls what is still missing, from those who showed it or from others. */
  #mend(): void {
    const { hosts } = this.#parts;
    const byPeer = new Map<HostId, HostClock[]>();
    for (const [host, { epoch, sequence, peer: teller }] of this.#wanted) {
      const peer = hosts.lacks(host, epoch, sequence) ? this.#whoHas(host, teller) : undefined;
      if (peer === undefined || this.#pulling.has(peer)) continue;
      byPeer.set(peer, [...(byPeer.get(peer) ?? []), hosts.clock(host)]);
    }
    this.#wanted.clear();
    const staticsPeer = this.#staticsFrom && this.#whoHas(undefined, this.#staticsFrom);
    this.#staticsFrom = undefined;
    for (const [peer, have] of byPeer)
      if (peer !== staticsPeer) void this.#pull(peer, { type: 'pull', whole: false, have });
    if (staticsPeer !== undefined) void this.#pullStatics(staticsPeer, byPeer.get(staticsPeer) ?? []);
  }

  async #pullStatics(peer: HostId, have: readonly HostClock[]): Promise<void> {
    const { set } = this.#parts.book;
    const statics = { hash: set.hash(), seen: set.summary().seen };
    await this.#pull(peer, { type: 'pull', whole: false, have, statics });
  }

  /** Who to ask for a host's log: mostly the host itself or whoever showed that there is more. */
  #whoHas(host: HostId | undefined, teller: HostId): HostId | undefined {
    const { transport, clock } = this.#parts;
    const neighbours = transport.neighbours();
    const best = [host, teller].find((peer) => peer !== undefined && neighbours.includes(peer));
    return best === undefined || clock.random() < elsewhere ? this.#anyNeighbour() : best;
  }

  async #pull(peer: HostId, request: Request): Promise<boolean> {
    if (this.#pulling.has(peer)) return false;
    this.#pulling.add(peer);
    const edits = new EditCollector(this.#parts, { from: peer, by: 'answer', ageMs: 0 });
    const done = await this.#request(peer, request, (item) => {
      if (!edits.take(item)) this.#take(peer, item);
    });
    this.#pulling.delete(peer);
    return done;
  }

  /** Runs one request; whatever goes wrong ends it and nothing else. */
  async #request(peer: HostId, request: Request, take: (item: Item) => void): Promise<boolean> {
    const { transport, clock, directory, options, blame } = this.#parts;
    const reader = new ItemReader(2 * options.maxHostBytes);
    let toldAt = clock.now();
    this.begun += 1;
    try {
      for await (const chunk of transport.request(peer, encodeRequest(request))) {
        if (this.#stopped) return false;
        const items = reader.push(chunk);
        if (!items.ok) {
          blame(peer, items.problem);
          return false;
        }
        directory.gather(() => items.value.forEach(take));
        if (clock.now() - toldAt < tellEveryMs) continue;
        toldAt = clock.now();
        directory.flush();
      }
      return !this.#stopped;
    } catch {
      // The link broke or the neighbour took too long; the next sign of life or comparison tries again.
      this.failed += 1;
      return false;
    } finally {
      directory.flush();
    }
  }

  #take(from: HostId, item: Item): void {
    const { gate, hosts } = this.#parts;
    if (item.type === 'envelope') gate.admit(item.bytes, { from, by: 'answer', ageMs: 0 });
    if (item.type === 'heard') gate.admit(item.bytes, { from, by: 'answer', ageMs: item.ageMs });
    if (item.type === 'forgotten' && hosts.mayForget(item)) hosts.forget(item);
  }

  #anyNeighbour(): HostId | undefined {
    return this.#pick(this.#parts.transport.neighbours(), 1)[0];
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

/** Keeps the edits of one answer until all of them are there: they are only true together. */
class EditCollector {
  readonly #parts: ExchangeParts;
  readonly #arrival: Arrival;
  readonly #edits: Edit[] = [];
  #room: number;

  constructor(parts: ExchangeParts, arrival: Arrival) {
    this.#parts = parts;
    this.#arrival = arrival;
    this.#room = parts.options.maxStoredBytes;
  }

  /** Whether the item was one for this collector. */
  take(item: Item): boolean {
    if (item.type === 'alive') this.#parts.merge(this.#edits, item.summary);
    if (item.type === 'envelope' && kindOf(item.bytes) === 'edit') this.#collect(item.bytes);
    return item.type === 'alive' || (item.type === 'envelope' && kindOf(item.bytes) === 'edit');
  }

  #collect(bytes: Uint8Array): void {
    this.#room -= bytes.length;
    const envelope = this.#room < 0 ? undefined : this.#parts.gate.inspect(bytes, this.#arrival);
    const edit = envelope && decodeEdit(envelope);
    if (edit?.ok) this.#edits.push(edit.value);
  }
}
