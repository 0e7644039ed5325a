import { type HostId, isOverlay, isOverlayExit, type Network, type NetworkKey } from '../record.ts';
import { Subnets } from './subnets.ts';

interface KnownNetwork {
  readonly key: NetworkKey;
  readonly name: string;
  readonly subnets: Subnets;
  /** The networks of askers with an address of it. */
  readonly askersOn: readonly NetworkKey[];
}

/** This host as answers see it: who it is, and which subnet is which network here. */
export class Host {
  readonly id: HostId;
  readonly networks: readonly NetworkKey[];
  private readonly known: readonly KnownNetwork[];
  private readonly gateways: ReadonlySet<string>;

  constructor(id: HostId, networks: readonly Network[]) {
    this.id = id;
    this.networks = networks.map((network) => network.key);
    const overlays = this.networks.filter(isOverlay);
    this.known = networks.map((network) => ({
      key: network.key,
      name: network.name,
      subnets: new Subnets(network.subnets),
      askersOn: isOverlayExit(network) ? [network.key, ...overlays] : [network.key],
    }));
    this.gateways = new Set(networks.flatMap((network) => network.gateways));
  }

  /** Whether it is an address of the host itself, as far as its networks tell. */
  isOwn(address: string): boolean {
    return this.gateways.has(address) || address.startsWith('127.') || address === '::1';
  }

  /**
   * The networks of this host that an asker is on by its subnet; a gateway is the host itself, which is on all. Who asks
   * by way of the overlays' exit, and is no container that is known to, may be on any of them.
   */
  networksOf(address: string): readonly NetworkKey[] | undefined {
    if (this.gateways.has(address)) return undefined;
    return this.known.find((network) => network.subnets.has(address))?.askersOn;
  }

  /** The name of the network here that an address of network `key` would lead to instead. */
  shadowOf(address: string, key: NetworkKey): string | undefined {
    if (this.networks.includes(key)) return undefined;
    return this.known.find((network) => network.subnets.has(address))?.name;
  }
}
