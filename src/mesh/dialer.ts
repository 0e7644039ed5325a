import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import { isHostName } from './address.ts';
import type { Book } from './book.ts';
import { inTurn } from './dial-order.ts';
import { ExtraDials } from './extra-dials.ts';
import type { Hearsay } from './parts.ts';
import { type DialProblem, hungUp } from './problem.ts';
import { firstTryAt, nextTryAt, type RedialOptions } from './redial.ts';
import { type DialOutcome, newTarget, type Target } from './target.ts';

export interface DialerOptions extends RedialOptions {
  /** Up to so many hosts, this one included, each is linked with every other; beyond, with a few. */
  readonly fullMeshHosts: number;
  readonly linksWhenLarge: number;
  readonly connectTimeoutMs: number;
  readonly maxKnownPeers: number;
  readonly searchPerHostMs: number;
}

/** The links there are now. */
export interface DialerLinks {
  /** The hosts they lead to. */
  peers(): ReadonlySet<HostId>;
  /** How many of them this host dialled. */
  dialled(): number;
}

export interface DialerParts {
  readonly self: HostId;
  readonly clock: Clock;
  readonly options: DialerOptions;
  /** Never throws. */
  readonly dial: (target: Target) => Promise<DialOutcome>;
  readonly links: DialerLinks;
  readonly hearsay: Hearsay;
}

/** Dials at the same time: enough to find a full mesh at once, few enough to leave sockets for everybody else. */
const maxParallelDials = 16;
/** After so many failures it may be another host by now that has an address that an operator gave. */
const trustedFailures = 3;
/** A name that leads to this host is looked up again after so many milliseconds: it may be moved to another host. */
const selfAgainMs = 30_000;

/** Decides whom to dial and when; opens no socket itself. */
export class Dialer {
  readonly #parts: DialerParts;
  readonly #extra: ExtraDials;
  readonly #targets = new Map<string, Target>();
  #cancelTimer = () => {};
  #cancelSoon: (() => void) | undefined;
  /** The dials under way, and when each began. */
  readonly #dialling = new Map<Target, number>();
  #running = false;

