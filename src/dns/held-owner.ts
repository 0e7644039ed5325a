import { poolOf } from '../pool.ts';
import type { Address, ContainerAddress, NamedContainer, Owner } from '../record.ts';

/** What all containers of one host have alike. */
type Home = Omit<Owner, 'container'>;
/** What containers of one image have alike, mostly. */
type Kind = Omit<NamedContainer, 'id' | 'name' | 'addresses' | 'asksFrom' | 'startedAt'>;
/** Where containers of one network are. */
type Place = Omit<ContainerAddress, 'address'>;

/**
 * An owner of names, as an answering thread keeps it: 50,000 of them are half of what it keeps at all. What many have
 * alike they share, and what is read seldom is put together when it is read. It is its own container.
 */
export class HeldOwner implements Owner, NamedContainer {
  readonly id: string;
  readonly name: string;
  readonly startedAt: number;
  private readonly home: Home;
  private readonly kind: Kind;
  private readonly places: readonly Place[];
  /** One for each place, then those that it only asks from; without a list where there is one. */
  private readonly at: Address | readonly Address[];

  constructor(
    { id, name, startedAt }: Pick<NamedContainer, 'id' | 'name' | 'startedAt'>,
    home: Home,
    kind: Kind,
    places: readonly Place[],
    at: readonly Address[],
  ) {
    const [only] = at;
    this.id = id;
    this.name = name;
    this.startedAt = startedAt;
    this.home = home;
    this.kind = kind;
    this.places = places;
    this.at = at.length === 1 && only !== undefined ? only : at;
  }

  get container(): this {
    return this;
  }

  get host() {
    return this.home.host;
  }

  get hostName() {
    return this.home.hostName;
  }

  get hostStatus() {
    return this.home.hostStatus;
  }

  get hostAddress() {
    return this.home.hostAddress;
  }

  get unwatched() {
    return this.home.unwatched;
  }

  get addresses(): readonly ContainerAddress[] {
    const { at, places } = this;
    const [only] = places;
    if (typeof at === 'string') return only === undefined ? [] : [addressAt(only, at)];
    return places.flatMap((place, index) => (at[index] === undefined ? [] : addressAt(place, at[index])));
  }

  get asksFrom(): readonly Address[] | undefined {
    const at = this.everyAddress();
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

  private everyAddress(): readonly Address[] {
    return typeof this.at === 'string' ? [this.at] : this.at;
  }
}

/** Written out, since it is read for every answer that is made: what a spread makes takes several times as long. */
function addressAt({ network, networkName, subnet }: Place, address: Address): ContainerAddress {
  return subnet === undefined ? { address, network, networkName } : { address, network, networkName, subnet };
}

/** Makes owners of what another thread sends, which is a copy in which each text and list has memory of its own. */
export class Settling {
  private readonly texts = poolOf((text) => text);
  private readonly homes = poolOf((json): Home => JSON.parse(json));
  private readonly kinds = poolOf((json): Kind => JSON.parse(json));
  private readonly places = poolOf((json): readonly Place[] => JSON.parse(json));

  owner({ container, ...home }: Owner): HeldOwner {
    const { id, name, startedAt, addresses, asksFrom = [], ...kind } = container;
    const places = addresses.map(({ address: _, ...place }) => place);
    const at = [...addresses.map(({ address }) => address), ...asksFrom];
    return new HeldOwner(
      { id, name: this.text(name), startedAt },
      this.homes(JSON.stringify(home)),
      this.kinds(JSON.stringify(kind)),
      this.places(JSON.stringify(places)),
      at.map((address) => this.text(address)),
    );
  }

  /** The one copy of a text that many owners have. */
  text<T extends string>(text: T): T {
    return this.texts(text) as T;
  }
}
