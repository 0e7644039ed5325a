import type { Stream } from '@libp2p/interface';
import { type Clock, every } from '../clock.ts';
import type { Log } from '../log.ts';
import { type HostId, parseHostId, quote } from '../record.ts';
import { type Result, refused } from '../result.ts';
import { parseDialAddress, toMultiaddr } from './address.ts';
import { readBook, writeBook } from './book.ts';
import type { LinkView, MeshHandler, MeshIdentity, MeshOptions, MeshStats, MeshStorage, Verdict } from './contract.ts';
import { dialTarget } from './dial.ts';
import { Dialer, type DialOutcome, type Target } from './dialer.ts';
import { Exchange, exchangeProtocol } from './exchange.ts';
import { Gate, type GateReason } from './gate.ts';
import { Gossip } from './gossip.ts';
import { GossipLinks } from './gossip-links.ts';
import { Links } from './links.ts';
import { type HolderOf, Listening } from './listening.ts';
import { createNode, type Node, type Transport } from './node.ts';
import { Offences } from './offences.ts';
import { pulseProtocol } from './pulse.ts';
import type { Secret } from './secret.ts';
import { Tally } from './tally.ts';
import { viewLinks } from './view.ts';

export interface MeshParts {
  readonly identity: MeshIdentity;
  /** One, or two while the secret of the mesh is being changed; a neighbour needs any one of them. */
  readonly secrets: readonly Secret[];
  readonly options: MeshOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly storage: MeshStorage;
  /** Asked for the message when the port is taken. */
  readonly holderOf?: HolderOf;
  /** TCP unless a test hands in another. */
  readonly transport?: Transport;
}

/** Known peers are written this long after they changed, in milliseconds: once for the burst of a mesh being found. */
const saveAfterMs = 1000;
/** Between lines of the log about refused hosts, in milliseconds. */
const refusalLogMs = 10_000;
/** Addresses of one host that are dialled and remembered: each costs a dial, and no host can be reached at more. */
const maxAddresses = 64;

/** This host's links to the others: bytes to all of them, requests to neighbours, and who is connected. */
export class Mesh {
  readonly #parts: MeshParts;
  readonly #self: HostId;
  readonly #gate: Gate;
  readonly #links: Links;
  readonly #dialer: Dialer;
  readonly #exchange: Exchange;
  readonly #offences: Offences;
  readonly #gossipLinks = new GossipLinks();
  readonly #listening = new Listening();
  readonly #tally = new Tally();
  /** Addresses to connect to that outlive a restart. */
  readonly #seeds = new Set<string>();
  #handler: MeshHandler = nobody;
  #node: Node | undefined;
  #gossip: Gossip | undefined;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #cancelWatch = () => {};
  #cancelSave: (() => void) | undefined;