  constructor(parts: DialerParts) {
    this.#parts = parts;
    this.#extra = new ExtraDials({
      ...parts,
      hosts: () => this.#hosts().length,
      isContent: () => this.#room(parts.links.peers().size) <= 0,
      chosen: () => parts.links.dialled() + this.#hopefulUntil().length,
      missing: () => this.#missing().filter(({ state }) => state !== 'connecting'),
      dial: (target) => void this.#dial(target),
    });
  }

  start(): void {
    this.#running = true;
    this.#extra.start();
    this.review();
  }

  stop(): void {
    this.#running = false;
    this.#cancelTimer();
    this.#extra.stop();
    this.#cancelSoon?.();
  }

  /** Dials an operator's address from now on. */
  addSeed(address: string): void {
    const target = this.#targets.get(address) ?? this.#add(address, true, undefined, [address]);
    target.nextTryAtMs = this.#parts.clock.now();
    for (const host of this.#hosts()) if (host.addresses.includes(address)) host.forgotten = false;
    this.review();
  }

  /** False where nobody gave that address. */
  dropSeed(address: string): boolean {
    return this.#targets.delete(address);
  }

  /** Dials a host of the mesh from now on, as far as links are needed; false where that is nothing new. */
  learn(host: HostId, addresses: readonly string[]): boolean {
    const known = this.#targets.get(host);
    if (known !== undefined && known.addresses.join() === addresses.join()) return false;
    if (known === undefined && this.#isFull()) return false;
    const target = known ?? this.#add(host, false, host, addresses);
    target.addresses = addresses;
    target.proven ||= this.#parts.links.peers().has(host);
    target.failures = 0;
    target.nextTryAtMs = firstTryAt(host, this.#parts);
    this.#reviewSoon();
    return true;
  }

  /** False where the host was not known. */
  unlearn(host: HostId): boolean {
    return this.#targets.delete(host);
  }

  /** Does not dial a host any more, whatever is learnt of it, until `welcome` or an operator's word; nor its seeds. */
  forget(host: HostId): void {
    for (const [key, { seed, peer }] of this.#targets) if (seed && peer === host) this.#targets.delete(key);
    const target = this.#targets.get(host) ?? this.#add(host, false, host, []);
    target.forgotten = true;
  }

  /** Says that a host linked with us: it is there, and not to be forgotten. False where that is nothing new. */
  welcome(host: HostId): boolean {
    for (const target of this.#targetsOf(host)) Object.assign(target, { failures: 0, problem: undefined });
    const target = this.#targets.get(host);
    if (target === undefined || (target.proven && !target.forgotten)) return false;
    Object.assign(target, { proven: true, forgotten: false });
    return true;
  }

  /** Hosts of the mesh that can be dialled at this address, as they say themselves, and who answered there last. */
  hostsAt(address: string): HostId[] {
    return [...this.#targets.values()].flatMap(({ peer, addresses }) =>
      peer && addresses.includes(address) ? [peer] : [],
    );
  }

  /**
   * Says that a host's link broke: it is dialled again soon, first by the host with the lower id; one that broke before
   * it was `up` is as good as none.
   */
  lost(host: HostId, up: boolean): void {
    const { clock } = this.#parts;
    for (const target of this.#targetsOf(host)) {
      if (!up) this.#failed(target, hungUp(target.addresses[0] ?? target.key));
      else Object.assign(target, { state: 'retrying', failures: 0, problem: 'the link broke', sinceMs: clock.now() });
      if (up) target.nextTryAtMs = firstTryAt(host, this.#parts);
    }
    this.review();
  }

  /** The targets that no link leads to, as far as links are wanted: for operators. */
  wanted(): readonly Target[] {
    const missing = this.#missing().filter(({ ours }) => !ours);
    if (this.#room(this.#parts.links.peers().size) > 0) return missing;
    return missing.filter(({ seed, state }) => seed || state === 'connecting');
  }

  /** Every host of the mesh and where it can be dialled, and those to forget, for the next start. */
  book(): Omit<Book, 'seeds'> {
    const hosts = this.#hosts().flatMap((target) =>
      target.peer === undefined ? [] : [{ ...target, peer: target.peer }],
    );
    return {
      peers: new Map(hosts.filter(({ forgotten }) => !forgotten).map(({ peer, addresses }) => [peer, addresses])),
      forgotten: hosts.filter(({ forgotten }) => forgotten).map(({ peer }) => peer),
      proven: hosts.filter(({ proven }) => proven).map(({ peer }) => peer),
    };
  }

  /** Dials whoever is due, as far as links are wanted, and sets the timer for the next. */
  review(): void {
    if (!this.#running) return;
    const now = this.#parts.clock.now();
    const room = this.#room(this.#parts.links.peers().size);
    // Whoever is at an address that nobody answered at yet may belong to a mesh that this one knows nothing of.
    const open = this.#missing().filter(
      ({ state, seed, peer }) => state !== 'connecting' && (room > 0 || (seed && peer === undefined)),
    );
    const due = open.filter(({ nextTryAtMs }) => nextTryAtMs <= now);
    const free = Math.max(0, Math.min(maxParallelDials - this.#dialling.size, room > 0 ? room : maxParallelDials));
    for (const target of inTurn(due, this.#parts).slice(0, free)) this.#dial(target);
    this.#cancelTimer();
    // A dial under way reviews when it ends; so only what is not due yet needs a timer, and room that it leaves before.
    const later = free > 0 ? open.map(({ nextTryAtMs }) => nextTryAtMs).filter((at) => at > now) : [];
    const next = Math.min(...later, ...this.#hopefulUntil());
    if (next < Number.POSITIVE_INFINITY) this.#cancelTimer = this.#parts.clock.after(next - now, () => this.review());
  }

  /** Once for all hosts that are learnt of together: a joiner learns of a thousand within seconds. */
  #reviewSoon(): void {
    if (!this.#running) return;
    this.#cancelSoon ??= this.#parts.clock.after(0, () => {
      this.#cancelSoon = undefined;
      this.review();
    });
  }

  /** How many more links are wanted: all of a small mesh, a few of a large one; a link may come of each hopeful dial. */
  #room(links: number): number {
    const { fullMeshHosts, linksWhenLarge } = this.#parts.options;
    if (this.#hosts().length < fullMeshHosts) return Number.POSITIVE_INFINITY;
    return linksWhenLarge - links - this.#hopefulUntil().length;
  }

  /** Until when those dials may meet somebody at the first address that may still do so; of others a link seldom comes. */
  #hopefulUntil(): number[] {
    const { clock, options } = this.#parts;
    return Array.from(this.#dialling.values(), (at) => at + options.connectTimeoutMs).filter((at) => at > clock.now());
  }

  /** The targets that no link leads to and that have an address. */
  #missing(): readonly Target[] {
    const linked = this.#parts.links.peers();
    return [...this.#targets.values()].filter(
      ({ seed, key, peer, addresses, forgotten }) =>
        addresses.length > 0 &&
        !forgotten &&
        (peer === undefined || !linked.has(peer)) &&
        !(seed && this.#isDialledAsHost(key)),
    );
  }

  /** Whether an operator's address is that of a host that is dialled anyway, and so far with success. */
  #isDialledAsHost(address: string): boolean {
    return this.#hosts().some(({ addresses, failures }) => failures < trustedFailures && addresses.includes(address));
  }

  #targetsOf(host: HostId): readonly Target[] {
    return [...this.#targets.values()].filter(({ peer }) => peer === host);
  }

  #isFull(): boolean {
    const { maxKnownPeers } = this.#parts.options;
    return this.#targets.size >= maxKnownPeers && this.#hosts().length >= maxKnownPeers;
  }

  #hosts(): readonly Target[] {
    return [...this.#targets.values()].filter(({ seed }) => !seed);
  }

  async #dial(target: Target): Promise<void> {
    const { clock, dial } = this.#parts;
    this.#dialling.set(target, clock.now());
    this.#enter(target, 'connecting');
    const outcome = await dial(target);
    this.#dialling.delete(target);
    target.ours = outcome.type === 'self';
    if (outcome.type === 'self') {
      this.#foundSelf(target);
    } else if (outcome.type === 'linked') {
      if (target.seed) target.peer = outcome.peer;
      this.#enter(target, 'waiting');
      // Should the link be gone already, it is not dialled at once again: it was no success before `welcome`.
      target.nextTryAtMs = nextTryAt(target, this.#parts);
    } else {
      if (target.seed && outcome.peer !== undefined) target.peer = outcome.peer;
      this.#failed(target, outcome);
    }
    this.review();
  }

  #failed(target: Target, { type, problem }: DialProblem): void {
    if (target.failures === 0) target.failingSinceMs = this.#parts.clock.now();
    target.failures += 1;
    target.problem = problem;
    this.#enter(target, type);
    target.nextTryAtMs = nextTryAt(target, this.#parts);
  }

  /** An address of this host is of no use; a name that leads here may lead to another host the next time. */
  #foundSelf(target: Target): void {
    this.#enter(target, 'waiting');
    target.nextTryAtMs = this.#parts.clock.now() + selfAgainMs;
    if (!isHostName(target.key)) this.#targets.delete(target.key);
  }

  #enter(target: Target, state: Target['state']): void {
    if (target.state !== state) target.sinceMs = this.#parts.clock.now();
    target.state = state;
  }

  #add(key: string, seed: boolean, peer: HostId | undefined, addresses: readonly string[]): Target {
    const target = newTarget(key, seed, peer, addresses, this.#parts.clock.now());
    this.#targets.set(key, target);
    return target;
  }
}
