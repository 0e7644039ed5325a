import { type ContainerRecord, containerAddressKey, type HostId, type HostRecord } from '../record.ts';
import type { Changes } from './document.ts';
import { type ClaimedContainer, containerToJson, hostToJson } from './record-json.ts';
import { containerPrefix, hostKey } from './wire.ts';

/** This host's own entries, as its rooms tell them, on their way into its document. */
export class OwnRecords {
  readonly #self: HostId;
  readonly #nextClaim: (container: ContainerRecord) => number;
  readonly #containers = new Map<string, ClaimedContainer>();
  #host: HostRecord | undefined;
  /** Containers that this run said something about before its first listing. */
  #touched: Set<string> | undefined = new Set();

  /** `nextClaim` gives a number above all claims to the container's shared addresses; 0 where it has none. */
  constructor(self: HostId, nextClaim: (container: ContainerRecord) => number) {
    this.#self = self;
    this.#nextClaim = nextClaim;
  }

  setHost(record: HostRecord): Changes {
    this.#host = record;
    return new Map([[hostKey, hostToJson(record, this.#self)]]);
  }

  /** Whether a full listing was ever given: from then on nothing is taken from a former run. */
  get listed(): boolean {
    return this.#touched === undefined;
  }

  /** What the former run published counts, until a listing or a newer word about the container. */
  recall(containers: Iterable<ClaimedContainer>): void {
    for (const claimed of containers)
      if (this.#touched?.has(claimed.record.id) === false) this.#containers.set(claimed.record.id, claimed);
  }

  put(record: ContainerRecord): Changes {
    const changes = new Map<string, string | undefined>();
    this.#set(record, changes);
    return changes;
  }

  remove(id: string): Changes {
    this.#touched?.add(id);
    this.#containers.delete(id);
    return new Map([[containerPrefix + id, undefined]]);
  }

  replace(records: readonly ContainerRecord[]): Changes {
    const changes = new Map<string, string | undefined>();
    const listed = new Set(records.map(({ id }) => id));
    for (const id of [...this.#containers.keys()])
      if (!listed.has(id)) for (const [key] of this.remove(id)) changes.set(key, undefined);
    for (const record of records) this.#set(record, changes);
    this.#touched = undefined;
    return changes;
  }

  entries(): Map<string, string> {
    const entries = new Map<string, string>();
    if (this.#host !== undefined) entries.set(hostKey, hostToJson(this.#host, this.#self));
    for (const claimed of this.#containers.values())
      entries.set(containerPrefix + claimed.record.id, containerToJson(claimed, this.#self));
    return entries;
  }

  #set(record: ContainerRecord, changes: Map<string, string | undefined>): void {
    this.#touched?.add(record.id);
    const before = this.#containers.get(record.id);
    const kept = before !== undefined && addressesOf(before.record) === addressesOf(record);
    const claimed = { record, claim: kept ? before.claim : this.#nextClaim(record) };
    this.#containers.set(record.id, claimed);
    changes.set(containerPrefix + record.id, containerToJson(claimed, this.#self));
  }
}

function addressesOf({ addresses }: ContainerRecord): string {
  return addresses.map(containerAddressKey).sort().join(' ');
}
