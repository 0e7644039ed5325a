import type { Clock } from '../clock.ts';
import type { HostId, HostStatus } from '../record.ts';
import { type Beat, type BeatNumber, isLater } from './beat.ts';
import type { ReplicaOptions } from './options.ts';

/** What a look at all hosts calls for. */
export interface Findings {
  /** Hosts whose status is another now. */
  readonly changed: readonly HostId[];
  /** Hosts to ask neighbours about: silent for too long, or with a broken link. */
  readonly suspects: readonly HostId[];
  /** Suspects that the mesh should be told of, so that they answer for themselves. */
  readonly doubtful: readonly HostId[];
}

interface Life {
  status: Exclude<HostStatus, 'self'>;
  epoch: number;
  beat: number;
  intervalMs: number;
  /** When the owner made its last beat, as well as is known; by our clock. */
  heardAt: number;
  /** Whether any beat of it was heard since this agent started. */
  heard: boolean;
  suspectedAt: number | undefined;
  /** Not before this time does this host tell the mesh of its doubt (again). */
  doubtAt: number;
  restartingUntil: number;
}

/** No host may ask for more patience than this between its beats: 6,000 hosts at the default pace. */
const maxIntervalMs = 60_000;
/** Of a beat's interval: silence longer than this means that one beat is missing. */
const missedBeat = 1.2;
/** With one other host nobody can say which of the two is cut off; with two, both going at once is a sign. */
const fewestToPreserve = 2;

/**
 * Who is alive, from signs of life and the passing of time alone; it sends nothing. A host is suspected after a few
 * missed beats or a broken link, asked about, and quiet when no newer beat turned up in time. When more than half of
 * at least two others fall silent together, it is likelier that this host is cut off: then nobody is hidden for a while.
 */
