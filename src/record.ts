import { isIPv4, isIPv6 } from 'node:net';
import { accepted, type Result, refused } from './result.ts';

declare const brand: unique symbol;
type Branded<T extends string> = string & { readonly [brand]: T };

/** A host of the mesh: the libp2p peer id of its Ed25519 key in base58, 52 characters that start with `12D3KooW`. */
export type HostId = Branded<'HostId'>;
/** A domain that Weft answers for: lower case, no trailing dot, such as `weave.local`. */
export type Domain = Branded<'Domain'>;
/** An owner name below the domain, without it: lower case, no trailing dot, such as `node0` or `web.shop`. */
export type Name = Branded<'Name'>;
/** An IPv4 address in dotted quads or an IPv6 address as RFC 5952 writes it. */
export type Address = Branded<'Address'>;
/** A subnet, `ADDRESS/LENGTH`, such as `172.17.0.0/16`. */
export type Cidr = Branded<'Cidr'>;
/** One network as the whole mesh tells it apart: two containers with the same key reach each other directly. */
export type NetworkKey = Branded<'NetworkKey'>;

/** A container's address on one of its networks. */
export interface ContainerAddress {
  readonly address: Address;
  readonly network: NetworkKey;
  /** The network's name in the engine, for people. */
  readonly networkName: string;
  /** The subnet that the address was taken from, where the engine tells. */
  readonly subnet?: Cidr;
}

/** Tells an address of a network from all others: two containers with the same one share a network namespace. */
export function containerAddressKey({ network, address }: ContainerAddress): string {
  return `${network} ${address}`;
}

/** A port of a container: exposed, and published on its host where `hostPort` is set. */
export interface ContainerPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostPort?: number;
  /** The host address the port is published on, where the engine names one other than "all". */
  readonly hostAddress?: Address;
}

/** A service a container offers, as RFC 2782 names it. */
export interface ContainerService {
  /** With its underscore, such as `_mongodb`. */
  readonly service: string;
  /** `_tcp` or `_udp`. */
  readonly protocol: string;
  readonly port: number;
}

/** A name the engine offered that could not become one, and why. */
export interface SkippedName {
  readonly text: string;
  readonly reason: string;
}

export type ContainerState = 'running' | 'paused' | 'draining';
export type ContainerHealth = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** A container that runs, as its host tells the mesh. A container that does not run has no record. */
export interface ContainerRecord {
  /** The engine's full id. */
  readonly id: string;
  /** The engine's name for it, for people. */
  readonly name: string;
  readonly image: string;
  readonly names: readonly Name[];
  readonly skipped?: readonly SkippedName[];
  readonly addresses: readonly ContainerAddress[];
  /** Addresses that it asks from and is not reached at: on the bridge by which containers on overlays reach all else. */
  readonly asksFrom?: readonly Address[];
  readonly state: ContainerState;
  readonly health: ContainerHealth;
  /** When this run of it began, in milliseconds since 1970 by its host's wall clock; for people. */
  readonly startedAt: number;
  readonly ports?: readonly ContainerPort[];
  readonly services?: readonly ContainerService[];
  readonly ttlSeconds?: number;
  /** Share of first places among the owners of a name; 1 where unset, 0 for "only when nobody else is left". */
  readonly weight?: number;
  readonly answers?: 'all' | 'one';
  readonly prefer?: 'any' | 'local';
}

/** A network of one host, as its engine tells. */
export interface Network {
  readonly key: NetworkKey;
  readonly name: string;
  readonly driver: string;
  readonly subnets: readonly Cidr[];
  readonly gateways: readonly Address[];
}

/** What a host says of itself to the mesh. */
export interface HostRecord {
  /** The operator's name for it (`--name`, else the machine's host name). */
  readonly name: string;
  /** The version of Weft it runs. */
  readonly version: string;
  /** Where its mesh can be dialled, `IP:PORT` or `[IP]:PORT`. */
  readonly meshAddresses: readonly string[];
  /** The address at which others reach the host itself: for host-network containers and published ports. */
  readonly address?: Address;
  /** The host's container networks: to warn of hosts that share a subnet. */
  readonly networks: readonly Network[];
  /** When the agent started, in milliseconds since 1970 by its wall clock; for people. */
  readonly startedAt: number;
  /** Its container engine has been away for so long that nobody knows which of its containers still run. */
  readonly unwatched?: true;
}

/**
 * Whether a host answers: `self`; `alive`; `restarting`: it said that its agent would be back soon, its containers
 * run on; `quiet`: not heard in time, its records are hidden while others are left; `stale`: known only from this
 * host's disk until the mesh confirms it. A host that left has no records.
 */
export type HostStatus = 'self' | 'alive' | 'restarting' | 'quiet' | 'stale';

