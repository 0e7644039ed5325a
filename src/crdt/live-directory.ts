import type { HostId, HostRecord, HostStatus, Name, NameEntry, StaticRecord } from '../record.ts';
import type { Directory, HostChange, HostView, QuarantinedRecord } from './directory.ts';
import { type HostEntry, Owners, Ownership } from './owners.ts';
import type { ClaimedContainer, ToldContainer } from './record-json.ts';
import { StaticTable } from './static-table.ts';

/** What only the log and the heartbeats know of a host. */
export type HostFacts = Pick<HostView, 'epoch' | 'sequence' | 'heardMsAgo'>;

/** Changes that listeners have not heard of yet. */
export interface Untold {
  readonly names: Set<Name>;
  readonly hosts: Set<HostId>;
  /** How many owners names had when they were told of last, where those are many. */
  readonly told: Map<Name, number>;
}

/** From so many owners on a name is told of seldom while more of them come. */
const manyOwners = 64;
/** How many times as many they must have become. */
const worthTelling = 1.5;

export function createUntold(): Untold {
  return { names: new Set(), hosts: new Set(), told: new Map() };
}

/** The directory with its write side, which only replication uses. Write inside `batch` or `gather`. */
export class LiveDirectory implements Directory {
  readonly #factsOf: (id: HostId) => HostFacts;
  readonly #stumbled: (cause: unknown) => void;
  readonly #hosts = new Map<HostId, HostEntry>();
  readonly #owners = new Owners();
  readonly #statics = new StaticTable();
  readonly #badStatics = new Map<string, QuarantinedRecord>();
  readonly #nameListeners = new Set<(changed: readonly NameEntry[]) => void>();
  readonly #hostListeners = new Set<(changed: readonly HostChange[]) => void>();
  #untold = createUntold();
  #depth = 0;

  /** `stumbled` hears of listeners that throw; what they missed, others still hear. */
  constructor(self: HostId, factsOf: (id: HostId) => HostFacts, stumbled: (cause: unknown) => void) {
    this.#factsOf = factsOf;
    this.#stumbled = stumbled;
    this.#host(self).status = 'self';
  }

