import { HeldContainer } from '../held-container.ts';
import type { ContainerRecord, NamedContainer, NameEntry, Owner } from '../record.ts';
import { type HeldOwner, Settling } from './held-owner.ts';

/**
 * Names on their way to an answering thread, and the owners that it was not told of yet. Most owners have several names,
 * and a name that a thousand hosts have is told of again with each dozen that joins: what is told once is told by its
 * number from then on, and the thread has one object for it.
 */
export interface Parcel {
  /** How many of the owners told so far are still spoken of; `owners` are numbered on from there. */
  readonly kept: number;
  readonly owners: readonly Owner[];
  readonly names: readonly PackedName[];
}

export interface PackedName extends Omit<NameEntry, 'owners'> {
  /** By their numbers. */
  readonly owners: readonly number[];
}

/** Owners spoken of by number at once: the largest mesh Weft is made for has half as many, at 60 octets each. */
const maxNumbered = 100_000;

/** The sending end. It goes by which object an owner is: a changed one is another. */
export class Packer {
  private readonly numbers = new Map<Owner, number>();

  get size(): number {
    return this.numbers.size;
  }

  pack(entries: readonly NameEntry[]): Parcel {
    if (this.numbers.size >= maxNumbered) this.forget();
    const kept = this.numbers.size;
    const fresh: Owner[] = [];
    const names = entries.map(({ name, owners, statics }) => ({
      name,
      owners: owners.map((owner) => this.number(owner, fresh)),
      statics,
    }));
    return { kept, owners: fresh, names };
  }

  /** Speaks of nobody told so far any more. */
  forget(): void {
    this.numbers.clear();
  }

  private number(owner: Owner, fresh: Owner[]): number {
    const known = this.numbers.get(owner);
    if (known !== undefined) return known;
    const number = this.numbers.size;
    this.numbers.set(owner, number);
    fresh.push(withoutNames(owner));
    return number;
  }
}

/** The owner without its container's other names: whoever answers is told of those one by one. */
function withoutNames({ container, ...home }: Owner): Owner {
  if (container instanceof HeldContainer) return { ...home, container: container.plain() };
  const { names: _, ...named }: NamedContainer & Partial<Pick<ContainerRecord, 'names'>> = container;
  return { ...home, container: named };
}

/** The receiving end. Owners are settled when a name of theirs is read, so that a parcel can be read in parts. */
export class Unpacker {
  private readonly settling = new Settling();
  /** As they came, until they are settled. */
  private readonly arrived: (Owner | undefined)[] = [];
  private readonly settled: (HeldOwner | undefined)[] = [];

  /** Takes in the owners of a parcel, whose names can be read then. */
  take({ kept, owners }: Parcel): void {
    this.arrived.length = kept;
    this.settled.length = kept;
    for (const owner of owners) this.arrived.push(owner);
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
    if (arrived === undefined) throw new Error(`a name has owner ${number}, of whom nothing was told`);
    const owner = this.settling.owner(arrived);
    this.settled[number] = owner;
    this.arrived[number] = undefined;
    return owner;
  }
}