/** The content of one record made by an operator. */
export type StaticData =
  | { readonly type: 'address'; readonly address: Address }
  | { readonly type: 'cname'; readonly target: string }
  | {
      readonly type: 'srv';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | { readonly type: 'txt'; readonly text: string };

/** A record made by an operator: it belongs to the mesh, not to a host. The name may begin with `*.`. */
export interface StaticRecord {
  readonly name: Name;
  readonly data: StaticData;
  readonly ttlSeconds?: number;
  /** The name of the host it was made on, for people. */
  readonly madeOn: string;
  /** When it was made, in milliseconds since 1970 by that host's wall clock; for people. */
  readonly madeAt: number;
}

/** A container as the owner of one name: which others it has is not said. */
export type NamedContainer = Omit<ContainerRecord, 'names'>;

/** One container that owns a name, and what is known of its host. */
export interface Owner {
  readonly host: HostId;
  readonly hostName: string;
  readonly hostStatus: HostStatus;
  readonly hostAddress?: Address;
  /** As in the host's record: nobody knows whether the container still runs. */
  readonly unwatched?: true;
  readonly container: NamedContainer;
}

/** All that is known of one name; both lists empty when the name is gone. */
export interface NameEntry {
  readonly name: Name;
  readonly owners: readonly Owner[];
  readonly statics: readonly StaticRecord[];
}

/** RFC 1035 section 2.3.4: octets in a label, and in a whole name with its length octets and root. */
const maxLabelOctets = 63;
const maxNameOctets = 255;
const labelPattern = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/;
const hostIdPattern = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/;

export function parseHostId(text: string): Result<HostId> {
  if (!hostIdPattern.test(text)) return refused(`host id ${quote(text)} must be 52 characters starting with 12D3KooW`);
  return accepted(text as HostId);
}

/** Reads a domain such as `weave.local` or `Weave.Local.`; it must leave room for one label of 63 octets before it. */
export function parseDomain(text: string): Result<Domain> {
  const domain = text.toLowerCase().replace(/\.$/, '');
  const problem = labelsProblem(domain, maxNameOctets - maxLabelOctets - 1);
  return problem ? refused(`domain ${quote(text)} ${problem}`) : accepted(domain as Domain);
}

/**
 * Reads an owner name in any case, with or without one of our domains behind it.
 * A trailing dot says that the name is whole: then it must lie inside one of `domains`.
 * `wildcard` allows `*` as the first label (RFC 4592 section 2.1.1).
 */
export function parseName(text: string, domains: readonly Domain[], wildcard = false): Result<Name> {
  const lower = text.toLowerCase();
  const whole = lower.endsWith('.');
  const bare = whole ? lower.slice(0, -1) : lower;
  const domain = domains.find((candidate) => bare.endsWith(`.${candidate}`));
  if (whole && domain === undefined) return refused(`name ${quote(text)} must end in .${domains.join(' or .')}`);
  const name = domain === undefined ? bare : bare.slice(0, -domain.length - 1);
  if (domains.includes(name as string as Domain))
    return refused(`name ${quote(text)} is the domain itself; put a label before it`);
  const longestDomain = Math.max(0, ...domains.map((each) => each.length + 1));
  const labels = wildcard && name.startsWith('*.') ? name.slice(2) : name;
  const problem = labelsProblem(labels, maxNameOctets - longestDomain - (name.length - labels.length));
  return problem ? refused(`name ${quote(text)} ${problem}`) : accepted(name as Name);
}

/** Reads an IPv4 or IPv6 address; the result is the one spelling of it. */
export function parseAddress(text: string): Result<Address> {
  if (isIPv4(text)) return accepted(text as Address);
  if (isIPv6(text) && !text.includes('%'))
    return accepted(new URL(`http://[${text}]`).hostname.slice(1, -1) as Address);
  return refused(
    `address ${quote(text)} must be an IPv4 address such as 192.0.2.7 or an IPv6 address such as 2001:db8::7`,
  );
}

/** Reads `ADDRESS/LENGTH`. */
export function parseCidr(text: string): Result<Cidr> {
  const [base = '', length = '', ...rest] = text.split('/');
  const address = parseAddress(base);
  const bits = isIPv4(base) ? 32 : 128;
  const valid = address.ok && rest.length === 0 && /^\d{1,3}$/.test(length) && Number(length) <= bits;
  if (!valid) return refused(`subnet ${quote(text)} must be an address and a prefix length, such as 172.17.0.0/16`);
  return accepted(`${address.value}/${Number(length)}` as Cidr);
}

/** The key of a network that only its own host has. */
export function localNetworkKey(host: HostId, networkId: string): NetworkKey {
  return `local:${host}:${networkId}` as NetworkKey;
}

/** The key of a network that several hosts are on, such as a Swarm overlay or one macvlan segment. */
export function sharedNetworkKey(identity: string): NetworkKey {
  return `shared:${identity}` as NetworkKey;
}

/** Prefix of the keys of overlays, behind that of shared networks. */
const overlay = 'overlay:';

/** The key of a Swarm overlay: one network on all hosts, and nobody who is not on it reaches it. */
export function overlayNetworkKey(networkId: string): NetworkKey {
  return sharedNetworkKey(`${overlay}${networkId}`);
}

/** Whether only containers on the network reach addresses of it; all others are reached by routing. */
export function isOverlay(network: NetworkKey): boolean {
  return network.startsWith(sharedNetworkKey(overlay));
}

/**
 * Whether it is the bridge that engines of a Swarm make, by which containers on overlays reach everything else. They
 * have addresses there that their inspections do not tell, and nobody is reached at them.
 */
export function isOverlayExit({ name, driver }: Pick<Network, 'name' | 'driver'>): boolean {
  return name === 'docker_gwbridge' && driver === 'bridge';
}

/** The whole name, without a trailing dot. */
export function fullName(name: Name, domain: Domain): string {
  return `${name}.${domain}`;
}

/** Text for a message: quoted, printable and of bounded length, whatever it was. */
export function quote(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return JSON.stringify(shown);
}

function labelsProblem(name: string, maxOctets: number): string | undefined {
  if (name === '') return 'must not be empty';
  // One length octet before each label and the root's at the end: two more than the text with its dots.
  if (name.length + 2 > maxOctets) return `is longer than the ${maxOctets - 2} characters that DNS leaves for it`;
  for (const label of name.split('.')) {
    if (label === '') return 'has an empty label (two dots, or one at the start)';
    if (label.length > maxLabelOctets) return `has the label ${quote(label)} of more than ${maxLabelOctets} characters`;
    if (!labelPattern.test(label))
      return `has the label ${quote(label)}: only letters, digits, "_" and inner "-" are allowed`;
  }
  return undefined;
}
