import type { Connection, ConnectionGater, MessageStream, PeerId } from '@libp2p/interface';
import type { Clock } from '../clock.ts';
import { type HostId, parseHostId } from '../record.ts';
import { fromMultiaddr } from './address.ts';
import { Link } from './link.ts';
import { cutConnection, type PulseOptions } from './pulse.ts';
import { settle } from './settle.ts';

export interface LinksOptions extends PulseOptions {
  readonly simultaneousMs: number;
  readonly maxLinks: number;
}

export interface LinksParts {
  readonly self: HostId;
  readonly clock: Clock;
  readonly options: LinksOptions;
  readonly isBanned: (peer: HostId) => boolean;
  /** Whether broadcasts flow over a connection both ways. */
  readonly flowsOver: (connection: Connection) => boolean;
  readonly onRefused: (reason: string) => void;
  /** Makes broadcasts flow over a connection; called again where they do not. */
  readonly attach: (connection: Connection) => void;
  /** The connection is a link no more. */
  readonly detach: (connection: Connection) => void;
  /** A neighbour can be asked and hears broadcasts. */
  readonly onUp: (peer: HostId) => void;
  /** A neighbour that `onUp` was called for is gone. */
  readonly onDown: (peer: HostId) => void;
  /** A link broke, whether it was ever up or not. */
  readonly onBroken: (peer: HostId, wasUp: boolean) => void;
}

/** Beats without broadcasts flowing before a link is cut and made anew: 5 s, several repairs on the slowest wire. */
const maxMute = 10;
/** Beats between repairs of a link that was up: one repair takes a round trip or two. */
const beatsBeforeRepair = 3;
/**
 * Between looks at a new link in milliseconds. gossipsub tells when a neighbour begins to hear it and not when it
 * begins to be heard, and a first heartbeat is to reach a returning host within a second.
 */
const lookAgainMs = 20;
/** Looks at a new link after which it is repaired: 1,000 ms; the slowest wire we promise to work on needs 800. */
const looksBeforeRepair = 50;

/** The links of this host, one connection for each neighbour: a second one to the same is settled at once. */
export class Links {
  readonly #parts: LinksParts;
  /** The oldest first. */
  readonly #links = new Map<HostId, Link>();
  /** Who answered where a dial is under way, whether or not a link comes of it. */
  readonly #answered = new Map<string, HostId>();
  /** Our dials that got past the handshake, so that a second one to the same peer does not. */
  readonly #claims = new Map<HostId, MessageStream>();

  constructor(parts: LinksParts) {
    this.#parts = parts;
  }

  get(peer: HostId): Link | undefined {
    return this.#links.get(peer);
  }

