import { every } from '../clock.ts';
import type { ContainerRecord, HostId, HostRecord, Name, StaticData, StaticRecord } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';
import type { Directory } from './directory.ts';
import { Disk } from './disk.ts';
import type { Merged } from './edit-collector.ts';
import { Exchange } from './exchange.ts';
import { Hearsay } from './hearsay.ts';
import { type HostLink, Hosts } from './hosts.ts';
import { toChunks } from './item.ts';
import { LiveDirectory } from './live-directory.ts';
import { OwnHost } from './own-host.ts';
import { Reception } from './reception.ts';
import type { ReplicaParts, ReplicaStats } from './replica-parts.ts';
import { StaticBook } from './static-book.ts';
import type { Edit } from './static-edit.ts';
import type { StaticsSummary } from './static-summary.ts';
import { alone, type Transport, type TransportHandler, type Verdict } from './transport.ts';

/**
 * What all hosts know, as this host knows it. It holds one single-writer document for each host and the shared static
 * records, tells the mesh what happens here, and takes in what happens elsewhere.
 *
 * Order of use: `attach` a transport (optional: without one it is alone), `await start()`, local writes, `await stop()`.
 * Nothing of this host is published before the first `replaceContainers`, or a short grace: until then the mesh keeps
 * what the former run said.
 */
export class Replica implements TransportHandler {
  readonly directory: Directory;
  /** What others tell of the links that they have. */
  readonly hearsay: Hearsay;
  readonly #parts: ReplicaParts;
  readonly #directory: LiveDirectory;
  readonly #hosts: Hosts;
  readonly #book: StaticBook;
  readonly #own: OwnHost;
  readonly #reception: Reception;
  readonly #disk: Disk;
  #exchange: Exchange;
  #transport: Transport = alone;
  #running = false;
  #cancels: Array<() => void> = [];

  constructor(parts: ReplicaParts) {
    const { signer, clock, options, storage } = parts;
    this.#parts = parts;
    this.#directory = new LiveDirectory(
      signer.hostId,
      (host) => this.#hosts.facts(host),
      (cause) => this.#stumbled(cause),
    );
    this.directory = this.#directory;
    this.#hosts = new Hosts(signer.hostId, clock, options, this.#directory);
    this.hearsay = new Hearsay(this.#hosts, () => this.#transport.neighbours());
    const isHost = (writer: HostId) => this.#hosts.knows(writer);
    this.#book = new StaticBook(signer, this.#directory, () => this.#own.epoch, isHost);
    this.#disk = new Disk(storage, this.#hosts, this.#book);
    this.#own = this.#createOwnHost();
    this.#reception = this.#createReception();
    this.#exchange = this.#createExchange();
  }

  /** Gives it the mesh. Call before `start`; the mesh may hand over events as soon as this returns. */
  attach(transport: Transport): void {
    this.#transport = transport;
    this.#exchange = this.#createExchange();
  }