export class Liveness {
  readonly #clock: Clock;
  readonly #options: ReplicaOptions;
  readonly #lives = new Map<HostId, Life>();
  /** How many of them are alive: asked for with every broadcast that comes. */
  #alive = 0;
  #lookedAt: number;
  #preservingSince: number | undefined;
  #confirmBy = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, options: ReplicaOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#lookedAt = clock.now();
  }

  /** Whether this host suspects itself and hides nobody. */
  get preserving(): boolean {
    const since = this.#preservingSince;
    return since !== undefined && this.#clock.now() - since <= this.#options.preserveMs;
  }

  get size(): number {
    return this.#lives.size;
  }

  knows(host: HostId): boolean {
    return this.#lives.has(host);
  }

  hosts(): Iterable<HostId> {
    return this.#lives.keys();
  }

  status(host: HostId): Exclude<HostStatus, 'self'> {
    return this.#lives.get(host)?.status ?? 'quiet';
  }

  /** Milliseconds of silence; `undefined` for a host not heard since the start. */
  silenceMs(host: HostId): number | undefined {
    const life = this.#lives.get(host);
    return life?.heard ? this.#clock.now() - life.heardAt : undefined;
  }

  /** Milliseconds since it was last heard, or first known of, over restarts of this agent: what retention counts. */
  absenceMs(host: HostId): number {
    const now = this.#clock.now();
    return now - (this.#lives.get(host)?.heardAt ?? now);
  }

  /** The last beat known, `{ epoch: 0, beat: 0 }` for none. */
  lastBeat(host: HostId): BeatNumber {
    return this.#lives.get(host) ?? { epoch: 0, beat: 0 };
  }

  isNews(host: HostId, beat: BeatNumber): boolean {
    return isLater(beat, this.lastBeat(host));
  }

  /** Whether a later beat of a host is known here than this one. */
  knowsLater(host: HostId, beat: BeatNumber): boolean {
    return isLater(this.lastBeat(host), beat);
  }

  /** Milliseconds between this host's own beats: longer in a large mesh, so that all beats together cost the same. */
  intervalMs(): number {
    return this.#intervalMsAmong(1 + this.#alive);
  }

  /** A host known from its records only: from our own disk (`stale`, silent for `silenceMs` then), or from others. */
  add(host: HostId, status: 'stale' | 'quiet', silenceMs: number, last = { epoch: 0, beat: 0 }): void {
    if (this.#lives.has(host)) return;
    const now = this.#clock.now();
    this.#lives.set(host, {
      status,
      // No more of it: who hands in what a file told would have all of the file kept.
      epoch: last.epoch,
      beat: last.beat,
      intervalMs: this.#options.heartbeatMs,
      heardAt: now - silenceMs,
      heard: false,
      suspectedAt: undefined,
      doubtAt: now,
      restartingUntil: now,
    });
  }

  /** A host that left: it is not listened for, and is kept only so that it expires. */
  bury(host: HostId): void {
    const life = this.#lives.get(host);
    if (life === undefined) return;
    this.#become(life, 'quiet');
    life.heard = false;
  }

  remove(host: HostId): void {
    this.bury(host);
    this.#lives.delete(host);
  }

  /** Takes a beat made `ageMs` ago. Older news is no news. */
  heard(host: HostId, beat: Beat, ageMs: number): void {
    this.add(host, 'quiet', ageMs);
    const life = this.#lives.get(host);
    if (life === undefined || !this.isNews(host, beat)) return;
    const now = this.#clock.now();
    life.epoch = beat.epoch;
    life.beat = beat.beat;
    life.intervalMs = Math.min(maxIntervalMs, Math.max(this.#options.heartbeatMs, beat.intervalMs));
    life.heardAt = life.heard ? Math.max(life.heardAt, now - ageMs) : now - ageMs;
    life.heard = true;
    life.suspectedAt = undefined;
    life.restartingUntil = beat.restarting ? life.heardAt + this.#options.restartGraceMs : now;
    this.#become(life, this.#statusAfter(life, now));
  }

  /** A reason to suspect before the silence is long: a broken link. */
  suspect(host: HostId): void {
    const life = this.#lives.get(host);
    if (life?.status === 'alive') this.#suspect(life, this.#clock.now());
  }

  /** Another host doubts it since `beat`, and told the mesh. Who heard it later than that has no reason to. */
  doubted(host: HostId, beat: BeatNumber): void {
    const life = this.#lives.get(host);
    if (life?.status !== 'alive' || this.knowsLater(host, beat)) return;
    this.#suspect(life, this.#clock.now());
    life.doubtAt = this.#clock.now() + 2 * this.#options.doubtStepMs;
  }

  /** The mesh can be asked from now on: hosts known from disk only have as long as any other to show a beat. */
  confirm(): void {
    const { suspectAfterBeats, doubtMs } = this.#options;
    // Whether they live or not: those that do beat at the pace of a mesh of so many.
    const by = this.#clock.now() + this.#intervalMsAmong(1 + this.size) * suspectAfterBeats + doubtMs;
    this.#confirmBy = Math.min(this.#confirmBy, by);
  }

  /** Looks at all hosts; call it twice every `doubtStepMs`. `links` is how many neighbours there are. */
  look(links: number): Findings {
    const now = this.#clock.now();
    this.#forgiveOurOwnSleep(now);
    for (const life of this.#lives.values())
      if (life.status === 'alive' && this.#isSilent(life, now)) this.#suspect(life, now);
    this.#preserve(now, links);
    const changed = [...this.#lives].filter(([, life]) => this.#become(life, this.#statusAfter(life, now)));
    const suspects = [...this.#lives].filter(([, { suspectedAt }]) => suspectedAt !== undefined);
    const doubtful = this.preserving ? [] : suspects.filter(([, { doubtAt }]) => doubtAt <= now);
    for (const [, life] of doubtful) life.doubtAt = now + 2 * this.#options.doubtStepMs;
    return { changed: changed.map(idOf), suspects: suspects.map(idOf), doubtful: doubtful.map(idOf) };
  }

  /** The quiet host that is silent for longest, over restarts of this agent. */
  longestQuiet(): HostId | undefined {
    let longest: readonly [HostId, Life] | undefined;
    for (const each of this.#lives)
      if (each[1].status === 'quiet' && !(longest && longest[1].heardAt <= each[1].heardAt)) longest = each;
    return longest?.[0];
  }

  /** Whether a beat of this age says that its host lives, whatever its pace. */
  isRecent(ageMs: number): boolean {
    const { heartbeatMs, suspectAfterBeats, doubtMs } = this.#options;
    return ageMs <= heartbeatMs * suspectAfterBeats + doubtMs;
  }

  /**
   * Hosts that no sign of life came from lately, or ever, whether they are hidden for it or not: when most fall silent
   * together they are all kept alive, and the way to them is to be looked for all the same.
   */
  unheard(): ReadonlySet<HostId> {
    const now = this.#clock.now();
    return new Set([...this.#lives].filter(([, life]) => !life.heard || this.#isSilent(life, now)).map(idOf));
  }

  /** Hosts silent for longer than they are kept. */
  expired(): HostId[] {
    const before = this.#clock.now() - this.#options.retentionMs;
    return [...this.#lives].filter(([, { heardAt }]) => heardAt < before).map(idOf);
  }

  #intervalMsAmong(hosts: number): number {
    const { heartbeatMs, heartbeatPerHostMs } = this.#options;
    return Math.min(maxIntervalMs, Math.max(heartbeatMs, hosts * heartbeatPerHostMs));
  }

  /**
   * While this process did not run it could hear nobody: that time is no silence of theirs. What came since, before this
   * look, is of now: nobody was heard in times to come.
   */
  #forgiveOurOwnSleep(now: number): void {
    const slept = now - this.#lookedAt - 2 * this.#options.doubtStepMs;
    this.#lookedAt = now;
    if (slept <= 0) return;
    for (const life of this.#lives.values()) {
      if (life.status !== 'alive') continue;
      life.heardAt = Math.min(now, life.heardAt + slept);
      if (life.suspectedAt !== undefined) life.suspectedAt = Math.min(now, life.suspectedAt + slept);
    }
  }

  /** Whether it missed a few of the beats that it promised. */
  #isSilent({ heardAt, intervalMs }: Life, now: number): boolean {
    return now - heardAt > intervalMs * this.#options.suspectAfterBeats;
  }

  #suspect(life: Life, now: number): void {
    if (life.suspectedAt !== undefined) return;
    life.suspectedAt = now;
    // Those who notice the same silence draw lots for who tells the mesh.
    life.doubtAt = now + this.#clock.random() * this.#options.doubtStepMs;
  }

  /** Notices that most fell silent together, and when that is over. */
  #preserve(now: number, links: number): void {
    const present = [...this.#lives.values()].filter(({ status }) => status === 'alive');
    const silent = present.filter((life) => now - life.heardAt > life.intervalMs * missedBeat);
    const cutOff = present.length >= fewestToPreserve && (links === 0 || silent.length > present.length / 2);
    if (cutOff) this.#preservingSince ??= now;
    if (cutOff || this.#preservingSince === undefined) return;
    this.#preservingSince = undefined;
    // The mesh is back: those not heard yet get the time that any silent host gets.
    for (const life of silent) life.suspectedAt = now;
  }

  #statusAfter(life: Life, now: number): Life['status'] {
    if (life.status === 'stale' && !life.heard) return now < this.#confirmBy ? 'stale' : 'quiet';
    if (now < life.restartingUntil) return 'restarting';
    if (life.status !== 'alive') return this.#isFresh(life, now) ? 'alive' : 'quiet';
    const doubted = life.suspectedAt !== undefined && now - life.suspectedAt >= this.#options.doubtMs;
    return doubted && !this.preserving ? 'quiet' : 'alive';
  }

  #isFresh(life: Life, now: number): boolean {
    const { suspectAfterBeats, doubtMs } = this.#options;
    return life.heard && now - life.heardAt <= life.intervalMs * suspectAfterBeats + doubtMs;
  }

  #become(life: Life, status: Life['status']): boolean {
    const changed = life.status !== status;
    this.#alive += Number(status === 'alive') - Number(life.status === 'alive');
    life.status = status;
    if (status !== 'alive') life.suspectedAt = undefined;
    return changed;
  }
}

function idOf<T>([id]: readonly [HostId, T]): HostId {
  return id;
}
