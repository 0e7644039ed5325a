import { type ContainerParts, HeldContainer, Splitter } from '../held-container.ts';
import { poolOf } from '../pool.ts';
import type { Owner } from '../record.ts';

/** What all containers of one host have alike. */
export type Home = Omit<Owner, 'container'>;

export function isSameHome(one: Home, other: Home): boolean {
  return (
    one.host === other.host &&
    one.hostName === other.hostName &&
    one.hostStatus === other.hostStatus &&
    one.hostAddress === other.hostAddress &&
    one.unwatched === other.unwatched
  );
}

/** An owner of names, as an answering thread keeps it: it is its own container. */
export class HeldOwner extends HeldContainer implements Owner {
  private readonly home: Home;

  constructor(parts: ContainerParts, home: Home) {
    super(parts);
    this.home = home;
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
}

/** Makes owners of what another thread sends, which is a copy in which each text and list has memory of its own. */
export class Settling extends Splitter {
  private readonly homes = poolOf((json): Home => JSON.parse(json));

  home(home: Home): Home {
    return this.homes(JSON.stringify(home));
  }

  owner(parts: ContainerParts, home: Home): HeldOwner {
    return new HeldOwner(this.share(parts), home);
  }
}