  /** Loads what the disk has (as `stale`), begins a new epoch, and begins to beat. */
  async start(): Promise<void> {
    const { clock, options } = this.#parts;
    const pauseMs = () => this.#disk.pauseMs(options.saveAfterMs);
    const load = await this.#disk.load();
    const lastEpoch = await this.#disk.lastEpoch();
    this.#directory.batch(() => {
      load();
      this.#own.begin(lastEpoch);
    });
    this.#running = true;
    this.#cancels = [
      every(clock, options.doubtStepMs / 2, () => this.#safely(() => this.#look())),
      every(clock, options.compareMs, () => this.#exchange.compare()),
      every(clock, pauseMs, () => this.#disk.saveDirectory()),
      clock.after(options.listingGraceMs, () => this.#safely(() => this.#write(() => this.#own.speakUnlisted()))),
    ];
    this.#own.voice.start();
    for (const peer of this.#transport.neighbours()) this.linkUp(peer);
  }

  /**
   * Stops, saves, and tells the mesh why: `restart`: soon back, the containers run on, keep the records;
   * `leave`: withdraw them at once. May be called twice.
   */
  async stop(how: 'restart' | 'leave'): Promise<void> {
    if (!this.#running) return;
    this.#write(() => this.#own.voice.sayGathered());
    if (how === 'leave') this.#write(() => this.#own.leave());
    else this.#own.voice.beat(true);
    this.#running = false;
    this.#own.voice.stop();
    this.#exchange.stop();
    for (const cancel of this.#cancels) cancel();
    await Promise.all([this.#disk.saveDirectory(true), this.#disk.saveStatics()]);
  }

  /** Says what this host is; published with the containers, at once when they already are. */
  setHost(record: HostRecord): void {
    this.#write(() => this.#own.setHost(record));
  }

  /** The engine's full listing: exactly these containers run here. */
  replaceContainers(records: readonly ContainerRecord[]): void {
    this.#write(() => this.#own.replace(records));
  }

  /** A container that began or changed; whoever had its addresses until now was removed before, or shares them with it. */
  putContainer(record: ContainerRecord): void {
    this.#write(() => this.#own.put(record));
  }

  /** A container that ended; nothing happens when it is not known. */
  removeContainer(id: string): void {
    this.#write(() => this.#own.remove(id));
  }

  /** Adds static records for the whole mesh; one with the same name and data as an older one replaces it. */
  addStatic(records: readonly StaticRecord[]): Result<readonly StaticRecord[]> {
    const edits = this.#write(() => this.#book.add(records));
    if (edits.ok) this.#tellEdits(edits.value);
    return edits.ok ? accepted(records) : edits;
  }

  /** Removes a name's static records, or the one with this data, for the whole mesh; returns those it removed. */
  removeStatic(name: Name, data?: StaticData): Result<readonly StaticRecord[]> {
    const removal = this.#write(() => this.#book.remove(name, data));
    if (removal.ok) this.#tellEdits(removal.value.edits);
    return removal.ok ? accepted(removal.value.records) : removal;
  }

  /** Resolves when all static records are on the disk, as far as it takes any: whoever made one here may be told so. */
  kept(): Promise<void> {
    return this.#disk.saveStatics();
  }

  /** Drops a host that is gone for good, here and on all others that do not hear it either; refused for one that is heard. */
  forgetHost(id: HostId): Result<HostId> {
    if (id === this.#hosts.self) return refused('this host cannot forget itself; `weft leave` withdraws it');
    if (!this.#hosts.ids().has(id)) return refused(`host ${id} is not known here`);
    const epitaph = this.#hosts.epitaph(id);
    if (!this.#hosts.mayForget(epitaph)) return refused(this.#lives(id));
    this.#write(() => this.#hosts.forget(id));
    this.#own.voice.speakOf('forget', epitaph);
    return accepted(id);
  }

  /** Why a host cannot be forgotten: its next beat would bring it back. */
  #lives(id: HostId): string {
    const { name = id } = this.#directory.hosts().find((host) => host.id === id)?.record ?? {};
    const status = this.#hosts.liveness.status(id);
    return `host ${name} is ${status}, not gone: to withdraw it run \`weft leave\` there; to end only the link, forget its address`;
  }

  /** Whether it knows more than its disk did: a neighbour has told all it has, or the disk knew of nobody else. */
  get isConfirmed(): boolean {
    return this.#exchange.toldAll || this.#directory.hosts().every(({ status }) => status !== 'stale');
  }

  /** The links between other hosts, and theirs to this one, as those that made them say. */
  linksElsewhere(): readonly HostLink[] {
    return this.#hosts.linksElsewhere();
  }

  stats(): ReplicaStats {
    return {
      envelopes: this.#reception.ledger.envelopes(),
      offences: this.#reception.ledger.offences(),
      exchanges: this.#exchange.begun,
      exchangesFailed: this.#exchange.failed,
      delays: this.#reception.delays.distribution(),
      storedBytes: this.#hosts.storedBytes,
      staticRecords: this.#book.set.size,
      preserving: this.#hosts.liveness.preserving,
      duplicateIdentity: this.#own.isDuplicate,
    };
  }

  received(from: HostId, bytes: Uint8Array): Verdict {
    if (!this.#running) return 'known';
    return this.#safely(() => this.#reception.take(from, bytes)) ?? 'known';
  }

  async *answer(from: HostId, bytes: Uint8Array): AsyncIterable<Uint8Array> {
    if (this.#running) yield* toChunks(this.#reception.answer(from, bytes));
  }

  linkUp(peer: HostId): void {
    if (!this.#running) return;
    this.#own.voice.greet();
    this.#exchange.pullAll(peer);
  }

  linkDown(peer: HostId): void {
    this.#reception.manners.forget(peer);
    if (!this.#running) return;
    this.#hosts.liveness.suspect(peer);
    this.#exchange.ask([peer]);
  }

  /** Runs a local change; listeners hear of all of it at once. */
  #write<T>(change: () => T): T {
    return this.#directory.batch(change);
  }

  #tellEdits(edits: readonly Edit[]): void {
    for (const { envelope } of edits) this.#broadcast(envelope.bytes);
    void this.#disk.saveStatics();
  }

  #mergeStatics(edits: readonly Edit[], summary: StaticsSummary): Merged {
    const merged = this.#book.merge(edits, summary);
    for (let count = 0; count < merged.refused; count += 1) this.#reception.ledger.count('no room');
    this.#tellEdits(this.#book.again(merged.lost));
    return merged;
  }

  /** Looks who is alive, and asks about those who may not be. */
  #look(): void {
    const links = this.#transport.neighbours().length;
    const { suspects, doubtful } = this.#directory.batch(() => this.#hosts.look(links));
    if (suspects.length > 0) this.#exchange.ask(suspects);
    for (const host of doubtful) this.#own.voice.doubt({ host, ...this.#hosts.liveness.lastBeat(host) });
    this.#directory.batch(() => this.#hosts.expire());
  }

  #hash(): Uint8Array {
    return Buffer.concat([this.#hosts.hash(), this.#book.set.hash()]);
  }

  /** Runs what a timer or the mesh calls: our own mistakes end nothing. */
  #safely<T>(run: () => T): T | undefined {
    try {
      return run();
    } catch (cause) {
      this.#stumbled(cause);
      return undefined;
    }
  }

  #stumbled(cause: unknown): void {
    this.#parts.log.error({ err: cause }, 'replication stumbled; please report this');
  }

  #broadcast(bytes: Uint8Array): void {
    this.#safely(() => this.#transport.broadcast(bytes));
  }

  #createOwnHost(): OwnHost {
    return new OwnHost({
      ...this.#parts,
      hosts: this.#hosts,
      directory: this.#directory,
      disk: this.#disk,
      edited: () => this.#book.set.seen(this.#hosts.self),
      dialled: () => this.#transport.dialled(),
      broadcast: (bytes) => this.#broadcast(bytes),
      atomically: (run) => this.#safely(() => this.#write(run)),
    });
  }

  #createReception(): Reception {
    return new Reception({
      ...this.#parts,
      hosts: this.#hosts,
      book: this.#book,
      directory: this.#directory,
      own: this.#own,
      hearsay: this.hearsay,
      exchange: () => this.#exchange,
      hash: () => this.#hash(),
      edited: (lost) => this.#tellEdits(this.#book.again(lost)),
      blame: (peer, reason) => this.#transport.blame(peer, reason),
    });
  }

  #createExchange(): Exchange {
    return new Exchange({
      ...this.#parts,
      transport: this.#transport,
      hosts: this.#hosts,
      book: this.#book,
      directory: this.#directory,
      gate: this.#reception.gate,
      hash: () => this.#hash(),
      merge: (edits, summary) => this.#mergeStatics(edits, summary),
      blame: (peer, reason) => this.#reception.blame(peer, reason),
    });
  }
}
