import { isOverlayExit } from '../record.ts';
import type { ContainerState, EmbeddedNetwork } from './embedded-container.ts';
import type { AddressPool } from './embedded-pool.ts';

/**
 * The bridge that a Swarm makes beside its overlays, once a network of that name is created: a container on overlays has
 * an address there, too, which only the network's own document tells.
 */
export class EmbeddedExit {
  readonly #addresses = new Map<string, string>();
  #network: EmbeddedNetwork | undefined;
  #pool: AddressPool | undefined;

  created(network: EmbeddedNetwork, pool: AddressPool | undefined): void {
    if (!isOverlayExit(network)) return;
    this.#network = network;
    this.#pool = pool;
  }

  plugged({ id }: ContainerState, { driver }: EmbeddedNetwork): void {
    if (driver === 'overlay' && this.#pool && !this.#addresses.has(id)) this.#addresses.set(id, this.#pool.take());
  }

  unplugged({ id }: ContainerState, { driver }: EmbeddedNetwork): void {
    const address = this.#addresses.get(id);
    if (driver !== 'overlay' || address === undefined) return;
    this.#pool?.giveBack(address);
    this.#addresses.delete(id);
  }

  /** `Containers` of `GET /networks/{id}`: those on the exit, or with an endpoint on any other network. */
  members(network: EmbeddedNetwork, containers: Iterable<ContainerState>) {
    if (network === this.#network) return Object.fromEntries(Array.from(this.#addresses, memberJson));
    return Object.fromEntries(
      [...containers].flatMap(({ id, endpoints }) => {
        const [first] = endpoints.get(network.name)?.addresses ?? [];
        return first === undefined ? [] : [memberJson([id, first.address])];
      }),
    );
  }
}

function memberJson([id, address]: readonly [string, string]) {
  const isIPv6 = address.includes(':');
  return [id, { IPv4Address: isIPv6 ? '' : `${address}/16`, IPv6Address: isIPv6 ? `${address}/64` : '' }] as const;
}
