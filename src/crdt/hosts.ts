import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import type { Changes } from './document.ts';
import { type Envelope, isOfLog } from './envelope.ts';
import { HostLog, type Taken } from './host-log.ts';
import type { HostFacts, LiveDirectory } from './live-directory.ts';
import { type Findings, Liveness } from './liveness.ts';
import type { ReplicaOptions } from './options.ts';
import { unpackEnvelope } from './packed-envelope.ts';
import { containerFromJson, hostFromJson } from './record-json.ts';
import type { HostClock } from './request.ts';
import { dialledBy, endingOf, maxSignBytes, type SignOfLife } from './sign-of-life.ts';
import { containerPrefix, hostKey } from './wire.ts';

/** The last beat known of a host that was dropped; only a later one brings it back. */
export interface Forgotten {
  readonly host: HostId;
  readonly epoch: number;
  readonly beat: number;
}

/** `proof`: an envelope that it signed then. Shown to the host itself, should it come back with an older disk. */
interface Grave extends Forgotten {
  readonly until: number;
  readonly proof: Uint8Array | undefined;
}

/** A link that the host `from` dialled and has with `to`. */
export interface HostLink {
  readonly from: HostId;
  readonly to: HostId;
}

/** Every host's log and signs of life, and what the directory shows of them. */
export class Hosts {
  readonly self: HostId;
  readonly liveness: Liveness;
  storedBytes = 0;
  /** Grows with every change of what a save would hold. */
  revision = 0;
  readonly #clock: Clock;
  readonly #options: ReplicaOptions;
  readonly #directory: LiveDirectory;
  readonly #logs = new Map<HostId, HostLog>();
  readonly #signs = new Map<HostId, Envelope>();
  readonly #forgotten = new Map<HostId, Grave>();

  constructor(self: HostId, clock: Clock, options: ReplicaOptions, directory: LiveDirectory) {
    this.self = self;
    this.#clock = clock;
    this.#options = options;
    this.#directory = directory;
    this.liveness = new Liveness(clock, options);
  }

  log(host: HostId): HostLog | undefined {
    return this.#logs.get(host);
  }

