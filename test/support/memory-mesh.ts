import type { Clock } from '../../src/clock.ts';
import type { Transport, TransportHandler } from '../../src/crdt/transport.ts';
import type { HostId } from '../../src/record.ts';

export interface MemoryNetOptions {
  /** The share of messages that vanish, 0 to 1; of requests and of chunks of answers, too: those break. */
  readonly loss?: number;
  /** A message takes from the first to the second number of milliseconds, each its own: so they overtake each other. */
  readonly delayMs?: readonly [number, number];
  /** Until a link that broke without a word is noticed, in milliseconds. */
  readonly noticeMs?: number;
  /** Until hosts that can reach each other have a link, at most. */
  readonly redialMs?: number;
  /** Until a request without an answer breaks off. */
  readonly requestTimeoutMs?: number;
}

const defaults = { loss: 0, delayMs: [1, 3], noticeMs: 3_000, redialMs: 300, requestTimeoutMs: 2_000 } as const;
/** A neighbour blamed this often is not linked with again. */
const maxOffences = 20;
/** Deliveries due within the same span of milliseconds share a timer: a mesh of many hosts has thousands under way. */
const quantumMs = 1;

/** A network in memory: hosts with links that can be cut, lossy, slow and out of order; time is the clock's. */
export class MemoryNet {
  readonly clock: Clock;
  options: Required<MemoryNetOptions>;
  readonly #meshes = new Map<HostId, MemoryMesh>();
  readonly #cuts = new Set<string>();
  /** Links that are about to be made or found broken. */
  readonly #settling = new Set<string>();
  readonly #due = new Map<number, Array<() => void>>();
  delivered = 0;
  deliveredBytes = 0;
  /** Who was to hand on a broadcast of another, whether or not anybody was left to hand it to. */
  readonly handedOn: HostId[] = [];

  constructor(clock: Clock, options: MemoryNetOptions = {}) {
    this.clock = clock;
    this.options = { ...defaults, ...options };
  }

  join(hostId: HostId): MemoryMesh {
    const mesh = new MemoryMesh(this, hostId);
    this.#meshes.set(hostId, mesh);
    return mesh;
  }

  /** Breaks or mends the way between two hosts; nobody is told. */
  cut(one: HostId, other: HostId, cut = true): void {
    if (cut) this.#cuts.add(pairKey(one, other));
    else this.#cuts.delete(pairKey(one, other));
    this.settle();
  }

  /** Leaves ways between hosts of the same group only. */
  partition(...groups: ReadonlyArray<readonly HostId[]>): void {
    this.#cuts.clear();
    const all = groups.flat();
    for (const one of all)
      for (const other of all)
        if (!groups.some((group) => group.includes(one) && group.includes(other))) this.#cuts.add(pairKey(one, other));
    this.settle();
  }

