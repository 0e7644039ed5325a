import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import { type Envelope, isOfLog } from './envelope.ts';
import { type Forgotten, Graves } from './graves.ts';
import { HostLog, type Taken } from './host-log.ts';
import type { HostFacts, LiveDirectory } from './live-directory.ts';
import { type Findings, Liveness } from './liveness.ts';
import type { ReplicaOptions } from './options.ts';
import { unpackEnvelope } from './packed-envelope.ts';
import type { HostClock } from './request.ts';
import { showChanges } from './shown-changes.ts';
import { dialledBy, endingOf, maxSignBytes, type SignOfLife } from './sign-of-life.ts';

/** `proof`: an envelope that it signed then. Shown to the host itself, should it come back with an older disk. */
interface Grave extends Forgotten {
  readonly until: number;
  readonly proof: Uint8Array | undefined;
}

/** How often silence is saved in the time that hosts are kept: each hour of three days. After a crash it counts from there. */
const agesSaved = 72;

/** A host that made room for another. */
interface Dropped extends Forgotten {
  readonly until: number;
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
  /** The same, with what was a host's once and may be again. */
  #sharedBytes = 0;
  /** Grows with every change of what a save would hold. */
  revision = 0;
  #agedAt: number;
  readonly #clock: Clock;
  readonly #options: ReplicaOptions;
  readonly #directory: LiveDirectory;
  readonly #logs = new Map<HostId, HostLog>();
  readonly #signs = new Map<HostId, Envelope>();
  readonly #forgotten: Graves<Grave>;
  readonly #dropped: Graves<Dropped>;

  constructor(self: HostId, clock: Clock, options: ReplicaOptions, directory: LiveDirectory) {
    this.self = self;
    this.#clock = clock;
    this.#agedAt = clock.now();
    this.#options = options;
    this.#directory = directory;
    this.liveness = new Liveness(clock, options);
    this.#forgotten = new Graves(clock, options.maxHosts);
    this.#dropped = new Graves(clock, options.maxHosts);
  }

  log(host: HostId): HostLog | undefined {
    return this.#logs.get(host);
  }

