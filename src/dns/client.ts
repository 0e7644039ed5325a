import type { Address, Cidr, NetworkKey } from '../record.ts';
import type { Host } from './host.ts';
import { plainAddress, Subnets } from './subnets.ts';
import type { LocalContainer } from './zone.ts';

/** Askers that share their networks, and so their answers. */
export interface Group {
  readonly id: number;
  readonly networks: ReadonlySet<NetworkKey>;
}

/** Who asks: one source address and what follows from it. */
export interface Client {
  readonly address: string;
  /** The full id of the local container that asks. */
  readonly container: string | undefined;
  readonly group: Group;
  /** This host itself, or on one of its networks. */
  readonly near: boolean;
  /** Neither this host, nor on its networks, nor in a range that is private or allowed: replies are rate limited. */
  readonly stranger: boolean;
}

/**
 * Ranges that nobody outside can send from: a limit there would only hurt containers (RFC 1918, RFC 4193, loopback,
 * link-local, and the shared space of RFC 6598).
 */
const privateRanges = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '127.0.0.0/8',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
];

/** Remembered askers; a flood of forged addresses only empties the book. */
const maxClients = 10_000;

/** Tells askers apart by their source addresses. */
export class ClientBook {
  private readonly clients = new Map<string, Client>();
  private readonly groups = new Map<string, Group>();
  private readonly harmless: Subnets;
  private readonly containerAt: (address: string) => LocalContainer | undefined;
  private host: Host;
  private lastGroup = 0;
  private lastSource = '';
  private last: Client | undefined;

  constructor(host: Host, containerAt: (address: string) => LocalContainer | undefined, allow: readonly Cidr[]) {
    this.host = host;
    this.containerAt = containerAt;
    this.harmless = new Subnets([...privateRanges, ...allow]);
  }

  of(source: string): Client {
    // Questions come in pairs and bursts from one asker.
    if (source === this.lastSource && this.last !== undefined) return this.last;
    const address = plainAddress(source);
    const client = this.clients.get(address) ?? this.meet(address);
    this.lastSource = source;
    this.last = client;
    return client;
  }

  /** Forgets who has this address; groups stay, and so do the answers made for them. */
  forget(address: Address): void {
    this.clients.delete(address);
    this.last = undefined;
  }

  /** Takes over other networks; groups start anew, so that what was made for the old ones can be told. */
  setHost(host: Host): void {
    this.host = host;
    this.groups.clear();
    this.clients.clear();
    this.last = undefined;
  }

  private meet(address: string): Client {
    if (this.clients.size >= maxClients) this.clients.clear();
    const client = this.identify(address);
    this.clients.set(address, client);
    return client;
  }

  private identify(address: string): Client {
    const container = this.containerAt(address);
    const networks = container?.networks ?? this.host.networksOf(address);
    const group = this.group(networks ?? this.host.networks);
    const near = networks !== undefined || this.host.isOwn(address);
    const stranger = !near && !this.harmless.has(address);
    return { address, container: container?.id, group, near, stranger };
  }

  private group(networks: readonly NetworkKey[]): Group {
    const key = [...new Set(networks)].sort().join(' ');
    const known = this.groups.get(key);
    if (known) return known;
    const group: Group = { id: ++this.lastGroup, networks: new Set(networks) };
    this.groups.set(key, group);
    return group;
  }
}
