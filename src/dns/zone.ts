import { Multimap } from '../multimap.ts';
import type { Address, HostId, Name, NamedContainer, NameEntry, NetworkKey, Owner, StaticRecord } from '../record.ts';

const nothing: readonly never[] = [];

/**
 * A name that exists: because something is known of it, or, with neither owners nor statics, because a name below it
 * exists (RFC 8020).
 */
export class ZoneNode<T> implements NameEntry {
  readonly name: Name;
  statics: readonly StaticRecord[] = nothing;
  /** How many nodes lie right below. */
  children = 0;
  /** What was derived from the node and must go when it changes. */
  derived: readonly T[] = nothing;
  private held: Owners = nothing;

  constructor(name: Name, held: Owners = nothing) {
    this.name = name;
    this.held = held;
  }

  get owners(): readonly Owner[] {
    return isList(this.held) ? this.held : [this.held];
  }

  set owners(owners: readonly Owner[]) {
    const [only] = owners;
    this.held = owners.length === 1 && only !== undefined ? only : owners;
  }

  /** All there is of the node, where that is no more than one owner. */
  get bare(): Owner | undefined {
    const { held, statics, children, derived } = this;
    const isBare = statics.length === 0 && children === 0 && derived.length === 0;
    return isBare && !isList(held) ? held : undefined;
  }
}

/** Without a list where there is one: most names have one. */
type Owners = Owner | readonly Owner[];

function isList(owners: Owners): owners is readonly Owner[] {
  return Array.isArray(owners);
}

/** A local container at one of its addresses. */
export interface LocalContainer {
  readonly id: string;
  readonly networks: readonly NetworkKey[];
}

/** All names that are known, relative to the domain, as a tree that can be asked by name and by address. */
export class Zone<T> {
  /** Names that nobody asked for yet, such as most containers' ids, have their only owner in the place of a node. */
  private readonly nodes = new Map<Name, ZoneNode<T> | Owner>();
  private readonly byAddress = new Multimap<string, Name>();
  private readonly byAsker = new Multimap<string, Name>();

  get size(): number {
    return this.nodes.size;
  }

  find(name: string): ZoneNode<T> | undefined {
    const known = this.nodes.get(name as Name);
    if (known === undefined || known instanceof ZoneNode) return known;
    const node = new ZoneNode<T>(name as Name, known);
    this.nodes.set(node.name, node);
    return node;
  }

  /** The nodes whose entries hold the address. */
  named(address: string): readonly ZoneNode<T>[] {
    return this.byAddress.get(address).flatMap((name) => this.find(name) ?? []);
  }

  /** The nodes of containers that ask from the address and are not reached at it. */
  asking(address: string): readonly ZoneNode<T>[] {
    return this.byAsker.get(address).flatMap((name) => this.find(name) ?? []);
  }

  /** The wildcard that stands for a name that does not exist (RFC 4592 section 3.3.1: below its closest encloser only). */
  wildcardFor(name: string): ZoneNode<T> | undefined {
    for (let parent = parentOf(name); ; parent = parentOf(parent)) {
      if (parent === '') return this.find('*');
      if (this.nodes.has(parent as Name)) return this.find(`*.${parent}`);
    }
  }

  /**
   * Takes over one entry; returns the node that was changed, which is no longer in the tree if its name is gone. `touch`
   * hears every address that the name had or has.
   */
  put(entry: NameEntry, touch: (address: Address) => void = () => {}): ZoneNode<T> | undefined {
    const gone = isEmpty(entry);
    const node = gone ? this.find(entry.name) : this.grow(entry.name);
    if (node === undefined) return undefined;
    const { name } = entry;
    move(this.byAddress, name, addressesOf(node), addressesOf(entry), touch);
    move(this.byAsker, name, askersOf(node), askersOf(entry), touch);
    node.owners = entry.owners;
    node.statics = entry.statics;
    if (gone) this.prune(node);
    else if (node.bare !== undefined) this.nodes.set(name, node.bare);
    return node;
  }

  /** Lets go of all that was derived from any node. */
  forgetDerived(): void {
    for (const node of this.nodes.values()) if (node instanceof ZoneNode) node.derived = nothing;
  }

  private grow(name: Name): ZoneNode<T> {
    const known = this.find(name);
    if (known) return known;
    const node = new ZoneNode<T>(name);
    this.nodes.set(name, node);
    const parent = parentOf(name);
    if (parent !== '') this.grow(parent).children++;
    return node;
  }

  private prune(node: ZoneNode<T>): void {
    if (!isEmpty(node) || node.children > 0) return;
    this.nodes.delete(node.name);
    const parent = this.find(parentOf(node.name));
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

/**
 * Puts a name under the addresses that it has now. A name that a thousand hosts have is told of again with each dozen
 * that joins, and at an address that they all use there are thousands of names to look through.
 */
function move(
  names: Multimap<string, Name>,
  name: Name,
  before: readonly Address[],
  after: readonly Address[],
  touch: (address: Address) => void,
): void {
  const [had, has] = [new Set(before), new Set(after)];
  for (const address of had) {
    if (!has.has(address)) names.delete(address, name);
    touch(address);
  }
  for (const address of has) {
    if (!had.has(address)) names.add(address, name);
    touch(address);
  }
}

function addressesOf({ owners, statics }: NameEntry): Address[] {
  const addresses: Address[] = [];
  for (const { container } of owners) for (const { address } of container.addresses) addresses.push(address);
  for (const { data } of statics) if (data.type === 'address') addresses.push(data.address);
  return addresses;
}

function askersOf({ owners }: NameEntry): Address[] {
  const addresses: Address[] = [];
  for (const { container } of owners) addresses.push(...(container.asksFrom ?? []));
  return addresses;
}