  /** Hosts with a log or a sign of life, this one first. */
  ids(): Set<HostId> {
    return new Set([this.self, ...this.#logs.keys(), ...this.liveness.hosts()]);
  }

  knows(host: HostId): boolean {
    return host === this.self || this.liveness.knows(host);
  }

  /** Whether a host more has no place but that of another. */
  get isFull(): boolean {
    return this.liveness.size >= this.#options.maxHosts;
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
    if (this.#forgotten.holds(host, epoch, 0) || (this.isFull && !this.knows(host))) return false;
    return this.#logs.get(host)?.lacks(epoch, sequence) ?? sequence > 0;
  }

  /** Whether a part of a host's log is news here. */
  wants(envelope: Envelope): boolean {
    if (this.#forgotten.holds(envelope.owner, envelope.epoch, 0)) return false;
    return this.#logs.get(envelope.owner)?.wants(envelope) ?? true;
  }

  /** Whether there is room for what came `ageMs` old: for one more host, and for a long one to grow. */
  hasRoom(envelope: Envelope, ageMs = 0): boolean {
    const { owner, bytes } = envelope;
    const log = this.#logs.get(owner);
    // Only a sign of life takes a quiet host's place: were a log enough, neighbours would tell it of quiet ones for ever.
    const lives = !isOfLog(envelope) && this.liveness.isRecent(ageMs);
    if (!this.knows(owner) && this.isFull && !(lives && this.liveness.longestQuiet() !== undefined)) return false;
    // Of anything else the last is kept, or it has a room of its own: who fills the store silences nobody.
    if (!isOfLog(envelope)) return true;
    const share = log?.shareBytes ?? 0;
    const after = (log?.isReplacedBy(envelope) ? 0 : (log?.storedBytes ?? 0)) + bytes.length;
    const full = this.#sharedBytes + Math.max(0, after - share) > this.#options.maxStoredBytes;
    return !full || after <= Math.max(share, this.#options.fairShareBytes);
  }

  /** Takes a verified part of a host's log, and what came early and follows it; says what each came to. */
  take(envelope: Envelope): Taken['type'][] {
    const { owner } = envelope;
    const log = this.#logs.get(owner) ?? new HostLog(this.#options.maxHostBytes);
    this.#logs.set(owner, log);
    this.revision += 1;
    if (owner !== this.self) this.liveness.add(owner, 'quiet', 0);
    const { storedBytes, shareBytes } = log;
    const outcomes: Taken['type'][] = [];
    for (let next: Envelope | undefined = envelope; next !== undefined; next = log.nextEarly()) {
      const taken = log.take(next);
      outcomes.push(taken.type);
      this.#show(owner, taken);
      if (taken.type === 'too much') break;
    }
    this.storedBytes += log.storedBytes - storedBytes;
    this.#sharedBytes += log.shareBytes - shareBytes;
    return outcomes;
  }

  isNews(host: HostId, sign: { readonly epoch: number; readonly beat: number }): boolean {
    if ([this.#forgotten, this.#dropped].some((graves) => graves.holds(host, sign.epoch, sign.beat))) return false;
    const log = this.#logs.get(host);
    const late = log?.left === true && sign.epoch <= log.epoch;
    return !late && this.liveness.isNews(host, sign);
  }

  /** Takes a verified sign of life made `ageMs` ago. */
  hear(envelope: Envelope, sign: SignOfLife, ageMs: number): void {
    const { owner, epoch } = envelope;
    this.#forgotten.delete(owner);
    this.#dropped.delete(owner);
    if (!this.knows(owner) && this.isFull) this.#makeRoom();
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
    this.#remove(host);
  }

  /** Remembers a host as forgotten: as `forget` did in a former run. */
  bury(grave: Forgotten, proof?: Uint8Array): void {
    const { retentionMs, graveMs } = this.#options;
    this.#forgotten.dig({ ...grave, proof, until: this.#clock.now() + Math.max(retentionMs, graveMs) });
  }

  /** Whether another may have this host dropped: it is out of hearing, and nothing later of it is known here. */
  mayForget({ host, epoch, beat }: Forgotten): boolean {
    if (host === this.self || !this.ids().has(host)) return false;
    const status = this.liveness.status(host);
    return (status === 'quiet' || status === 'stale') && !this.liveness.knowsLater(host, { epoch, beat });
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
    const proofs = Array.from(this.#forgotten.values()).flatMap(({ proof }) => (proof === undefined ? [] : [proof]));
    return [...Array.from(this.#signs.values(), ({ bytes }) => bytes), ...proofs];
  }

  /** Remembers what a host signed last in a former run of this agent: proof of how far it was, and no sign of life. */
  recall(word: Envelope): void {
    const grave = this.#forgotten.get(word.owner);
    if (grave !== undefined) this.#forgotten.amend({ ...grave, proof: word.bytes });
    else if (this.liveness.knows(word.owner)) this.#signs.set(word.owner, word);
  }

  /** Forgets hosts that were quiet for too long, and graves that are as old. */
  expire(): void {
    for (const host of this.liveness.expired()) this.forget(host);
    if (this.#clock.now() >= this.#agedAt + this.#options.retentionMs / agesSaved) {
      this.#agedAt = this.#clock.now();
      this.revision += 1;
    }
    for (const graves of [this.#forgotten, this.#dropped]) graves.expire();
  }

  /** The shortest proof of the last epoch known of a host, if there is one worth keeping for so long. */
  #lastWord(host: HostId): Uint8Array | undefined {
    const [sign, log] = [this.#signs.get(host), this.#logs.get(host)];
    const last = (sign?.epoch ?? -1) < (log?.epoch ?? 0) ? log?.kept().at(-1) : undefined;
    return last === undefined || last.length > maxSignBytes ? sign?.bytes : unpackEnvelope(last).bytes;
  }

  /** Drops the host that is quiet for longest. Nobody is told, and no grave: it is back with its next beat. */
  #makeRoom(): void {
    const host = this.liveness.longestQuiet();
    if (host === undefined) return;
    const until = this.#clock.now() + this.#options.retentionMs - this.liveness.absenceMs(host);
    this.#dropped.dig({ ...this.epitaph(host), until });
    this.#remove(host);
  }

  #remove(host: HostId): void {
    const { storedBytes = 0, shareBytes = 0 } = this.#logs.get(host) ?? {};
    this.storedBytes -= storedBytes;
    this.#sharedBytes -= shareBytes;
    this.revision += 1;
    this.#logs.delete(host);
    this.#signs.delete(host);
    this.liveness.remove(host);
    this.#directory.removeHost(host);
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
    if (taken.type === 'merged' || taken.type === 'spoiled') showChanges(this.#directory, host, taken.changes);
  }
}
