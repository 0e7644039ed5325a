import { type Cidr, type HostId, type HostRecord, isOverlayExit, type Network } from './record.ts';
import { type AddressRange, meet, rangeOf } from './subnet.ts';

/** A subnet that networks of several hosts have, or have parts of. */
export interface SharedSubnet {
  /** The widest of them. */
  readonly subnet: Cidr;
  /** Each host once, with its networks there. */
  readonly places: readonly { readonly host: string; readonly networks: readonly string[] }[];
}

/** A host whose networks are known. */
export interface PlacedHost {
  readonly id: HostId;
  readonly record: HostRecord;
}

/**
 * Hosts whose own networks overlap: an address of one means somebody else on the other, so it is shadowed there. It is
 * one subnet however many hosts share it, since every Docker host has the same range for its bridge unless told.
 */
export function sharedSubnets(hosts: readonly PlacedHost[]): SharedSubnet[] {
  return clusters(hosts.flatMap(placesOf)).flatMap((cluster) => {
    const shared = cluster.filter((one) => cluster.some((other) => collide(one, other)));
    const [widest] = shared;
    if (widest === undefined) return [];
    const byHost = [...Map.groupBy(shared, ({ host }) => host.id).values()];
    const places = byHost.map((each) => ({
      host: each[0]?.host.record.name ?? '',
      networks: [...new Set(each.map(({ network }) => network.name))],
    }));
    return [{ subnet: widest.subnet, places }];
  });
}

/** One subnet of one network of one host. */
interface Place extends AddressRange {
  readonly host: PlacedHost;
  readonly network: Network;
  readonly subnet: Cidr;
}

function placesOf(host: PlacedHost): Place[] {
  return host.record.networks.flatMap((network) =>
    network.subnets.map((subnet) => ({ host, network, subnet, ...rangeOf(subnet) })),
  );
}

/** Places apart that have no address in common: of two subnets one holds the other, or they do not meet. */
function clusters(places: readonly Place[]): Place[][] {
  const found: Place[][] = [];
  for (const place of places.toSorted(widestFirst)) {
    const cluster = found.at(-1);
    if (cluster?.[0] && meet(cluster[0], place)) cluster.push(place);
    else found.push([place]);
  }
  return found;
}

function widestFirst(one: AddressRange, other: AddressRange): number {
  if (one.first !== other.first) return one.first < other.first ? -1 : 1;
  if (one.last !== other.last) return one.last > other.last ? -1 : 1;
  return 0;
}

/** A network that spans both hosts is one; and nothing is told of addresses on the exits of overlays. */
function collide(one: Place, other: Place): boolean {
  if (one.host === other.host || one.network.key === other.network.key) return false;
  return meet(one, other) && !(isOverlayExit(one.network) && isOverlayExit(other.network));
}
