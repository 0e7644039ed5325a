import type { ContainerAddress, ContainerRecord, Name, NameEntry, Owner, StaticRecord } from '../record.ts';

/** Texts that are looked for again: those of a few hundred containers, and what thousands have in common. */
const maxTexts = 4_096;
const nothing: readonly never[] = [];

/**
 * What another thread sends is a copy in which each text has memory of its own, however often it repeats: the host,
 * image and networks of every container, two thirds of what a thread would keep. And its objects and lists are made
 * piece by piece, with room for more; here they are made anew, each at once.
 */
export class TextPool {
  private readonly texts = new Map<string, string>();

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

  private container(record: ContainerRecord): ContainerRecord {
    const { id, name, image, names, addresses, state, health, startedAt, ...more } = record;
    const settled = {
      id,
      name: this.pooled(name),
      image: this.pooled(image),
      names: names.map((each) => this.pooled(each)),
      addresses: addresses.map((address) => this.address(address)),
      state: this.pooled(state),
      health: this.pooled(health),
      startedAt,
    };
    return Object.keys(more).length === 0 ? settled : { ...settled, ...more };
  }

  private address({ address, subnet, ...on }: ContainerAddress): ContainerAddress {
    const network = this.pooled(on.network);
    const networkName = this.pooled(on.networkName);
    if (subnet === undefined) return { address, network, networkName };
    return { address, network, networkName, subnet: this.pooled(subnet) };
  }

  private pooled<T extends string>(text: T): T {
    const known = this.texts.get(text);
    if (known !== undefined) return known as T;
    if (this.texts.size >= maxTexts) this.texts.clear();
    this.texts.set(text, text);
    return text;
  }
}

function listOf<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? nothing : list;
}
