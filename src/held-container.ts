import { poolOf } from './pool.ts';
import type { Address, ContainerAddress, NamedContainer } from './record.ts';

/** What containers of one image have alike, mostly. */
export type Kind = Omit<NamedContainer, 'id' | 'name' | 'addresses' | 'asksFrom' | 'startedAt'>;
/** Where containers of one network are. */
export type Place = Omit<ContainerAddress, 'address'>;

/** What is kept of a container that was split. */
export interface ContainerParts extends Pick<NamedContainer, 'id' | 'name' | 'startedAt'> {
  readonly kind: Kind;
  readonly places: readonly Place[];
  /** One for each place, then those that it only asks from. */
  readonly at: readonly Address[];
}

/**
 * A container as it is kept where there may be 50,000: what many have alike they share, and what is read seldom is put
 * together when it is read.
 */
export class HeldContainer implements NamedContainer {
  readonly id: string;
  readonly name: string;
  readonly startedAt: number;
  private readonly kind: Kind;
  private readonly places: readonly Place[];
  /** Without a list where there is one. */
  private readonly at: Address | readonly Address[];

  constructor({ id, name, startedAt, kind, places, at }: ContainerParts) {
    const [only] = at;
    this.id = id;
    this.name = name;
    this.startedAt = startedAt;
    this.kind = kind;
    this.places = places;
    this.at = at.length === 1 && only !== undefined ? only : at;
  }

  get addresses(): readonly ContainerAddress[] {
    const { at, places } = this;
    const [only] = places;
    if (typeof at === 'string') return only === undefined ? [] : [addressAt(only, at)];
    return places.flatMap((place, index) => (at[index] === undefined ? [] : addressAt(place, at[index])));
  }

  get asksFrom(): readonly Address[] | undefined {
    const at = typeof this.at === 'string' ? [this.at] : this.at;
    return at.length > this.places.length ? at.slice(this.places.length) : undefined;
  }

  get image() {
    return this.kind.image;
  }

  get state() {
    return this.kind.state;
  }

  get health() {
    return this.kind.health;
  }

  get skipped() {
    return this.kind.skipped;
  }

  get ports() {
    return this.kind.ports;
  }

  get services() {
    return this.kind.services;
  }

  get ttlSeconds() {
    return this.kind.ttlSeconds;
  }

  get weight() {
    return this.kind.weight;
  }

  get answers() {
    return this.kind.answers;
  }

  get prefer() {
    return this.kind.prefer;
  }

  /** As it was split. */
  parts(): ContainerParts {
    const { id, name, startedAt, kind, places, at } = this;
    return { id, name, startedAt, kind, places, at: typeof at === 'string' ? [at] : at };
  }

  /** The same as an object of fields, which can be copied and compared. */
  plain(): NamedContainer {
    const { id, name, startedAt, kind, addresses, asksFrom } = this;
    return { id, name, addresses, ...(asksFrom && { asksFrom }), startedAt, ...kind };
  }

  toJSON(): NamedContainer {
    return this.plain();
  }
}

/** Written out, since it is read for every answer that is made: what a spread makes takes several times as long. */
function addressAt({ network, networkName, subnet }: Place, address: Address): ContainerAddress {
  return subnet === undefined ? { address, network, networkName } : { address, network, networkName, subnet };
}

/** Splits containers, with one copy of each part for all that have it alike. */
export class Splitter {
  private readonly texts = poolOf((text) => text);
  private readonly kinds = poolOf((json): Kind => JSON.parse(json));
  private readonly lists = poolOf((json): readonly Place[] => JSON.parse(json));

  split({ id, name, startedAt, addresses, asksFrom = [], ...kind }: NamedContainer): ContainerParts {
    const places = addresses.map(({ address: _, ...place }) => place);
    const at = [...addresses.map(({ address }) => address), ...asksFrom];
    return this.share({ id, name, startedAt, kind: this.kind(kind), places: this.places(places), at });
  }

  /** The same with the one copy of each of its texts. */
  share({ id, name, startedAt, kind, places, at }: ContainerParts): ContainerParts {
    return { id, name: this.text(name), startedAt, kind, places, at: at.map((address) => this.text(address)) };
  }

  kind(kind: Kind): Kind {
    return this.kinds(JSON.stringify(kind));
  }

  places(places: readonly Place[]): readonly Place[] {
    return this.lists(JSON.stringify(places));
  }

  /** The one copy of a text that many have. */
  text<T extends string>(text: T): T {
    return this.texts(text) as T;
  }
}
