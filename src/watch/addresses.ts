import {
  type Address,
  type Cidr,
  type ContainerAddress,
  type HostId,
  localNetworkKey,
  parseAddress,
  parseCidr,
} from '../record.ts';
import { contains } from '../subnet.ts';
import type { Endpoint, EndpointAddress, Inspection } from './inspection.ts';
import { hostNetworkKey, type NetworkTable, networkKey, networkOf, subnetsOf } from './networks.ts';

/** Where containers get their addresses. */
export interface Surroundings {
  readonly hostId: HostId;
  /** The host's own address, where it is known. */
  readonly hostAddress?: Address;
  readonly networks: NetworkTable;
}

/**
 * A container's addresses on every network, IPv4 before IPv6. One on the host's network has the host's; one without
 * network, or in another container's, has none of its own.
 */
export function addressesOf(inspection: Inspection, surroundings: Surroundings): ContainerAddress[] {
  if (inspection.networkMode === 'host') return hostAddresses(surroundings);
  return inspection.endpoints.flatMap((endpoint) => endpointAddresses(endpoint, surroundings));
}

function hostAddresses({ hostId, hostAddress }: Surroundings): ContainerAddress[] {
  if (hostAddress === undefined) return [];
  return [{ address: hostAddress, network: hostNetworkKey(hostId), networkName: 'host' }];
}

function endpointAddresses(endpoint: Endpoint, { hostId, networks }: Surroundings): ContainerAddress[] {
  const network = networkOf(networks, endpoint);
  // Swarm's ingress network only carries connections to published ports; nobody is reached at an address on it.
  if (network?.ingress) return [];
  const key = network ? networkKey(hostId, network) : localNetworkKey(hostId, endpoint.networkId);
  const subnets = network ? subnetsOf(network) : [];
  return endpoint.addresses.flatMap((each): ContainerAddress[] => {
    const address = parseAddress(each.text);
    if (!address.ok) return [];
    const subnet = subnets.find((candidate) => contains(candidate, address.value)) ?? prefixOf(each);
    return [
      {
        address: address.value,
        network: key,
        networkName: endpoint.networkName,
        ...(subnet === undefined ? {} : { subnet }),
      },
    ];
  });
}

/** `172.17.0.2` with 16 bits is as good a subnet as `172.17.0.0/16` where the engine does not tell the network's. */
function prefixOf({ text, prefixLength }: EndpointAddress): Cidr | undefined {
  if (prefixLength === undefined) return undefined;
  const subnet = parseCidr(`${text}/${prefixLength}`);
  return subnet.ok ? subnet.value : undefined;
}