  /** Hosts with a log or a sign of life, this one first. */
  ids(): Set<HostId> {
    return new Set([this.self, ...this.#logs.keys(), ...this.liveness.hosts()]);
  }

  /** The last sign of life, verbatim. */
  sign(host: HostId): Envelope | undefined {
    return this.#signs.get(host);
  }

  /** What the last signs of hosts that are heard say of the links they made, as far as both ends are known. */
  linksElsewhere(): HostLink[] {
    const byEnding = new Map(Array.from(this.ids(), (host) => [endingOf(host), host]));
    return [...this.#signs].flatMap(([from, sign]) => {
      if (this.liveness.status(from) !== 'alive') return [];
      return dialledBy(sign).flatMap((ending) => {
        const to = byEnding.get(ending);
        return to === undefined || to === from ? [] : [{ from, to }];
      });
    });
  }

  clock(host: HostId): HostClock {
    const { epoch, sequence } = this.#logs.get(host) ?? { epoch: 0, sequence: 0 };
    const last = this.liveness.lastBeat(host);
    return { host, epoch, sequence, beatEpoch: last.epoch, beat: last.beat };
  }

  facts(host: HostId): HostFacts {
    const { epoch, sequence } = this.clock(host);
    const heardMsAgo = host === this.self ? 0 : this.liveness.silenceMs(host);
    return { epoch, sequence, ...(heardMsAgo === undefined ? {} : { heardMsAgo }) };
  }

  /** Equal on two hosts exactly when they have the same logs, however far their heartbeats got. */
  hash(): Uint8Array {
    const lines = Array.from(this.#logs, ([host, { epoch, sequence }]) => `${host} ${epoch} ${sequence}`);
    return createHash('sha256').update(lines.sort().join('\n')).digest().subarray(0, 16);
  }

  lacks(host: HostId, epoch: number, sequence: number): boolean {
    if (this.#isBuried(host, epoch, 0)) return false;
    return this.#logs.get(host)?.lacks(epoch, sequence) ?? sequence > 0;
  }

  /** Whether a part of a host's log is news here. */
  wants(envelope: Envelope): boolean {
    if (this.#isBuried(envelope.owner, envelope.epoch, 0)) return false;
    return this.#logs.get(envelope.owner)?.wants(envelope) ?? true;
  }

  /** Whether there is room for one more host, and for a long one to grow. */
  hasRoom(envelope: Envelope): boolean {
    const { owner, bytes } = envelope;
    const log = this.#logs.get(owner);
    if (!this.liveness.knows(owner) && owner !== this.self && this.liveness.size >= this.#options.maxHosts)
      return false;
    // Of anything else the last is kept, or it has a room of its own: who fills the store silences nobody.
    if (!isOfLog(envelope)) return true;
    const before = log?.storedBytes ?? 0;
    const after = (log?.isReplacedBy(envelope) ? 0 : before) + bytes.length;
    const full = this.storedBytes + after - before > this.#options.maxStoredBytes;
    return !full || after <= Math.max(before, this.#options.fairShareBytes);
  }

  /** Takes a verified part of a host's log, and what came early and follows it; says what each came to. */
  take(envelope: Envelope): Taken['type'][] {
    const { owner } = envelope;
    const log = this.#logs.get(owner) ?? new HostLog(this.#options.maxHostBytes);
    this.#logs.set(owner, log);
    this.revision += 1;
    if (owner !== this.self) this.liveness.add(owner, 'quiet', 0);
    const before = log.storedBytes;
    const outcomes: Taken['type'][] = [];
    for (let next: Envelope | undefined = envelope; next !== undefined; next = log.nextEarly()) {
      const taken = log.take(next);
      outcomes.push(taken.type);
      this.#show(owner, taken);
      if (taken.type === 'too much') break;
    }
    this.storedBytes += log.storedBytes - before;
    return outcomes;
  }

  isNews(host: HostId, sign: { readonly epoch: number; readonly beat: number }): boolean {
    if (this.#isBuried(host, sign.epoch, sign.beat)) return false;
    const log = this.#logs.get(host);
    const late = log?.left === true && sign.epoch <= log.epoch;
    return !late && this.liveness.isNews(host, sign);
  }

  /** Takes a verified sign of life made `ageMs` ago. */
  hear(envelope: Envelope, sign: SignOfLife, ageMs: number): void {
    const { owner, epoch } = envelope;
    this.#forgotten.delete(owner);
    this.#signs.set(owner, envelope);
    this.liveness.heard(owner, { ...sign, epoch }, ageMs);
    this.showStatus(owner);
  }

  /** Lets time pass: see `Liveness.look`. */
  look(links: number): Findings {
    const findings = this.liveness.look(links);
    for (const host of findings.changed) this.showStatus(host);
    return findings;
  }

  showStatus(host: HostId): void {
    if (!this.#hasLeft(host)) this.#directory.setStatus(host, host === this.self ? 'self' : this.liveness.status(host));
  }

  /**
   * Drops a host, and remembers up to which beat: the last one known here, whatever others say that they heard. Taken at
   * its word, a liar could bury a host under a beat that it never reaches.
   */
  forget(host: HostId): void {
    this.bury(this.epitaph(host), this.#lastWord(host));
    this.storedBytes -= this.#logs.get(host)?.storedBytes ?? 0;
    this.revision += 1;
    this.#logs.delete(host);
    this.#signs.delete(host);
    this.liveness.remove(host);
    this.#directory.removeHost(host);
  }

  /** Remembers a host as forgotten: as `forget` did in a former run. */
  bury(grave: Forgotten, proof?: Uint8Array): void {
    const { retentionMs, graveMs, maxHosts } = this.#options;
    this.#forgotten.delete(grave.host);
    const [oldest] = this.#forgotten.keys();
    if (this.#forgotten.size >= maxHosts && oldest !== undefined) this.#forgotten.delete(oldest);
    this.#forgotten.set(grave.host, { ...grave, proof, until: this.#clock.now() + Math.max(retentionMs, graveMs) });
  }

  /** Whether another may have this host dropped: it is out of hearing, and nothing later of it is known here. */
  mayForget({ host, epoch, beat }: Forgotten): boolean {
    if (host === this.self || !this.ids().has(host)) return false;
    const status = this.liveness.status(host);
    const last = this.liveness.lastBeat(host);
    const later = last.epoch > epoch || (last.epoch === epoch && last.beat > beat);
    return (status === 'quiet' || status === 'stale') && !later;
  }

  /** What to say of a host to be forgotten. */
  epitaph(host: HostId): Forgotten {
    const { epoch, beatEpoch, beat } = this.clock(host);
    return beatEpoch >= epoch ? { host, epoch: beatEpoch, beat } : { host, epoch, beat: 0 };
  }

  forgottenHosts(): Forgotten[] {
    return [...this.#forgotten.values()];
  }

  wasForgotten(host: HostId): Grave | undefined {
    return this.#forgotten.get(host);
  }

  /** The last signs of life of all hosts, and the proofs of those that are forgotten: what `recall` takes. */
  lastWords(): Uint8Array[] {
    const proofs = this.#forgotten.values().flatMap(({ proof }) => (proof === undefined ? [] : [proof]));
    return [...Array.from(this.#signs.values(), ({ bytes }) => bytes), ...proofs];
  }

  /** Remembers what a host signed last in a former run of this agent: proof of how far it was, and no sign of life. */
  recall(word: Envelope): void {
    const grave = this.#forgotten.get(word.owner);
    if (grave !== undefined) this.#forgotten.set(word.owner, { ...grave, proof: word.bytes });
    else if (this.liveness.knows(word.owner)) this.#signs.set(word.owner, word);
  }

  /** Forgets hosts that were quiet for too long, and graves that are as old. */
  expire(): void {
    for (const host of this.liveness.expired()) this.forget(host);
    for (const [host, { until }] of this.#forgotten) if (until < this.#clock.now()) this.#forgotten.delete(host);
  }

  /** The shortest proof of the last epoch known of a host, if there is one worth keeping for so long. */
  #lastWord(host: HostId): Uint8Array | undefined {
    const [sign, log] = [this.#signs.get(host), this.#logs.get(host)];
    const last = (sign?.epoch ?? -1) < (log?.epoch ?? 0) ? log?.kept().at(-1) : undefined;
    return last === undefined || last.length > maxSignBytes ? sign?.bytes : unpackEnvelope(last).bytes;
  }

  #isBuried(host: HostId, epoch: number, beat: number): boolean {
    const grave = this.#forgotten.get(host);
    return grave !== undefined && !(epoch > grave.epoch || (epoch === grave.epoch && beat > grave.beat));
  }

  /** Whether the host left and did not come back with a later epoch. */
  #hasLeft(host: HostId): boolean {
    const log = this.#logs.get(host);
    return host !== this.self && log?.left === true && this.liveness.lastBeat(host).epoch <= log.epoch;
  }

  #show(host: HostId, taken: Taken): void {
    if (this.#hasLeft(host)) {
      this.liveness.bury(host);
      this.#directory.removeHost(host);
      return;
    }
    this.showStatus(host);
    if (taken.type === 'spoiled') this.#directory.setProblem(host, 'update', taken.problem);
    else if (this.#logs.get(host)?.spoiled === false) this.#directory.setProblem(host, 'update', undefined);
    if (taken.type === 'merged' || taken.type === 'spoiled') this.#showChanges(host, taken.changes);
  }

  #showChanges(host: HostId, changes: Changes): void {
    for (const [key, json] of changes) {
      if (key === hostKey) this.#showHost(host, json);
      else if (key.startsWith(containerPrefix)) this.#showContainer(host, key, json);
      // Other keys are a later version's.
    }
  }

  #showHost(host: HostId, json: string | undefined): void {
    const read = json === undefined ? undefined : hostFromJson(json, host);
    this.#directory.setHost(host, read?.ok ? read.value : undefined);
    this.#directory.setProblem(host, hostKey, read?.ok === false ? read.problem : undefined);
  }

  #showContainer(host: HostId, key: string, json: string | undefined): void {
    const id = key.slice(containerPrefix.length);
    const read = json === undefined ? undefined : containerFromJson(json, id, host);
    this.#directory.setContainer(host, id, read?.ok ? read.value : undefined);
    this.#directory.setProblem(host, id, read?.ok === false ? read.problem : undefined);
  }
}