  entry(name: Name): NameEntry {
    return { name, owners: this.#owners.of(name), statics: this.#statics.of(name) };
  }

  names(): Iterable<Name> {
    return new Set([...this.#owners.names(), ...this.#statics.names()]);
  }

  hosts(): readonly HostView[] {
    return Array.from(this.#hosts.values(), (host) => this.#view(host));
  }

  quarantine(): readonly QuarantinedRecord[] {
    const ofHosts = [...this.#hosts.values()].flatMap(({ id, bad }) =>
      Array.from(bad, ([key, problem]) => ({ host: id, key, problem })),
    );
    return [...ofHosts, ...this.#badStatics.values()];
  }

  onNames(listener: (changed: readonly NameEntry[]) => void): () => void {
    this.#nameListeners.add(listener);
    return () => this.#nameListeners.delete(listener);
  }

  onHosts(listener: (changed: readonly HostChange[]) => void): () => void {
    this.#hostListeners.add(listener);
    return () => this.#hostListeners.delete(listener);
  }

  /** Runs `write` and tells listeners afterwards, once, of all that it changed; batches may lie in each other. */
  batch<T>(write: () => T): T {
    this.#depth += 1;
    try {
      return write();
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0) this.tell(this.#untold);
    }
  }

  /**
   * Runs a part of something long and notes in `untold` what it changed, for `tell` soon. Batches that end meanwhile
   * tell of their own changes only: a heartbeat must not have everything told that a large answer brought so far.
   */
  gather(untold: Untold, write: () => void): void {
    const outer = this.#untold;
    this.#untold = untold;
    this.#depth += 1;
    try {
      write();
    } finally {
      this.#depth -= 1;
      this.#untold = outer;
    }
  }

  /** Tells listeners of what was gathered, as it is now. */
  tell(untold: Untold): void {
    this.#tell(untold, [...untold.names]);
  }

  /**
   * The same while more is gathered. A name that all hosts have is told of once it has half as many owners again, not with
   * each few of them: it takes the longer the more there are.
   */
  tellSoFar(untold: Untold): void {
    this.#tell(
      untold,
      [...untold.names].filter((name) => {
        const owners = this.#owners.count(name);
        if (owners < manyOwners) return true;
        if (owners < worthTelling * (untold.told.get(name) ?? 0)) return false;
        untold.told.set(name, owners);
        return true;
      }),
    );
  }

  #tell(untold: Untold, names: readonly Name[]): void {
    const hosts = [...untold.hosts];
    for (const name of names) untold.names.delete(name);
    untold.hosts.clear();
    if (hosts.length > 0) this.#tellAll(this.#hostListeners, () => hosts.map((id) => this.#change(id)));
    if (names.length > 0) this.#tellAll(this.#nameListeners, () => names.map((name) => this.entry(name)));
  }

  setStatus(id: HostId, status: HostStatus): void {
    const host = this.#host(id);
    if (host.status === status) return;
    host.status = status;
    this.#touch(host);
  }

  setHost(id: HostId, record: HostRecord | undefined): void {
    const host = this.#host(id);
    host.record = record;
    this.#touch(host);
  }

  setContainer(id: HostId, key: string, told: ToldContainer | undefined): void {
    const host = this.#host(id);
    const before = host.containers.get(key);
    if (before !== undefined) this.#changed(this.#owners.remove(before));
    host.containers.delete(key);
    if (told === undefined) return;
    const ownership = new Ownership(host, told);
    host.containers.set(key, ownership);
    this.#changed(this.#owners.add(ownership));
  }

  /** Shows a bad record to operators, or no longer when `problem` is undefined. */
  setProblem(id: HostId, key: string, problem: string | undefined): void {
    const { bad } = this.#host(id);
    if (problem === undefined) bad.delete(key);
    else bad.set(key, problem);
  }

  setStatic(key: string, record: StaticRecord | undefined): void {
    this.#changed(this.#statics.set(key, record));
  }

  /** The same for a static record. */
  setStaticProblem(key: string, bad: QuarantinedRecord | undefined): void {
    if (bad === undefined) this.#badStatics.delete(key);
    else this.#badStatics.set(key, bad);
  }

  removeHost(id: HostId): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    for (const key of [...host.containers.keys()]) this.setContainer(id, key, undefined);
    this.#hosts.delete(id);
    this.#untold.hosts.add(id);
  }

  /** See `Owners.nextClaim`. */
  nextClaim(container: ClaimedContainer['record']): number {
    return this.#owners.nextClaim(container);
  }

  /** The containers that a host tells of. */
  containers(id: HostId): ClaimedContainer[] {
    const ownerships = this.#hosts.get(id)?.containers.values() ?? [];
    return Array.from(ownerships, (ownership) => ownership.claimed());
  }

  rest(): void {
    for (const { containers } of this.#hosts.values())
      for (const ownership of containers.values()) ownership.shown = undefined;
  }

  #host(id: HostId): HostEntry {
    const known = this.#hosts.get(id);
    if (known !== undefined) return known;
    const host: HostEntry = { id, status: 'quiet', record: undefined, containers: new Map(), bad: new Map() };
    this.#hosts.set(id, host);
    this.#untold.hosts.add(id);
    return host;
  }

  #touch(host: HostEntry): void {
    this.#untold.hosts.add(host.id);
    for (const ownership of host.containers.values()) {
      ownership.shown = undefined;
      this.#changed(this.#owners.touched(ownership));
    }
  }

  #changed(names: Iterable<Name>): void {
    for (const name of names) this.#untold.names.add(name);
  }

  #tellAll<T>(listeners: ReadonlySet<(changed: T) => void>, changed: () => T): void {
    if (listeners.size === 0) return;
    const value = changed();
    for (const listener of listeners) {
      try {
        listener(value);
      } catch (cause) {
        this.#stumbled(cause);
      }
    }
  }

  #change(id: HostId): HostChange {
    const host = this.#hosts.get(id);
    return host === undefined ? { type: 'gone', id } : { type: 'seen', host: this.#view(host) };
  }

  #view({ id, record, status, containers, bad }: HostEntry): HostView {
    const known = record === undefined ? {} : { record };
    return { id, ...known, status, ...this.#factsOf(id), records: containers.size, badRecords: bad.size };
  }
}
