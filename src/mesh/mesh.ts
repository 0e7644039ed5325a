import type { Stream } from '@libp2p/interface';
import { every } from '../clock.ts';
import { type HostId, parseHostId } from '../record.ts';
import type { Result } from '../result.ts';
import { toMultiaddr } from './address.ts';
import { readBook } from './book.ts';
import type { LinkView, MeshHandler, MeshStats, Verdict } from './contract.ts';
import { dialTarget } from './dial.ts';
import { Dialer } from './dialer.ts';
import { Exchange, exchangeProtocol } from './exchange.ts';
import { Gate } from './gate.ts';
import { Gossip } from './gossip.ts';
import { GossipLinks } from './gossip-links.ts';
import { Links } from './links.ts';
import { Listening } from './listening.ts';
import { lookUp } from './look-up.ts';
import { createNode, type Node } from './node.ts';
import { Offences } from './offences.ts';
import { type MeshParts, noHearsay } from './parts.ts';
import { Peers } from './peers.ts';
import { pulseProtocol } from './pulse.ts';
import { Refusals } from './refusals.ts';
import type { Secret } from './secret.ts';
import { Tally } from './tally.ts';
import type { DialOutcome, Target } from './target.ts';
import { viewLinks } from './view.ts';

/** This host's links to the others: bytes to all of them, requests to neighbours, and who is connected. */
export class Mesh {
  readonly #parts: MeshParts;
  readonly #self: HostId;
  readonly #gate: Gate;
  readonly #links: Links;
  readonly #dialer: Dialer;
  readonly #peers: Peers;
  readonly #exchange: Exchange;
  readonly #offences: Offences;
  readonly #gossipLinks = new GossipLinks();
  readonly #listening = new Listening();
  readonly #tally = new Tally();
  readonly #refusals: Refusals;
  #handler: MeshHandler = nobody;
  #node: Node | undefined;
  #gossip: Gossip | undefined;
  #cancelWatch = () => {};

  constructor(parts: MeshParts) {
    const { identity, secrets, options, clock } = parts;
    this.#parts = parts;
    this.#self = identity.hostId;
    this.#offences = new Offences(options);
    this.#refusals = new Refusals(clock, parts.log, this.#tally);
    this.#gate = new Gate({ secrets, clock, options, onRefused: (reason, from) => this.#refusals.add(reason, from) });
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
      onBroken: (peer, wasUp) => this.#dialer.lost(peer, wasUp),
    });
    this.#dialer = new Dialer({
      self: this.#self,
      clock,
      options,
      dial: (target) => this.#dial(target),
      links: this.#links,
      hearsay: parts.hearsay ?? noHearsay,
    });
    this.#peers = new Peers({
      ...parts,
      self: this.#self,
      defaultPort: options.defaultPort,
      dialer: this.#dialer,
      links: this.#links,
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
      identity,
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
    this.#peers.recall(book);
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
    await this.#peers.flush();
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
    this.#peers.learn(host, addresses);
  }

  /** Says that a host is gone for good: it is not dialled any more. */
  unlearn(host: HostId): void {
    this.#peers.unlearn(host);
  }

  /** Dials `HOST[:PORT]` from now on until the agent's end; the value is the address as it is dialled. */
  join(address: string): Result<string> {
    return this.#peers.join(address);
  }

  /** The same, also after a restart, until `forget`. */
  connect(address: string): Result<string> {
    return this.#peers.connect(address);
  }

  /**
   * Ends the link with whoever is at an address and does not dial there any more, until `connect` says so or the host
   * itself links with us; refused for an address that nobody is known to be at.
   */
  forget(address: string): Result<string> {
    return this.#peers.forget(address);
  }

  /** Says that an operator takes a host for gone: as `unlearn`, and nothing leads to it any more. */
  forgetHost(host: HostId): void {
    this.#peers.forgetHost(host);
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
      clock: this.#parts.clock,
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
    this.#peers.welcome(peer);
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
    return await dialTarget(target, this.#node, this.#links, { lookUp, ...this.#parts, listening: this.#listening });
  }
}

const nobody: MeshHandler = {
  received: () => 'known',
  answer: async function* () {},
  linkUp: () => {},
  linkDown: () => {},
};
