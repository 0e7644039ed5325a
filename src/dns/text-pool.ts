import { poolOf } from '../pool.ts';
import type {
  ContainerAddress,
  ContainerPort,
  Name,
  NamedContainer,
  NameEntry,
  Owner,
  StaticRecord,
} from '../record.ts';

const nothing: readonly never[] = [];

/**
 * What another thread sends is a copy in which each text has memory of its own, however often it repeats: the host,
 * image and networks of every container, two thirds of what a thread would keep. And its objects and lists are made
 * piece by piece, with room for more; here they are made anew, each at once.
 */
export class TextPool {
  private readonly texts = poolOf((text) => text);
  /** Containers of one image expose the same ports. */
  private readonly ports = poolOf((json): readonly ContainerPort[] => JSON.parse(json));

  /** A name with these owners, which are settled. */
  entry(name: Name, owners: readonly Owner[], statics: readonly StaticRecord[]): NameEntry {
    return { name: this.pooled(name), owners: listOf(owners), statics: listOf(statics) };
  }

  /** The same owner, in two thirds of the memory. */
  owner(owner: Owner): Owner {
    const host = this.pooled(owner.host);
    const hostName = this.pooled(owner.hostName);
    const hostStatus = this.pooled(owner.hostStatus);
    const container = this.container(owner.container);
    const { hostAddress, unwatched } = owner;
    if (hostAddress === undefined) return { host, hostName, hostStatus, container, ...(unwatched && { unwatched }) };
    const settled = { host, hostName, hostStatus, hostAddress: this.pooled(hostAddress), container };
    return unwatched ? { ...settled, unwatched } : settled;
  }

  private container(record: NamedContainer): NamedContainer {
    const { id, name, image, addresses, state, health, startedAt, ports, ...more } = record;
    const settled = {
      id,
      name: this.pooled(name),
      image: this.pooled(image),
      addresses: addresses.map((address) => this.address(address)),
      state: this.pooled(state),
      health: this.pooled(health),
      startedAt,
    };
    const isPlain = Object.keys(more).length === 0;
    if (ports === undefined) return isPlain ? settled : { ...settled, ...more };
    const exposing = withPorts(settled, this.ports(JSON.stringify(ports)));
    return isPlain ? exposing : { ...exposing, ...more };
  }

  private address({ address, subnet, ...on }: ContainerAddress): ContainerAddress {
    const network = this.pooled(on.network);
    const networkName = this.pooled(on.networkName);
    if (subnet === undefined) return { address: this.pooled(address), network, networkName };
    return { address: this.pooled(address), network, networkName, subnet: this.pooled(subnet) };
  }

  private pooled<T extends string>(text: T): T {
    return this.texts(text) as T;
  }
}

/** Written out: a field that is put to a finished object takes 30 octets more than one that it is made with. */
function withPorts(settled: NamedContainer, ports: readonly ContainerPort[]): NamedContainer {
  const { id, name, image, addresses, state, health, startedAt } = settled;
  return { id, name, image, addresses, state, health, startedAt, ports };
}

function listOf<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? nothing : list;
}
