import { HeldContainer, type Place } from '../held-container.ts';
import { Multimap } from '../multimap.ts';
import {
  type ContainerRecord,
  containerAddressKey,
  type HostId,
  type HostRecord,
  type HostStatus,
  type Name,
  type NamedContainer,
  type Owner,
  sharedNetworkKey,
} from '../record.ts';
import type { ClaimedContainer, ToldContainer } from './record-json.ts';

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
export class Ownership extends HeldContainer implements ContainerRecord {
  readonly host: HostEntry;
  readonly names: readonly Name[];
  /** Lamport number of its claim to shared addresses: of two living claims the higher one came later. */
  readonly claim: number;
  /** Keys of its addresses on networks that several hosts are on; most containers have none. */
  readonly shared: readonly string[];
  /** What others see of it, made when it is asked for; to be made anew when its host's record or status changes. */
  shown: Owner | undefined;

  constructor(host: HostEntry, told: ToldContainer) {
    super(told);
    this.host = host;
    this.names = told.names;
    this.claim = told.claim;
    this.shared = told.places.some(isShared) ? claimedAddresses(this) : none;
    this.shown = undefined;
  }

  /** As its host said it. */
  claimed(): ClaimedContainer {
    const { names, claim } = this;
    return { record: { ...this.plain(), names }, claim };
  }
}

const sharedPrefix = sharedNetworkKey('');
/** One list for all that have none. */
const none: readonly never[] = [];

/**
 * Who owns each name, and which of several hosts has an address of a network they share. One address has one owner:
 * among hosts that are heard the latest claim wins, by numbers that the owners took, so every host decides alike.
 */
export class Owners {
  readonly #byName = new Multimap<Name, Ownership>();
  readonly #byAddress = new Multimap<string, Ownership>();
  /** Names whose owners are not in order: a name of a thousand hosts is sorted when it is read, not with each of them. */
  readonly #unsorted = new Set<Name>();

  names(): Iterable<Name> {
    return this.#byName.keys();
  }

  /** How many containers have a name. */
  count(name: Name): number {
    return this.#byName.count(name);
  }

  /** The owners of a name, less those that lost all their addresses to others; in one order on every host. */
  of(name: Name): Owner[] {
    const owners: Owner[] = [];
    if (this.#unsorted.delete(name)) this.#byName.sort(name, byHostThenId);
    for (const ownership of this.#byName.get(name)) {
      const owner = this.#visible(ownership);
      if (owner !== undefined) owners.push(owner);
    }
    return owners;
  }

  /** Adds it and returns the names whose answer may be another now. */
  add(ownership: Ownership): Iterable<Name> {
    for (const name of ownership.names) if (this.#byName.add(name, ownership) > 1) this.#unsorted.add(name);
    for (const key of ownership.shared) this.#byAddress.add(key, ownership);
    return this.touched(ownership);
  }

  /** Removes it and returns the names whose answer may be another now. */
  remove(ownership: Ownership): Iterable<Name> {
    const touched = this.touched(ownership);
    for (const name of ownership.names) if (this.#byName.delete(name, ownership) < 2) this.#unsorted.delete(name);
    for (const key of ownership.shared) this.#byAddress.delete(key, ownership);
    return touched;
  }

  /** Its names, and those of everyone who claims one of its addresses. */
  touched({ names, shared }: Ownership): Iterable<Name> {
    if (shared.length === 0) return names;
    const rivals = shared.flatMap((key) => this.#byAddress.get(key));
    return new Set([names, ...rivals.map((rival) => rival.names)].flat());
  }

  /** A number above every claim to one of these addresses; 0 where none of them is on a shared network. */
  nextClaim(container: ContainerRecord): number {
    const keys = claimedAddresses(container);
    const rivals = keys.flatMap((key) => this.#byAddress.get(key));
    return keys.length === 0 ? 0 : rivals.reduce((highest, { claim }) => Math.max(highest, claim), 0) + 1;
  }

  /** The owner with the addresses that are its own, `undefined` if it lost them all. */
  #visible(ownership: Ownership): Owner | undefined {
    const { host, shared } = ownership;
    const lost = shared.length === 0 ? shared : shared.filter((key) => this.#isBeaten(ownership, key));
    if (lost.length === 0) {
      // Names that every host has are told of again and again while a host joins: a thousand owners are not made each time.
      ownership.shown ??= ownerOf(host, ownership);
      return ownership.shown;
    }
    const addresses = ownership.addresses.filter((address) => !lost.includes(containerAddressKey(address)));
    return addresses.length === 0 ? undefined : ownerOf(host, { ...ownership.plain(), addresses });
  }

  /** Containers of one host that have one address share a network namespace: their agent sees to the rest. */
  #isBeaten(ownership: Ownership, key: string): boolean {
    const rivals = this.#byAddress.get(key);
    return rivals.some((rival) => rival.host !== ownership.host && beats(rival, ownership));
  }
}

function ownerOf(host: HostEntry, container: NamedContainer): Owner {
  const { id, status, record } = host;
  const { name = id, address, unwatched } = record ?? {};
  return {
    host: id,
    hostName: name,
    hostStatus: status,
    container,
    ...(address && { hostAddress: address }),
    ...(unwatched && { unwatched }),
  };
}

function claimedAddresses({ addresses }: Pick<ContainerRecord, 'addresses'>): readonly string[] {
  return addresses.filter(isShared).map(containerAddressKey);
}

function isShared({ network }: Place): boolean {
  return network.startsWith(sharedPrefix);
}

function beats(rival: Ownership, ownership: Ownership): boolean {
  const [theirs, ours] = [isHeard(rival.host), isHeard(ownership.host)];
  if (theirs !== ours) return theirs;
  if (rival.claim !== ownership.claim) return rival.claim > ownership.claim;
  return byHostThenId(rival, ownership) > 0;
}

/** Whether somebody sees that its containers run. */
function isHeard({ status, record }: HostEntry): boolean {
  return record?.unwatched === undefined && (status === 'self' || status === 'alive' || status === 'restarting');
}

function byHostThenId(one: Ownership, other: Ownership): number {
  return compare(one.host.id, other.host.id) || compare(one.id, other.id);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
