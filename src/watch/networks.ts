import {
  type Address,
  type Cidr,
  type HostId,
  isOverlayExit,
  localNetworkKey,
  type Network,
  type NetworkKey,
  overlayNetworkKey,
  parseAddress,
  parseCidr,
  sharedNetworkKey,
} from '../record.ts';
import type { Result } from '../result.ts';
import { contains } from '../subnet.ts';
import type { EngineNetwork } from './decode.ts';
import type { Endpoint, Inspection } from './inspection.ts';

/** The networks of this host, by the engine's ids. */
export type NetworkTable = ReadonlyMap<string, EngineNetwork>;

export function networkTable(networks: readonly EngineNetwork[]): NetworkTable {
  return new Map(networks.map((network) => [network.id, network]));
}

/**
 * The network an endpoint is on. Podman gives a name where Docker gives the id, and lists its default network by another
 * name than that: then it is the one whose subnet the address is of, as no two of one engine overlap.
 */
export function networkOf(table: NetworkTable, endpoint: Endpoint): EngineNetwork | undefined {
  const networks = [...table.values()];
  return (
    table.get(endpoint.networkId) ??
    networks.find(({ name }) => name === endpoint.networkId) ??
    networks.find((network) => isOnSubnet(network, endpoint))
  );
}

function isOnSubnet(network: EngineNetwork, { addresses }: Endpoint): boolean {
  const parsed = addresses.flatMap(({ text }): Address[] => valuesOf(parseAddress(text)));
  return subnetsOf(network).some((subnet) => parsed.some((address) => contains(subnet, address)));
}

/** The bridge by which containers on overlays reach everything else; undefined where no engine made one. */
export function exitOf(table: NetworkTable): EngineNetwork | undefined {
  return [...table.values()].find(isOverlayExit);
}

export function isOnOverlay(table: NetworkTable, { endpoints }: Inspection): boolean {
  return endpoints.some((endpoint) => networkOf(table, endpoint)?.driver === 'overlay');
}

/** Whether all is known that there is to know of an endpoint's network. */
export function isKnown(table: NetworkTable, endpoint: Endpoint): boolean {
  return endpoint.addresses.length === 0 || networkOf(table, endpoint) !== undefined;
}

/** Drivers that put containers straight onto the segment their host is on. */
const segmentDrivers = ['macvlan', 'ipvlan'];
/** Networks that no container has an address of its own on. */
const bareDrivers = ['host', 'null', 'none'];

/**
 * What tells this network from all others of the mesh. One of Swarm or of a cluster-wide driver is the same wherever
 * its id is. macvlan and ipvlan networks are made on each host by hand, with ids of their own: they are one network
 * where they are on the same VLAN with the same subnets. All others are their own host's, even with equal subnets.
 */
export function networkKey(host: HostId, network: EngineNetwork): NetworkKey {
  if (network.driver === 'overlay') return overlayNetworkKey(network.id);
  if (network.scope !== 'local') return sharedNetworkKey(`${network.scope}:${network.id}`);
  const segment = segmentDrivers.includes(network.driver) ? segmentOf(network) : undefined;
  return segment === undefined ? localNetworkKey(host, network.id) : sharedNetworkKey(`segment:${segment}`);
}

/** The key of the host's own network, on which containers share the host's address. */
export function hostNetworkKey(host: HostId): NetworkKey {
  return localNetworkKey(host, 'host');
}

/** The networks with addresses of their own, in a stable order. */
export function describeNetworks(host: HostId, networks: Iterable<EngineNetwork>): Network[] {
  return [...networks]
    .filter((network) => !bareDrivers.includes(network.driver) && !network.ingress)
    .map((network) => ({
      key: networkKey(host, network),
      name: network.name,
      driver: network.driver,
      subnets: subnetsOf(network),
      gateways: gatewaysOf(network),
    }))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
}

export function subnetsOf(network: EngineNetwork): Cidr[] {
  return network.subnets.flatMap((text): Cidr[] => valuesOf(parseCidr(text)));
}

/** Docker does not always tell that of its default bridge; it is the first address unless told otherwise. */
function gatewaysOf({ driver, gateways, subnets }: EngineNetwork): Address[] {
  const first = subnets.map((subnet) => subnet.replace(/(\d+)\/\d+$/, (_, octet) => `${Number(octet) + 1}`));
  const texts = gateways.length === 0 && driver === 'bridge' ? first : gateways;
  return texts.flatMap((text): Address[] => valuesOf(parseAddress(text)));
}

/** Undefined for a network that reaches nobody outside its host: one without a parent device, or routed (ipvlan L3). */
function segmentOf({ options, subnets }: EngineNetwork): string | undefined {
  const parent = options.get('parent') ?? '';
  const routed = /^l3/.test(options.get('ipvlan_mode') ?? '');
  if (parent === '' || routed || subnets.length === 0) return undefined;
  // `eth0.20` is VLAN 20 of eth0; the device's name may differ from host to host.
  const vlan = /\.(\d+)$/.exec(parent)?.[1] ?? 'untagged';
  return `${vlan}:${subnets.toSorted().join(',')}`;
}

function valuesOf<T>(result: Result<T>): T[] {
  return result.ok ? [result.value] : [];
}
