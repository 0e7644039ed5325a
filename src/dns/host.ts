import type { HostId, Network, NetworkKey } from '../record.ts';
import { Subnets } from './subnets.ts';

/** This host as answers see it: who it is, and which subnet is which network here. */
export class Host {
  readonly id: HostId;
  readonly networks: readonly NetworkKey[];
  private readonly known: readonly { readonly key: NetworkKey; readonly name: string; readonly subnets: Subnets }[];
  private readonly gateways: ReadonlySet<string>;

  constructor(id: HostId, networks: readonly Network[]) {
    this.id = id;
    this.networks = networks.map((network) => network.key);
    this.known = networks.map(({ key, name, subnets }) => ({ key, name, subnets: new Subnets(subnets) }));
    this.gateways = new Set(networks.flatMap((network) => network.gateways));
  }

  /** Whether it is an address of the host itself, as far as its networks tell. */
  isOwn(address: string): boolean {
    return this.gateways.has(address) || address.startsWith('127.') || address === '::1';
  }

  /** The network of this host that an asker is on by its subnet; a gateway is the host itself, which is on all. */
  networkOf(address: string): NetworkKey | undefined {
    if (this.gateways.has(address)) return undefined;
    return this.known.find((network) => network.subnets.has(address))?.key;
  }

  /** The name of the network here that an address of network `key` would lead to instead. */
  shadowOf(address: string, key: NetworkKey): string | undefined {
    if (this.networks.includes(key)) return undefined;
    return this.known.find((network) => network.subnets.has(address))?.name;
  }
}
