import { type Clock, every } from '../clock.ts';
import type { HostId } from '../record.ts';
import { Bucket } from './bucket.ts';
import type { Changes } from './document.ts';
import { type Envelope, type EnvelopeKind, sealEnvelope } from './envelope.ts';
import type { Hosts } from './hosts.ts';
import type { ReplicaOptions } from './options.ts';
import type { Publisher } from './publisher.ts';
import { encodeSignOfLife, type SignOfLife } from './sign-of-life.ts';
import type { Signer } from './signer.ts';

export interface VoiceParts {
  readonly signer: Signer;
  readonly clock: Clock;
  readonly options: ReplicaOptions;
  readonly hosts: Hosts;
  readonly publisher: Publisher;
  /** The number of this host's latest static edit. */
  edited(): number;
  /** The neighbours that this host dialled. */
  dialled(): readonly HostId[];
  broadcast(bytes: Uint8Array): void;
  /** Runs it so that listeners hear of all its changes at once, and it throws nothing. */
  atomically(run: () => void): void;
}

/** Beats for the same reason (a new link, a doubt) come at most this often, in milliseconds. */
const leastBetweenBeatsMs = 200;
/** New neighbours greeted at once: all that a host may have links with. Beyond that, one for each beat. */
const greetingsAtOnce = 64;
/** Doubts told at once: enough for hosts that fall silent together, as each of the others tells so many. */
const doubtsAtOnce = 2;
/**
 * Beats of this host for each doubt that it tells, in the long run. All hear a doubt, and the beat upon it: those who had
 * too little time for the beats of all would have still less for more doubts than beats, and doubt more for that.
 */
const beatsPerDoubt = 4;
/** Beats come up to this much earlier than announced, so that hosts started together drift apart. */
const jitter = 0.1;

/** What this host says to all others: its log, and that it is alive. */
export class Voice {
  readonly #parts: VoiceParts;
  #beat = 0;
  #beatAt = Number.NEGATIVE_INFINITY;
  #lastBeat: Envelope | undefined;
  #gathered = new Map<string, string | undefined>();
  #changedAt = Number.NEGATIVE_INFINITY;
  readonly #greetings: Bucket;
  readonly #doubts: Bucket;
  #cancelGathering: (() => void) | undefined;
  #cancelSoon: (() => void) | undefined;
  #cancelGreeting: (() => void) | undefined;
  #stopBeating = () => {};

  constructor(parts: VoiceParts) {
    this.#parts = parts;
    this.#greetings = new Bucket(parts.clock, greetingsAtOnce);
    this.#doubts = new Bucket(parts.clock, doubtsAtOnce);
  }

  start(): void {
    const { clock, hosts } = this.#parts;
    const pause = () => hosts.liveness.intervalMs() * (1 - jitter * clock.random());
    this.#stopBeating = every(clock, pause, () => this.beat());
    this.beat();
  }

  stop(): void {
    this.#stopBeating();
    this.#cancelSoon?.();
    this.#cancelGreeting?.();
    this.#cancelGathering?.();
  }

  /**
   * Publishes changes of what was published before; before that there is nothing to change. The first goes out at once,
   * those that follow it closely go together.
   */
  change(changes: Changes): void {
    const { clock, options, publisher } = this.#parts;
    if (publisher.sequence === 0) return;
    for (const [key, value] of changes) this.#gathered.set(key, value);
    const wait = this.#changedAt + options.gatherMs - clock.now();
    if (wait <= 0) this.sayGathered();
    else this.#cancelGathering ??= clock.after(wait, () => this.#parts.atomically(() => this.sayGathered()));
  }

  /** Publishes what was gathered. */
  sayGathered(): void {
    this.#cancelGathering?.();
    this.#cancelGathering = undefined;
    const changes = this.#gathered;
    this.#gathered = new Map();
    if (changes.size === 0) return;
    this.#changedAt = this.#parts.clock.now();
    this.say(this.#parts.publisher.change(changes));
  }

  /** Takes one's own words in, as everybody will, and sends them; what is too long is announced, to be fetched. */
  say(envelopes: readonly Envelope[]): void {
    const { hosts, options, broadcast } = this.#parts;
    for (const envelope of envelopes) {
      hosts.take(envelope);
      if (envelope.bytes.length <= options.maxBroadcastBytes) broadcast(envelope.bytes);
    }
    if (envelopes.some(({ bytes }) => bytes.length > options.maxBroadcastBytes)) this.beat();
  }

  /** A beat, now or soon: this host is doubted, or somebody new listens. */
  beatSoon(): void {
    const { clock } = this.#parts;
    const wait = this.#beatAt + leastBetweenBeatsMs - clock.now();
    if (wait <= 0) this.beat();
    else
      this.#cancelSoon ??= clock.after(wait, () => {
        this.#cancelSoon = undefined;
        this.beat();
      });
  }

  /**
   * Somebody new listens: a beat now, and one when the mesh has taken the new link into use. In a large mesh the next
   * one is far off. But all hear them: a neighbour that links with this host again and again makes no noise with them,
   * and asks for a beat itself.
   */
  greet(): void {
    const { clock, hosts, options } = this.#parts;
    if (!this.#greetings.allows(1_000 / hosts.liveness.intervalMs())) return;
    this.beatSoon();
    this.#cancelGreeting ??= clock.after(options.heartbeatMs, () => {
      this.#cancelGreeting = undefined;
      if (clock.now() - this.#beatAt > options.heartbeatMs / 2) this.beat();
    });
  }

  beat(restarting = false): void {
    this.#parts.broadcast(this.#makeBeat(restarting).bytes);
  }

  /** Doubts that a host lives since that beat of it; not always said, as those who ask about it find out as well. */
  doubt(about: SignOfLife['about']): void {
    const intervalMs = this.#parts.hosts.liveness.intervalMs();
    if (this.#doubts.allows(1_000 / (beatsPerDoubt * intervalMs))) this.speakOf('doubt', about);
  }

  /** Says something of another host: a doubt, or that it may be forgotten. */
  speakOf(kind: 'doubt' | 'forget', about: SignOfLife['about']): void {
    this.#parts.broadcast(this.#sign(kind, false, about).bytes);
  }

  /** A beat for one who asks: made now, or so lately that it says the same. */
  freshBeat(): { readonly ageMs: number; readonly bytes: Uint8Array } {
    const ageMs = this.#parts.clock.now() - this.#beatAt;
    if (this.#lastBeat !== undefined && ageMs < leastBetweenBeatsMs) return { ageMs, bytes: this.#lastBeat.bytes };
    return { ageMs: 0, bytes: this.#makeBeat(false).bytes };
  }

  #makeBeat(restarting: boolean): Envelope {
    this.#beatAt = this.#parts.clock.now();
    this.#lastBeat = this.#sign('heartbeat', restarting);
    return this.#lastBeat;
  }

  #sign(kind: EnvelopeKind, restarting: boolean, about?: SignOfLife['about']): Envelope {
    const { signer, hosts, publisher, edited, dialled } = this.#parts;
    this.#beat += 1;
    const intervalMs = Math.ceil(hosts.liveness.intervalMs());
    const sign = {
      beat: this.#beat,
      restarting,
      intervalMs,
      edited: edited(),
      dialled: dialled(),
      ...(about && { about }),
    };
    return sealEnvelope(signer, kind, publisher.epoch, publisher.sequence, encodeSignOfLife(sign));
  }
}
