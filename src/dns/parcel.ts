import { type ContainerParts, HeldContainer, Splitter } from '../held-container.ts';
import type { ContainerRecord, HostId, NamedContainer, NameEntry, Owner } from '../record.ts';
import { type HeldOwner, type Home, isSameHome, Settling } from './held-owner.ts';

/**
 * Names on their way to an answering thread, and the owners that it was not told of yet. Most owners have several names,
 * and a name that a thousand hosts have is told of again with each dozen that joins: what is told once is told by its
 * number from then on, and the thread has one object for it. The same goes for what owners have alike.
 */
interface Parcel {
  /** How many of the owners told so far are still spoken of: all, and `owners` are numbered on from there, or none. */
  readonly kept: number;
  readonly homes: readonly Home[];
  readonly kinds: readonly ContainerParts['kind'][];
  readonly places: readonly ContainerParts['places'][];
  readonly owners: readonly PackedOwner[];
  readonly names: readonly PackedName[];
}

/** An owner, with what it has in common with others by its number. */
interface PackedOwner extends Omit<ContainerParts, 'kind' | 'places'> {
  readonly home: number;
  readonly kind: number;
  readonly places: number;
}

/** A name; without a list of its static records where there are none. */
export interface PackedName extends Pick<NameEntry, 'name'>, Partial<Pick<NameEntry, 'statics'>> {
  /** By their numbers. */
  readonly owners: readonly number[];
}

/** A parcel as it crosses, in JSON: to write and read that takes less time than a copy of every object in it. */
export type ParcelText = string;

/** Owners spoken of by number at once: the largest mesh Weft is made for has half as many, at 60 octets each. */
const maxNumbered = 100_000;

/** The sending end. It goes by which object an owner is: a changed one is another. */
export class Packer {
  private readonly owners = new Told<Owner, PackedOwner>();
  private readonly homes = new Told<Home, Home>();
  private readonly kinds = new Told<object, ContainerParts['kind']>();
  private readonly places = new Told<object, ContainerParts['places']>();
  private readonly splitter = new Splitter();
  /** As each host was told of last. */
  private readonly lastHomes = new Map<HostId, Home>();

  get size(): number {
    return this.owners.size;
  }

  pack(entries: readonly NameEntry[]): ParcelText {
    if (this.size >= maxNumbered) this.forget();
    const kept = this.size;
    const names = entries.map(({ name, owners, statics }) => {
      const numbers = owners.map((owner) => this.owners.number(owner) ?? this.tell(owner));
      return statics.length === 0 ? { name, owners: numbers } : { name, owners: numbers, statics };
    });
    return JSON.stringify({
      kept,
      homes: this.homes.fresh(),
      kinds: this.kinds.fresh(),
      places: this.places.fresh(),
      owners: this.owners.fresh(),
      names,
    } satisfies Parcel);
  }

  /** Speaks of nobody told so far any more. */
  forget(): void {
    for (const told of [this.owners, this.homes, this.kinds, this.places, this.lastHomes]) told.clear();
  }

  private tell(owner: Owner): number {
    const { kind, places, ...own } = this.split(owner.container);
    const home = this.homeOf(owner);
    return this.owners.tell(owner, {
      ...own,
      home: this.homes.number(home) ?? this.homes.tell(home, home),
      kind: this.kinds.number(kind) ?? this.kinds.tell(kind, kind),
      places: this.places.number(places) ?? this.places.tell(places, places),
    });
  }

  /** One object for all owners on a host, until that is another. */
  private homeOf(owner: Owner): Home {
    const last = this.lastHomes.get(owner.host);
    if (last !== undefined && isSameHome(last, owner)) return last;
    const { container: _, ...home } = owner;
    this.lastHomes.set(home.host, home);
    return home;
  }

  /** Without its other names: whoever answers is told of those one by one. */
  private split(container: NamedContainer & Partial<Pick<ContainerRecord, 'names'>>): ContainerParts {
    if (container instanceof HeldContainer) return container.parts();
    const { names: _, ...named } = container;
    return this.splitter.split(named);
  }
}

/** What was told, each by its number, and what is told the first time in the next parcel. */
class Told<K, T> {
  private readonly numbers = new Map<K, number>();
  private untold: T[] = [];

  get size(): number {
    return this.numbers.size;
  }

  number(key: K): number | undefined {
    return this.numbers.get(key);
  }

  tell(key: K, what: T): number {
    const number = this.numbers.size;
    this.numbers.set(key, number);
    this.untold.push(what);
    return number;
  }

  fresh(): readonly T[] {
    const { untold } = this;
    this.untold = [];
    return untold;
  }

  clear(): void {
    this.numbers.clear();
    this.untold = [];
  }
}

/** The receiving end. Owners are settled when a name of theirs is read, so that a parcel can be read in parts. */
export class Unpacker {
  private readonly settling = new Settling();
  private readonly homes: Home[] = [];
  private readonly kinds: ContainerParts['kind'][] = [];
  private readonly places: ContainerParts['places'][] = [];
  /** As they came, until they are settled. */
  private readonly arrived: (PackedOwner | undefined)[] = [];
  private readonly settled: (HeldOwner | undefined)[] = [];

  /** Takes in the owners of a parcel, and returns its names, which can be read then. */
  take(text: ParcelText): readonly PackedName[] {
    const { kept, homes, kinds, places, owners, names }: Parcel = JSON.parse(text);
    if (kept === 0) for (const told of [this.homes, this.kinds, this.places]) told.length = 0;
    this.arrived.length = kept;
    this.settled.length = kept;
    for (const home of homes) this.homes.push(this.settling.home(home));
    for (const kind of kinds) this.kinds.push(this.settling.kind(kind));
    for (const list of places) this.places.push(this.settling.places(list));
    for (const owner of owners) this.arrived.push(owner);
    return names;
  }

  read(names: readonly PackedName[]): NameEntry[] {
    return names.map(({ name, owners, statics = [] }) => ({
      name: this.settling.text(name),
      owners: owners.map((number) => this.owner(number)),
      statics,
    }));
  }

  private owner(number: number): HeldOwner {
    const settled = this.settled[number];
    if (settled !== undefined) return settled;
    const arrived = this.arrived[number];
    const home = this.homes[arrived?.home ?? -1];
    const kind = this.kinds[arrived?.kind ?? -1];
    const places = this.places[arrived?.places ?? -1];
    if (arrived === undefined || home === undefined || kind === undefined || places === undefined)
      throw new Error(`a name has owner ${number}, of whom nothing was told`);
    const owner = this.settling.owner({ ...arrived, kind, places }, home);
    this.settled[number] = owner;
    this.arrived[number] = undefined;
    return owner;
  }
}
