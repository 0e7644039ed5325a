import { type ContainerAddress, containerAddressKey, type HostId, type NetworkKey } from '../record.ts';
import { joinedContainer } from './inspection.ts';
import type { Life } from './life.ts';
import { hostNetworkKey } from './networks.ts';

/**
 * Who has an address on a network: one container at a time, the one whose run began last. Containers on the host's
 * network, or in the network of another one, share addresses on purpose and hold none.
 */
export class Holders {
  readonly #hostNetwork: NetworkKey;
  readonly #byAddress = new Map<string, Life>();
  readonly #byLife = new Map<Life, readonly string[]>();

  constructor(hostId: HostId) {
    this.#hostNetwork = hostNetworkKey(hostId);
  }

  /** Whether no run that began later has it. */
  mayHold(life: Life, address: ContainerAddress): boolean {
    const holder = this.#byAddress.get(containerAddressKey(address));
    return holder === undefined || holder === life || this.#isShared(life, address) || !isLater(holder, life);
  }

  /** Takes these addresses and gives back all others; returns those that had one of them until now. */
  hold(life: Life, addresses: readonly ContainerAddress[]): Life[] {
    this.release(life);
    const keys = addresses.filter((address) => !this.#isShared(life, address)).map(containerAddressKey);
    const losers = keys.flatMap((key) => this.#byAddress.get(key) ?? []);
    for (const key of keys) this.#byAddress.set(key, life);
    this.#byLife.set(life, keys);
    return [...new Set(losers)];
  }

  release(life: Life): void {
    for (const key of this.#byLife.get(life) ?? []) if (this.#byAddress.get(key) === life) this.#byAddress.delete(key);
    this.#byLife.delete(life);
  }

  #isShared({ inspection }: Life, { network }: ContainerAddress): boolean {
    return network === this.#hostNetwork || (inspection !== undefined && joinedContainer(inspection) !== undefined);
  }
}

function isLater({ inspection: one }: Life, { inspection: other }: Life): boolean {
  return (one?.startedAt ?? 0) > (other?.startedAt ?? 0);
}
