import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ContainerRecord, HostId, HostRecord } from '../record.ts';
import type { Disk } from './disk.ts';
import { nextEpoch } from './epoch.ts';
import type { Hosts } from './hosts.ts';
import { IdentityWatch } from './identity-watch.ts';
import type { LiveDirectory } from './live-directory.ts';
import type { ReplicaOptions } from './options.ts';
import { OwnRecords } from './own-records.ts';
import { Publisher } from './publisher.ts';
import type { Signer } from './signer.ts';
import { Voice } from './voice.ts';

export interface OwnHostParts {
  readonly signer: Signer;
  readonly clock: Clock;
  readonly log: Log;
  readonly options: ReplicaOptions;
  readonly hosts: Hosts;
  readonly directory: LiveDirectory;
  readonly disk: Disk;
  /** The number of this host's latest static edit. */
  edited(): number;
  /** The neighbours that this host dialled. */
  dialled(): readonly HostId[];
  broadcast(bytes: Uint8Array): void;
  atomically(run: () => void): void;
}

/** This host as it tells of itself: its records, the epoch it speaks in, and its voice. Call inside a batch. */
export class OwnHost {
  readonly voice: Voice;
  readonly #parts: OwnHostParts;
  readonly #records: OwnRecords;
  readonly #publisher: Publisher;
  readonly #identity: IdentityWatch;
  #lastEpoch = 0;
  /** Nobody can know of containers of a former run, as there was none. */
  #isNew = false;
  /** The engine has neither been listed nor waited for long enough. */
  #awaitsListing = true;

  constructor(parts: OwnHostParts) {
    this.#parts = parts;
    this.#records = new OwnRecords(parts.hosts.self, (container) => parts.directory.nextClaim(container));
    this.#publisher = new Publisher(parts.signer, () => this.#beginEpoch());
    this.#identity = new IdentityWatch(parts.clock);
    this.voice = new Voice({ ...parts, publisher: this.#publisher });
  }

  /** The epoch in which this host speaks; 0 before `begin`. */
  get epoch(): number {
    return this.#publisher.epoch;
  }

  /** Whether another agent signs with this host's key. */
  get isDuplicate(): boolean {
    return this.#identity.duplicate;
  }

  /** Begins an epoch above `lastEpoch` and above what the disk has; publishes at once if the engine was listed already. */
  begin(lastEpoch: number): void {
    const { hosts } = this.#parts;
    this.#lastEpoch = Math.max(lastEpoch, hosts.clock(hosts.self).epoch);
    this.#isNew = this.#lastEpoch === 0;
    this.#publisher.jump();
    this.#recall();
    if (this.#records.listed) this.#publish();
  }

  /** A host that never spoke before says at once who it is; another one with its listing, not to withdraw what stands. */
  setHost(record: HostRecord): void {
    const changes = this.#records.setHost(record);
    if (this.#isNew && this.#publisher.sequence === 0) this.#publish();
    else this.voice.change(changes);
  }

  replace(records: readonly ContainerRecord[]): void {
    const changes = this.#records.replace(records);
    this.#awaitsListing = false;
    if (this.#publisher.sequence > 0) this.voice.change(changes);
    else if (this.epoch > 0) this.#publish();
  }

  put(record: ContainerRecord): void {
    this.voice.change(this.#records.put(record));
  }

  remove(id: string): void {
    this.voice.change(this.#records.remove(id));
  }

  /** No listing came: says what this host is, with what the former run said of its containers, as far as is known. */
  speakUnlisted(): void {
    this.#awaitsListing = false;
    if (this.#publisher.sequence > 0) return;
    this.#recall();
    this.#publish();
  }

  /** Withdraws all records, for good. */
  leave(): void {
    this.voice.say([this.#publisher.farewell()]);
  }

  /** Another life of this host began a later epoch: goes above it and says everything again. */
  jumpOver(epoch: number): void {
    const { log, hosts } = this.#parts;
    this.#lastEpoch = Math.max(this.#lastEpoch, epoch);
    if (!this.#identity.mayJump()) return;
    if (this.isDuplicate) log.error({ host: hosts.self }, 'another agent uses the key of this host; give it its own');
    // A host that took itself for a new one and is not has said nothing of its containers yet.
    const published = this.#publisher.sequence > 0 && !(this.#isNew && this.#awaitsListing);
    this.#isNew = false;
    this.#publisher.jump();
    if (published) this.#publish();
    this.voice.beatSoon();
  }

  /** The first word of an epoch: everything. */
  #publish(): void {
    this.voice.say([this.#publisher.begin(this.#records.entries())]);
  }

  #recall(): void {
    const { directory, hosts } = this.#parts;
    this.#records.recall(directory.containers(hosts.self));
  }

  #beginEpoch(): number {
    this.#lastEpoch = nextEpoch(this.#lastEpoch, this.#parts.clock.random());
    void this.#parts.disk.saveEpoch(this.#lastEpoch);
    return this.#lastEpoch;
  }
}