  all(): readonly Link[] {
    return [...this.#links.values()];
  }

  /** Whether a host was parted with, and that is not over. */
  isBanned(peer: HostId): boolean {
    return this.#parts.isBanned(peer);
  }

  peers(): ReadonlySet<HostId> {
    return new Set(this.#links.keys());
  }

  /** How many of them this host dialled. */
  dialled(): number {
    return this.all().filter(({ outbound }) => outbound).length;
  }

  /** Who answered at an address since this was asked last. */
  takeAnswer(address: string): HostId | undefined {
    const peer = this.#answered.get(address);
    this.#answered.delete(address);
    return peer;
  }

  /** What libp2p asks when it knows who is at the other end of a connection, before anything is made of it. */
  gater(): ConnectionGater {
    return {
      denyInboundEncryptedConnection: (peerId) => {
        const peer = hostIdOf(peerId);
        const reason = peer === undefined ? 'unknown kind of key' : this.#inboundProblem(peer);
        if (reason !== undefined) this.#parts.onRefused(reason);
        return reason !== undefined;
      },
      denyOutboundEncryptedConnection: (peerId, connection) => {
        const peer = hostIdOf(peerId);
        return peer === undefined || !this.#claim(peer, connection, fromMultiaddr(connection.remoteAddr));
      },
    };
  }

  /** libp2p made a connection: it becomes the link to its peer, or goes. */
  opened(connection: Connection): void {
    const peer = hostIdOf(connection.remotePeer);
    const standing = peer === undefined ? undefined : this.#links.get(peer);
    const outbound = connection.direction === 'outbound';
    if (peer === undefined || (standing?.open && this.#stays(peer, standing, outbound) === 'standing')) {
      cutConnection(connection, 'there is a link already');
      return;
    }
    this.#claims.delete(peer);
    if (standing !== undefined) this.#drop(standing, 'a newer connection takes its place');
    const link = new Link(peer, connection, this.#parts.clock, this.#parts.options);
    this.#links.set(peer, link);
    // Not before what the end of the standing one throws has been thrown.
    this.#parts.clock.after(0, () => this.#attach(link));
    this.#makeRoom(peer);
  }

  closed(connection: Connection): void {
    const link = this.linkOver(connection);
    if (link === undefined) return;
    const { up } = link;
    this.#drop(link, 'the connection closed');
    this.#parts.onBroken(link.peer, up);
  }

  linkOver(connection: Connection): Link | undefined {
    const peer = hostIdOf(connection.remotePeer);
    const link = peer === undefined ? undefined : this.#links.get(peer);
    return link?.connection.id === connection.id ? link : undefined;
  }

  /** Looks whether a link became one that broadcasts flow over. */
  look(link: Link): void {
    if (link.up || !link.open || this.#links.get(link.peer) !== link) return;
    if (this.#parts.flowsOver(link.connection)) {
      link.up = true;
      this.#parts.onUp(link.peer);
    } else {
      link.looks += 1;
      if (link.looks % looksBeforeRepair === 0) this.#repair(link);
      this.#parts.clock.after(lookAgainMs, () => this.look(link));
    }
  }

  /** Looks at every link, repairs those over which broadcasts do not flow though they stand, and in the end cuts them. */
  watch(): void {
    for (const link of this.all()) {
      link.mute = this.#parts.flowsOver(link.connection) ? 0 : link.mute + 1;
      if (link.up && link.mute % beatsBeforeRepair === 1) this.#repair(link);
      if (link.mute > maxMute) this.cut(link.peer, 'no broadcasts flow');
    }
  }

  cut(peer: HostId, reason: string): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    const { up } = link;
    this.#drop(link, reason);
    this.#parts.onBroken(peer, up);
  }

  #attach(link: Link): void {
    if (this.#links.get(link.peer) !== link) return;
    this.#parts.attach(link.connection);
    this.look(link);
  }

  #repair(link: Link): void {
    this.#parts.detach(link.connection);
    this.#parts.attach(link.connection);
  }

  #drop(link: Link, reason: string): void {
    if (this.#links.get(link.peer) === link) this.#links.delete(link.peer);
    this.#parts.detach(link.connection);
    link.cut(reason);
    if (link.up) this.#parts.onDown(link.peer);
    link.up = false;
  }

  #inboundProblem(peer: HostId): string | undefined {
    if (this.#parts.isBanned(peer)) return 'banned';
    const standing = this.#links.get(peer);
    if (standing?.open && this.#stays(peer, standing, false) === 'standing') return 'linked already';
    return undefined;
  }

  /** Whether our own dial to a peer may go on. */
  #claim(peer: HostId, connection: MessageStream, address: string): boolean {
    this.#answered.set(address, peer);
    const standing = this.#links.get(peer);
    if (this.#parts.isBanned(peer) || this.#claims.get(peer)?.status === 'open') return false;
    if (standing?.open && this.#stays(peer, standing, true) === 'standing') return false;
    this.#claims.set(peer, connection);
    return true;
  }

  #stays(peer: HostId, standing: Link, freshOutbound: boolean): 'standing' | 'fresh' {
    const { self, clock, options } = this.#parts;
    const age = { outbound: standing.outbound, ageMs: clock.now() - standing.openedAtMs };
    return settle(self, peer, age, { outbound: freshOutbound }, options.simultaneousMs);
  }

  /**
   * Parts with a neighbour at random where there are too many; it has others, and dials again if it has not. The older
   * half is left alone, and so is whom this host dialled: whoever invents hosts that all link with this one takes no link
   * from those it had before, and none from those of its own choosing.
   */
  #makeRoom(newest: HostId): void {
    const others = this.all().filter(({ peer }) => peer !== newest);
    if (others.length < this.#parts.options.maxLinks) return;
    const newer = others.slice(Math.floor(others.length / 2));
    const inbound = newer.filter(({ outbound }) => !outbound);
    const among = inbound.length > 0 ? inbound : newer;
    const chosen = among[Math.floor(this.#parts.clock.random() * among.length)];
    if (chosen !== undefined) this.cut(chosen.peer, 'there are too many links');
  }
}

function hostIdOf(peerId: PeerId): HostId | undefined {
  const id = parseHostId(peerId.toString());
  return id.ok ? id.value : undefined;
}
