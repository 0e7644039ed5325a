import { Multimap } from '../multimap.ts';
import type { Address, HostId, Name, NamedContainer, NameEntry, NetworkKey, Owner, StaticRecord } from '../record.ts';

/**
 * A name that exists: because something is known of it, or, with neither owners nor statics, because a name below it
 * exists (RFC 8020).
 */
export interface ZoneNode<T> extends NameEntry {
  owners: readonly Owner[];
  statics: readonly StaticRecord[];
  /** How many nodes lie right below. */
  children: number;
  /** What was derived from the node and must go when it changes. */
  derived: readonly T[];
}

/** A local container at one of its addresses. */
export interface LocalContainer {
  readonly id: string;
  readonly networks: readonly NetworkKey[];
}

const nothing: readonly never[] = [];

/** All names that are known, relative to the domain, as a tree that can be asked by name and by address. */
export class Zone<T> {
  private readonly nodes = new Map<string, ZoneNode<T>>();
  private readonly byAddress = new Multimap<string, ZoneNode<T>>();
  private readonly byAsker = new Multimap<string, ZoneNode<T>>();

  get size(): number {
    return this.nodes.size;
  }

  find(name: string): ZoneNode<T> | undefined {
    return this.nodes.get(name);
  }

  /** The nodes whose entries hold the address. */
  named(address: string): readonly ZoneNode<T>[] {
    return this.byAddress.get(address);
  }

  /** The nodes of containers that ask from the address and are not reached at it. */
  asking(address: string): readonly ZoneNode<T>[] {
    return this.byAsker.get(address);
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
    const gone = isEmpty(entry);
    const node = gone ? this.nodes.get(entry.name) : this.grow(entry.name);
    if (node === undefined) return undefined;
    const { byAddress, byAsker } = this;
    eachAddress(node, (address) => byAddress.delete(address, node), touch);
    eachAsker(node, (address) => byAsker.delete(address, node), touch);
    node.owners = entry.owners;
    node.statics = entry.statics;
    // All of a node at once: where two of its owners have an address, the node is the last one there already.
    eachAddress(node, (address) => byAddress.add(address, node), touch);
    eachAsker(node, (address) => byAsker.add(address, node), touch);
    if (gone) this.prune(node);
    return node;
  }

  /** Lets go of all that was derived from any node. */
  forgetDerived(): void {
    for (const node of this.nodes.values()) node.derived = nothing;
  }

  private grow(name: Name): ZoneNode<T> {
    const known = this.nodes.get(name);
    if (known) return known;
    const node: ZoneNode<T> = { name, owners: nothing, statics: nothing, children: 0, derived: nothing };
    this.nodes.set(name, node);
    const parent = parentOf(name);
    if (parent !== '') this.grow(parent).children++;
    return node;
  }

  private prune(node: ZoneNode<T>): void {
    if (!isEmpty(node) || node.children > 0) return;
    this.nodes.delete(node.name);
    const parent = this.nodes.get(parentOf(node.name));
    if (parent === undefined) return;
    parent.children--;
    this.prune(parent);
  }
}

/** The node, where anything is known of its name. */
export function knownOf<T>(node: ZoneNode<T> | undefined): ZoneNode<T> | undefined {
  return node === undefined || isEmpty(node) ? undefined : node;
}

/** Whether nobody owns the name, and no operator made records of it. */
export function isEmpty({ owners, statics }: NameEntry): boolean {
  return owners.length === 0 && statics.length === 0;
}

/** The name above; `''` is the domain itself. */
export function parentOf<N extends string>(name: N): N {
  const dot = name.indexOf('.');
  return (dot < 0 ? '' : name.slice(dot + 1)) as N;
}

/** The local container that has an address, or asks from it. */
export function containerAt<T>(zone: Zone<T>, host: HostId, address: string): LocalContainer | undefined {
  // Other hosts have networks of the same subnets: who asks from an address there may not be who has it here.
  return localOf(zone.asking(address), host, address) ?? localOf(zone.named(address), host, address);
}

function localOf<T>(nodes: readonly ZoneNode<T>[], host: HostId, address: string): LocalContainer | undefined {
  for (const { owners } of nodes) {
    const owner = owners.find((each) => each.host === host && isAt(each.container, address));
    if (owner) return { id: owner.container.id, networks: owner.container.addresses.map((each) => each.network) };
  }
  return undefined;
}

function isAt({ addresses, asksFrom }: NamedContainer, address: string): boolean {
  return addresses.some((each) => each.address === address) || asksFrom?.some((each) => each === address) === true;
}

type Visit = (address: Address) => unknown;

function eachAddress({ owners, statics }: NameEntry, ...visits: readonly Visit[]): void {
  for (const { container } of owners)
    for (const { address } of container.addresses) for (const visit of visits) visit(address);
  for (const { data } of statics) if (data.type === 'address') for (const visit of visits) visit(data.address);
}

function eachAsker({ owners }: NameEntry, ...visits: readonly Visit[]): void {
  for (const { container } of owners)
    for (const address of container.asksFrom ?? []) for (const visit of visits) visit(address);
}
