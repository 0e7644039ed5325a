import type { Address, HostId, NameEntry, NetworkKey } from '../record.ts';

/** A name that exists: because something is known of it, or because a name below it exists (RFC 8020). */
export interface ZoneNode<T> {
  readonly name: string;
  /** Undefined for an empty non-terminal. */
  entry: NameEntry | undefined;
  /** How many nodes lie right below. */
  children: number;
  /** What was derived from the node and must go when it changes. */
  derived: T[];
}

/** A local container at one of its addresses. */
export interface LocalContainer {
  readonly id: string;
  readonly networks: readonly NetworkKey[];
}

/** All names that are known, relative to the domain, as a tree that can be asked by name and by address. */
export class Zone<T> {
  private readonly nodes = new Map<string, ZoneNode<T>>();
  private readonly byAddress = new Map<string, ZoneNode<T>[]>();

  get size(): number {
    return this.nodes.size;
  }

  find(name: string): ZoneNode<T> | undefined {
    return this.nodes.get(name);
  }

  /** The nodes whose entries hold the address. */
  named(address: string): readonly ZoneNode<T>[] {
    return this.byAddress.get(address) ?? [];
  }

  /** The wildcard that stands for a name that does not exist (RFC 4592 section 3.3.1: below its closest encloser only). */
  wildcardFor(name: string): ZoneNode<T> | undefined {
    for (let parent = parentOf(name); ; parent = parentOf(parent)) {
      if (parent === '') return this.nodes.get('*');
      if (this.nodes.has(parent)) return this.nodes.get(`*.${parent}`);
    }
  }

  /**
   * Takes over one entry; returns the node that was changed, which is no longer in the tree if its name is gone. `touch`
   * hears every address that the name had or has.
   */
  put(entry: NameEntry, touch: (address: Address) => void = () => {}): ZoneNode<T> | undefined {
    const gone = entry.owners.length === 0 && entry.statics.length === 0;
    const node = gone ? this.nodes.get(entry.name) : this.grow(entry.name);
    if (node === undefined) return undefined;
    for (const address of addressesOf(node.entry)) {
      this.unlink(address, node);
      touch(address);
    }
    node.entry = gone ? undefined : entry;
    for (const address of addressesOf(node.entry)) {
      this.link(address, node);
      touch(address);
    }
    if (gone) this.prune(node);
    return node;
  }

  /** Lets go of all that was derived from any node. */
  forgetDerived(): void {
    for (const node of this.nodes.values()) node.derived = [];
  }

  private grow(name: string): ZoneNode<T> {
    const known = this.nodes.get(name);
    if (known) return known;
    const node: ZoneNode<T> = { name, entry: undefined, children: 0, derived: [] };
    this.nodes.set(name, node);
    const parent = parentOf(name);
    if (parent !== '') this.grow(parent).children++;
    return node;
  }

  private prune(node: ZoneNode<T>): void {
    if (node.entry !== undefined || node.children > 0) return;
    this.nodes.delete(node.name);
    const parent = this.nodes.get(parentOf(node.name));
    if (parent === undefined) return;
    parent.children--;
    this.prune(parent);
  }

  private link(address: string, node: ZoneNode<T>): void {
    const nodes = this.byAddress.get(address);
    if (nodes === undefined) this.byAddress.set(address, [node]);
    else if (!nodes.includes(node)) nodes.push(node);
  }

  private unlink(address: string, node: ZoneNode<T>): void {
    const left = this.named(address).filter((each) => each !== node);
    if (left.length === 0) this.byAddress.delete(address);
    else this.byAddress.set(address, left);
  }
}

/** The name above; `''` is the domain itself. */
export function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}

/** The local container that has an address. */
export function containerAt<T>(zone: Zone<T>, host: HostId, address: string): LocalContainer | undefined {
  for (const { entry } of zone.named(address)) {
    const owner = entry?.owners.find((each) => each.host === host && hasAddress(each.container.addresses, address));
    if (owner) return { id: owner.container.id, networks: owner.container.addresses.map((each) => each.network) };
  }
  return undefined;
}

function hasAddress(addresses: readonly { readonly address: Address }[], address: string): boolean {
  return addresses.some((each) => each.address === address);
}

function addressesOf(entry: NameEntry | undefined): Address[] {
  if (entry === undefined) return [];
  const owned = entry.owners.flatMap((owner) => owner.container.addresses.map((each) => each.address));
  const made = entry.statics.flatMap(({ data }) => (data.type === 'address' ? [data.address] : []));
  return [...owned, ...made];
}