  /** Leaves ways between these pairs of hosts only. */
  cutAllBut(pairs: Iterable<readonly [HostId, HostId]>): void {
    const ways = new Set(Array.from(pairs, ([one, other]) => pairKey(one, other)));
    const all = [...this.#meshes.keys()];
    this.#cuts.clear();
    for (const [index, one] of all.entries())
      for (const other of all.slice(index + 1)) if (!ways.has(pairKey(one, other))) this.#cuts.add(pairKey(one, other));
    this.settle();
  }

  heal(): void {
    this.#cuts.clear();
    this.settle();
  }

  reaches(one: MemoryMesh, other: MemoryMesh): boolean {
    if (!one.up || !other.up || one === other || one.banned(other.hostId) || other.banned(one.hostId)) return false;
    return !this.#cuts.has(pairKey(one.hostId, other.hostId));
  }

  mesh(hostId: HostId): MemoryMesh | undefined {
    return this.#meshes.get(hostId);
  }

  /** Lets the links of one host follow what is reachable now. */
  settleOne(one: MemoryMesh): void {
    for (const other of this.#meshes.values()) if (other !== one) this.#settlePair(one, other);
  }

  /** The same of all. */
  settle(): void {
    const meshes = [...this.#meshes.values()];
    meshes.forEach((one, index) => {
      for (const other of meshes.slice(index + 1)) this.#settlePair(one, other);
    });
  }

  lost(): boolean {
    return this.clock.random() < this.options.loss;
  }

  /** Resolves after as long as one message takes. */
  passage(): Promise<void> {
    return new Promise((resolve) => this.deliver(resolve));
  }

  deliver(run: () => void): void {
    const [least, most] = this.options.delayMs;
    const at = Math.ceil((this.clock.now() + least + this.clock.random() * (most - least)) / quantumMs) * quantumMs;
    const due = this.#due.get(at);
    if (due !== undefined) {
      due.push(run);
      return;
    }
    this.#due.set(at, [run]);
    this.clock.after(at - this.clock.now(), () => {
      const runs = this.#due.get(at) ?? [];
      this.#due.delete(at);
      for (const each of runs) each();
    });
  }

  #settlePair(one: MemoryMesh, other: MemoryMesh): void {
    // A host that came back before its absence was noticed: its new link replaces the old one.
    if (this.reaches(one, other) && one.isLinked(other.hostId) !== other.isLinked(one.hostId))
      this.#link(one, other, false);
    const linked = one.isLinked(other.hostId) || other.isLinked(one.hostId);
    if (linked === this.reaches(one, other)) return;
    const change = `${linked ? 'break' : 'make'} ${pairKey(one.hostId, other.hostId)}`;
    if (this.#settling.has(change)) return;
    this.#settling.add(change);
    const wait = linked ? this.options.noticeMs : this.clock.random() * this.options.redialMs;
    this.clock.after(wait, () => {
      this.#settling.delete(change);
      if (linked !== this.reaches(one, other)) this.#link(one, other, !linked);
    });
  }

  #link(one: MemoryMesh, other: MemoryMesh, linked: boolean): void {
    one.setLink(other.hostId, linked);
    other.setLink(one.hostId, linked);
  }
}

/** One host's end of the network. */
export class MemoryMesh implements Transport {
  readonly hostId: HostId;
  readonly #net: MemoryNet;
  readonly #links = new Set<HostId>();
  readonly #offences = new Map<HostId, number>();
  #handler: TransportHandler | undefined;
  up = false;

  constructor(net: MemoryNet, hostId: HostId) {
    this.#net = net;
    this.hostId = hostId;
  }

  attach(handler: TransportHandler): void {
    this.#handler = handler;
  }

  start(): void {
    this.up = true;
    this.#net.settleOne(this);
  }

  /** Goes down; `told`: with a goodbye that all neighbours notice at once, else as a power-off. */
  stop(told = true): void {
    this.up = false;
    const links = [...this.#links];
    this.#links.clear();
    if (told) for (const peer of links) this.#net.mesh(peer)?.setLink(this.hostId, false);
    this.#net.settleOne(this);
  }

  broadcast(bytes: Uint8Array): void {
    this.#spread(bytes, new Set([this.hostId]));
  }

  neighbours(): readonly HostId[] {
    return [...this.#links];
  }

  dialled(): readonly HostId[] {
    return [...this.#links].filter((peer) => this.hostId < peer);
  }

  async *request(peer: HostId, bytes: Uint8Array): AsyncIterable<Uint8Array> {
    const handler = this.#links.has(peer) ? this.#net.mesh(peer)?.handler : undefined;
    if (handler === undefined) throw new Error(`no link to ${peer}`);
    await this.#cross(peer);
    this.#count(bytes);
    for await (const chunk of handler.answer(this.hostId, bytes.slice())) {
      await this.#cross(peer);
      this.#count(chunk);
      yield chunk.slice();
    }
    await this.#cross(peer);
  }

  blame(peer: HostId): void {
    this.#offences.set(peer, (this.#offences.get(peer) ?? 0) + 1);
    if (!this.banned(peer) || !this.#links.has(peer)) return;
    this.setLink(peer, false);
    this.#net.mesh(peer)?.setLink(this.hostId, false);
  }

  /** Whom this host blamed, and how often. */
  blamed(): { readonly peer: HostId; readonly count: number }[] {
    return Array.from(this.#offences, ([peer, count]) => ({ peer, count }));
  }

  banned(peer: HostId): boolean {
    return (this.#offences.get(peer) ?? 0) > maxOffences;
  }

  isLinked(peer: HostId): boolean {
    return this.#links.has(peer);
  }

  get handler(): TransportHandler | undefined {
    return this.#handler;
  }

  setLink(peer: HostId, linked: boolean): void {
    if (!this.up || linked === this.#links.has(peer)) return;
    if (linked) this.#links.add(peer);
    else this.#links.delete(peer);
    if (linked) this.#handler?.linkUp(peer);
    else this.#handler?.linkDown(peer);
  }

  /** Hands the bytes to every neighbour that nobody handed them to yet; those who call them new do the same. */
  #spread(bytes: Uint8Array, reached: Set<HostId>): void {
    for (const peer of this.#links) {
      if (reached.has(peer)) continue;
      reached.add(peer);
      if (!this.#net.lost()) this.#net.deliver(() => this.#net.mesh(peer)?.take(this, bytes, reached));
    }
  }

  take(from: MemoryMesh, bytes: Uint8Array, reached: Set<HostId>): void {
    if (!this.#net.reaches(from, this)) return;
    this.#count(bytes);
    const verdict = this.#handler?.received(from.hostId, bytes.slice());
    if (verdict !== 'new' && verdict !== 'later') return;
    this.#net.handedOn.push(this.hostId);
    this.#spread(bytes, reached);
  }

  /** One message over the link to a neighbour; throws where it gets lost. */
  async #cross(peer: HostId): Promise<void> {
    const lost = this.#net.lost();
    if (!lost) await this.#net.passage();
    const other = this.#net.mesh(peer);
    if (!lost && other !== undefined && this.#net.reaches(this, other)) return;
    await new Promise<void>((resolve) => this.#net.clock.after(this.#net.options.requestTimeoutMs, resolve));
    throw new Error(`the request to ${peer} timed out`);
  }

  #count(bytes: Uint8Array): void {
    this.#net.delivered += 1;
    this.#net.deliveredBytes += bytes.length;
  }
}

function pairKey(one: HostId, other: HostId): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}