  constructor(parts: MeshParts) {
    const { identity, secrets, options, clock } = parts;
    this.#parts = parts;
    this.#self = identity.hostId;
    this.#offences = new Offences(options);
    this.#gate = new Gate({ secrets, clock, options, onRefused: (reason, from) => this.#refused(reason, from) });
    this.#links = new Links({
      self: this.#self,
      clock,
      options,
      isBanned: (peer) => this.#offences.isBanned(peer, clock.now()),
      flowsOver: (connection) => this.#gossip?.flowsOver(connection) ?? false,
      // What cannot be attached does not come up, and is looked after by that.
      attach: (connection) => void this.#gossipLinks.attach(connection).catch(() => {}),
      detach: (connection) => this.#gossipLinks.detach(connection.remotePeer),
      onRefused: (reason) => this.#tally.refused(reason),
      onUp: (peer) => this.#up(peer),
      onDown: (peer) => this.#down(peer),
      onBroken: (peer) => this.#dialer.lost(peer),
    });
    this.#dialer = new Dialer({
      self: this.#self,
      clock,
      options,
      dial: (target) => this.#dial(target),
      linked: () => this.#links.peers(),
    });
    this.#exchange = new Exchange({
      clock,
      options,
      answer: (from, request) => this.#handler.answer(from, request),
      onBytes: (direction, count) => this.#tally.bytes(direction, count),
      onDropped: (reason) => this.#tally.dropped(reason),
      onGreed: (peer) => this.blame(peer, 'too many requests at once'),
    });
  }

  /** Listens and dials whom it knows from the last time; throws one clear error when it cannot listen. */
  async start(): Promise<void> {
    const { identity, options, clock, storage, log, transport } = this.#parts;
    const book = await readBook(storage);
    const node = await createNode({
      seed: identity.seed,
      listen: options.listen.map((address) => toMultiaddr(address).toString()),
      options,
      protector: this.#gate.protector(),
      gater: this.#links.gater(),
      gossipLinks: this.#gossipLinks,
      transport,
    });
    node.addEventListener('connection:open', ({ detail }) => this.#links.opened(detail));
    node.addEventListener('connection:close', ({ detail }) => this.#links.closed(detail));
    await this.#serve(node);
    await this.#listening.start(node, options.listen, this.#parts.holderOf);
    this.#node = node;
    this.#gossip?.start();
    this.#cancelWatch = every(clock, options.pulseMs, () => this.#links.watch());
    for (const [host, addresses] of book.peers) this.learn(host, addresses);
    for (const host of book.forgotten) this.#dialer.forget(host);
    for (const address of book.seeds) this.connect(address);
    this.#dialer.start();
    log.info({ listening: this.#listening.addresses(), host: this.#self }, 'the mesh is up');
  }

  /** Parts with all neighbours and leaves nothing open; may be called twice. */
  async stop(): Promise<void> {
    const node = this.#node;
    if (node === undefined) return;
    this.#node = undefined;
    this.#dialer.stop();
    this.#cancelWatch();
    if (this.#cancelSave !== undefined) await this.#save();
    await this.#gossip?.flush();
    await node.stop();
    for (const { peer } of this.#links.all()) this.#links.cut(peer, 'the agent stops');
  }

  /** Goes on with these secrets; links made under one that is no longer among them are made anew, or end. */
  setSecrets(secrets: readonly Secret[]): void {
    this.#gate.setSecrets(secrets);
  }

  /** Names who is delivered to; call it once, before `start()`. */
  attach(handler: MeshHandler): void {
    this.#handler = handler;
  }

  /** Sends to every host of the mesh, best effort: it may be lost, repeated and reordered. Never throws. */
  broadcast(bytes: Uint8Array): void {
    if (this.#node === undefined || this.#gossip === undefined) return;
    if (this.#gossip.publish(bytes)) {
      this.#tally.count('broadcastsOut');
      this.#tally.bytes('out', bytes.length);
    } else {
      this.#tally.dropped('broadcast too large');
    }
  }

  /** The hosts that a link leads to now. */
  neighbours(): readonly HostId[] {
    return this.#links.all().flatMap(({ peer, up }) => (up ? [peer] : []));
  }

  /** Those of them that this host dialled. */
  dialled(): readonly HostId[] {
    return this.#links.all().flatMap(({ peer, up, outbound }) => (up && outbound ? [peer] : []));
  }

  /** One request over a link, answered in chunks; throws when the link breaks or the neighbour takes too long. */
  async *request(peer: HostId, bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    const link = this.#links.get(peer);
    if (link === undefined) throw new Error(`there is no link to ${peer}`);
    this.#tally.count('requestsOut');
    yield* this.#exchange.request(link.connection, bytes);
  }

  /** Says that a neighbour sent what no honest one sends; those who repeat it are parted with, for a while. */
  blame(peer: HostId, offence: string): void {
    const { clock, log, options } = this.#parts;
    if (!this.#offences.add(peer, offence, clock.now())) return;
    log.warn(
      { peer, offence, forMs: options.banMs },
      'parting with a neighbour that keeps sending what nobody honest does',
    );
    this.#links.cut(peer, 'parted with for its offences');
  }

  /** Tells where a host of the mesh can be dialled, as its own record says; replaces what was told before. */
  learn(host: HostId, addresses: readonly string[]): void {
    if (host === this.#self) return;
    const dialable = addresses.flatMap((text) => {
      const address = parseDialAddress(text, this.#parts.options.defaultPort);
      return address.ok ? [address.value] : [];
    });
    if (this.#dialer.learn(host, dialable.slice(0, maxAddresses))) this.#saveSoon();
  }

  /** Says that a host is gone for good: it is not dialled any more. */
  unlearn(host: HostId): void {
    if (this.#dialer.unlearn(host)) this.#saveSoon();
  }

  /** Dials `HOST[:PORT]` from now on until the agent's end; the value is the address as it is dialled. */
  join(address: string): Result<string> {
    const parsed = parseDialAddress(address, this.#parts.options.defaultPort);
    if (parsed.ok) this.#dialer.addSeed(parsed.value);
    return parsed;
  }

  /** The same, also after a restart, until `forget`. */
  connect(address: string): Result<string> {
    const joined = this.join(address);
    if (!joined.ok || this.#seeds.has(joined.value)) return joined;
    this.#seeds.add(joined.value);
    this.#saveSoon();
    return joined;
  }

  /**
   * Ends the link with whoever is at an address and does not dial there any more, until `connect` says so or the host
   * itself links with us; refused for an address that nobody is known to be at.
   */
  forget(address: string): Result<string> {
    const parsed = parseDialAddress(address, this.#parts.options.defaultPort);
    if (!parsed.ok) return parsed;
    const linked = this.#links.all().filter((link) => link.address === parsed.value);
    const hosts = new Set([...linked.map(({ peer }) => peer), ...this.#dialer.hostsAt(parsed.value)]);
    const seeded = this.#dialer.dropSeed(parsed.value);
    if (!seeded && hosts.size === 0) return refused(`${quote(address)} is not an address this host connects to`);
    this.#seeds.delete(parsed.value);
    for (const host of hosts) this.#part(host);
    this.#saveSoon();
    return parsed;
  }

  /** Says that an operator takes a host for gone: as `unlearn`, and nothing leads to it any more. */
  forgetHost(host: HostId): void {
    this.#part(host);
    this.#dialer.unlearn(host);
    this.#saveSoon();
  }

  /** Every link, and every address and host being dialled. */
  links(): readonly LinkView[] {
    return viewLinks(this.#links.all(), this.#dialer.wanted(), this.#parts.clock.now());
  }

  /** Where other hosts can dial this one, `IP:PORT` or `[IP]:PORT`; read from the host's interfaces at each call. */
  listenAddresses(): readonly string[] {
    const { advertise, unreachable } = this.#parts.options;
    return this.#listening.advertised(advertise, unreachable?.() ?? []);
  }

  stats(): MeshStats {
    return this.#tally.stats(this.#offences.list());
  }

  #part(host: HostId): void {
    this.#dialer.forget(host);
    this.#links.cut(host, 'an operator had it forgotten');
  }

  async #serve(node: Node): Promise<void> {
    const { options } = this.#parts;
    const maxStreams = { maxInboundStreams: 2 * options.maxRequestsPerPeer, maxOutboundStreams: 1024 };
    await node.handle(pulseProtocol, (stream, connection) => this.#links.linkOver(connection)?.pulse.adopt(stream));
    await node.handle(
      exchangeProtocol,
      (stream, { remotePeer }) => this.#answer(remotePeer.toString(), stream),
      maxStreams,
    );
    this.#gossip = new Gossip({
      service: node.services.gossip,
      links: this.#gossipLinks,
      maxBroadcastBytes: options.maxBroadcastBytes,
      received: (from, bytes) => this.#received(from, bytes),
      onDropped: (reason) => this.#tally.dropped(reason),
    });
  }

  async #answer(peer: string, stream: Stream): Promise<void> {
    const from = parseHostId(peer);
    if (!from.ok) return stream.abort(new Error(from.problem));
    this.#tally.count('requestsIn');
    await this.#exchange.serve(from.value, stream);
  }

  #received(from: HostId, bytes: Uint8Array): Verdict {
    this.#tally.count('broadcastsIn');
    this.#tally.bytes('in', bytes.length);
    try {
      const verdict = this.#handler.received(from, bytes);
      if (verdict === 'bad') this.#tally.dropped('bad broadcast');
      return verdict;
    } catch (error) {
      this.#parts.log.error({ err: error, from }, 'a broadcast could not be handled');
      this.#tally.dropped('handler failed');
      return 'known';
    }
  }

  #up(peer: HostId): void {
    this.#parts.log.info({ peer, address: this.#links.get(peer)?.address }, 'linked');
    if (this.#dialer.welcome(peer)) this.#saveSoon();
    this.#tell(() => this.#handler.linkUp(peer));
  }

  #down(peer: HostId): void {
    this.#parts.log.info({ peer }, 'the link is gone');
    this.#tell(() => this.#handler.linkDown(peer));
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#parts.log.error({ err: error }, 'a change of links could not be handled');
    }
  }

  async #dial(target: Target): Promise<DialOutcome> {
    if (this.#node === undefined) return { type: 'failed', problem: 'the mesh is down' };
    const outcome = await dialTarget(target, this.#node, this.#links, this.#parts.clock);
    // Once for each new reason: it is tried again every second.
    if ('problem' in outcome && outcome.problem !== target.problem)
      this.#parts.log.warn({ peer: target.peer, address: target.addresses[0] }, outcome.problem);
    return outcome;
  }

  #refused(reason: GateReason, from: string): void {
    const { clock, log } = this.#parts;
    this.#tally.refused(reason);
    // Strangers are counted one by one, and logged so seldom that they cannot fill a disk.
    if (reason !== 'secrets differ' || clock.now() < this.#quietUntilMs) return;
    this.#quietUntilMs = clock.now() + refusalLogMs;
    log.warn({ from }, 'refused a host: the secrets differ');
  }

  #saveSoon(): void {
    this.#cancelSave ??= this.#parts.clock.after(saveAfterMs, () => {
      this.#save().catch((error) => this.#parts.log.error({ err: error }, 'the known peers could not be written'));
    });
  }

  async #save(): Promise<void> {
    this.#cancelSave?.();
    this.#cancelSave = undefined;
    await writeBook(this.#parts.storage, { ...this.#dialer.book(), seeds: [...this.#seeds] });
  }
}

const nobody: MeshHandler = {
  received: () => 'known',
  answer: async function* () {},
  linkUp: () => {},
  linkDown: () => {},
};
