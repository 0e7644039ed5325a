import { type ContainerParts, HeldContainer, Splitter } from '../held-container.ts';
import type { ContainerRecord, NamedContainer, NameEntry, Owner } from '../record.ts';
import { type HeldOwner, type Home, Settling } from './held-owner.ts';

/**
 * Names on their way to an answering thread, and the owners that it was not told of yet. Most owners have several names,
 * and a name that a thousand hosts have is told of again with each dozen that joins: what is told once is told by its
 * number from then on, and the thread has one object for it. The same goes for what owners have alike.
 */
interface Parcel {
  /** How many of the owners told so far are still spoken of: all, and `owners` are numbered on from there, or none. */
  readonly kept: number;
  readonly homes: Home[];
  readonly kinds: ContainerParts['kind'][];
  readonly places: ContainerParts['places'][];
  readonly owners: PackedOwner[];
  readonly names: readonly PackedName[];
}

/** An owner, with what it has in common with others by its number. */
interface PackedOwner extends Omit<ContainerParts, 'kind' | 'places'> {
  readonly home: number;
  readonly kind: number;
  readonly places: number;
}

export interface PackedName extends Omit<NameEntry, 'owners'> {
  /** By their numbers. */
  readonly owners: readonly number[];
}

/** A parcel as it crosses: to copy a text takes a third of the time that it takes to copy what it says. */
export type ParcelText = string;

/** Owners spoken of by number at once: the largest mesh Weft is made for has half as many, at 60 octets each. */
const maxNumbered = 100_000;

/** The sending end. It goes by which object an owner is: a changed one is another. */
export class Packer {
  private readonly owners = new Map<Owner, number>();
  private readonly homes = new Map<string, number>();
  private readonly kinds = new Map<object, number>();
  private readonly places = new Map<object, number>();
  private readonly splitter = new Splitter();

  get size(): number {
    return this.owners.size;
  }

  pack(entries: readonly NameEntry[]): ParcelText {
    if (this.owners.size >= maxNumbered) this.forget();
    const fresh = { kept: this.owners.size, homes: [], kinds: [], places: [], owners: [] };
    const names = entries.map(({ name, owners, statics }) => ({
      name,
      owners: owners.map((owner) => this.number(owner, fresh)),
      statics,
    }));
    return JSON.stringify({ ...fresh, names } satisfies Parcel);
  }

  /** Speaks of nobody told so far any more. */
  forget(): void {
    for (const told of [this.owners, this.homes, this.kinds, this.places]) told.clear();
  }

  private number(owner: Owner, fresh: Omit<Parcel, 'names'>): number {
    return numberIn(this.owners, owner, () => {
      const { container, ...home } = owner;
      const { kind, places, ...own } = this.split(container);
      fresh.owners.push({
        ...own,
        home: numberIn(this.homes, JSON.stringify(home), () => fresh.homes.push(home)),
        kind: numberIn(this.kinds, kind, () => fresh.kinds.push(kind)),
        places: numberIn(this.places, places, () => fresh.places.push(places)),
      });
    });
  }

  /** Without its other names: whoever answers is told of those one by one. */
  private split(container: NamedContainer & Partial<Pick<ContainerRecord, 'names'>>): ContainerParts {
    if (container instanceof HeldContainer) return container.parts();
    const { names: _, ...named } = container;
    return this.splitter.split(named);
  }
}

/** The number of what was told already; what is told the first time has the next one. */
function numberIn<T>(told: Map<T, number>, what: T, tell: () => void): number {
  const known = told.get(what);
  if (known !== undefined) return known;
  const number = told.size;
  told.set(what, number);
  tell();
  return number;
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
    return names.map(({ name, owners, statics }) => ({
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
