import {
  type ContainerAddress,
  type ContainerRecord,
  type HostId,
  type HostRecord,
  type HostStatus,
  type Name,
  type Owner,
  sharedNetworkKey,
} from '../record.ts';

/** A host in the directory. */
export interface HostEntry {
  readonly id: HostId;
  status: HostStatus;
  record: HostRecord | undefined;
  readonly containers: Map<string, Ownership>;
  /** Problems of its bad records, by key. */
  readonly bad: Map<string, string>;
}

/** A container as the owner of its names and addresses. */
export interface Ownership {
  readonly host: HostEntry;
  readonly container: ContainerRecord;
  /** Lamport number of its claim to shared addresses: of two living claims the higher one came later. */
  readonly claim: number;
}

const sharedPrefix = sharedNetworkKey('');

/**
 * Who owns each name, and which of several hosts has an address of a network they share. One address has one owner:
 * among hosts that are heard the latest claim wins, by numbers that the owners took, so every host decides alike.
 */
export class Owners {
  readonly #byName = new Map<Name, Ownership[]>();
  readonly #byAddress = new Map<string, Ownership[]>();

  names(): Iterable<Name> {
    return this.#byName.keys();
  }

  /** The owners of a name, less those that lost all their addresses to others; in one order on every host. */
  of(name: Name): Owner[] {
    const ownerships = [...(this.#byName.get(name) ?? [])].sort(byHostThenId);
    return ownerships.flatMap((ownership) => this.#view(ownership));
  }

  /** Adds it and returns the names whose answer may be another now. */
  add(ownership: Ownership): Iterable<Name> {
    for (const name of new Set(ownership.container.names)) append(this.#byName, name, ownership);
    for (const key of claimedAddresses(ownership.container)) append(this.#byAddress, key, ownership);
    return this.touched(ownership);
  }

  /** Removes it and returns the names whose answer may be another now. */
  remove(ownership: Ownership): Iterable<Name> {
    const touched = this.touched(ownership);
    for (const name of new Set(ownership.container.names)) drop(this.#byName, name, ownership);
    for (const key of claimedAddresses(ownership.container)) drop(this.#byAddress, key, ownership);
    return touched;
  }

  /** Its names, and those of everyone who claims one of its addresses. */
  touched({ container }: Ownership): Set<Name> {
    const names = new Set(container.names);
    for (const key of claimedAddresses(container))
      for (const rival of this.#byAddress.get(key) ?? []) for (const name of rival.container.names) names.add(name);
    return names;
  }

  /** A number above every claim to one of these addresses; 0 where none of them is on a shared network. */
  nextClaim(container: ContainerRecord): number {
    const keys = claimedAddresses(container);
    const rivals = keys.flatMap((key) => this.#byAddress.get(key) ?? []);
    return keys.length === 0 ? 0 : rivals.reduce((highest, { claim }) => Math.max(highest, claim), 0) + 1;
  }

  #view(ownership: Ownership): Owner[] {
    const { host, container } = ownership;
    const addresses = container.addresses.filter((address) => this.#holds(ownership, address));
    if (addresses.length === 0 && container.addresses.length > 0) return [];
    const whole = addresses.length === container.addresses.length;
    return [
      {
        host: host.id,
        hostName: host.record?.name ?? host.id,
        hostStatus: host.status,
        ...(host.record?.address === undefined ? {} : { hostAddress: host.record.address }),
        container: whole ? container : { ...container, addresses },
      },
    ];
  }

  #holds(ownership: Ownership, address: ContainerAddress): boolean {
    const rivals = this.#byAddress.get(addressKey(address));
    return rivals === undefined || rivals.every((rival) => rival === ownership || !beats(rival, ownership));
  }
}

function claimedAddresses({ addresses }: ContainerRecord): string[] {
  return addresses.filter(({ network }) => network.startsWith(sharedPrefix)).map(addressKey);
}

function addressKey({ network, address }: ContainerAddress): string {
  return `${network} ${address}`;
}

function beats(rival: Ownership, ownership: Ownership): boolean {
  const [theirs, ours] = [isHeard(rival.host), isHeard(ownership.host)];
  if (theirs !== ours) return theirs;
  if (rival.claim !== ownership.claim) return rival.claim > ownership.claim;
  return byHostThenId(rival, ownership) > 0;
}

function isHeard({ status }: HostEntry): boolean {
  return status === 'self' || status === 'alive' || status === 'restarting';
}

function byHostThenId(one: Ownership, other: Ownership): number {
  return compare(one.host.id, other.host.id) || compare(one.container.id, other.container.id);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function append<K>(map: Map<K, Ownership[]>, key: K, ownership: Ownership): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [ownership]);
  else list.push(ownership);
}

function drop<K>(map: Map<K, Ownership[]>, key: K, ownership: Ownership): void {
  const list = map.get(key) ?? [];
  const at = list.indexOf(ownership);
  if (at >= 0) list.splice(at, 1);
  if (list.length === 0) map.delete(key);
}
