import type { Result } from '../result.ts';
import { type Changes, DocumentReader } from './document.ts';
import type { Envelope } from './envelope.ts';
import { type PackedEnvelope, packEnvelope, unpackEnvelope } from './packed-envelope.ts';

/**
 * What taking an envelope came to: `merged` with the values that changed; `known`: nothing new in it; `early`: kept
 * until what is missing before it arrives; `spoiled`: in order and signed, but its content is not what a document
 * writes, so nothing of it was taken and the log went on; `too much`: more than one host may store here.
 */
export type Taken =
  | { readonly type: 'merged'; readonly changes: Changes }
  | { readonly type: 'spoiled'; readonly changes: Changes; readonly problem: string }
  | { readonly type: 'known' | 'early' | 'too much' };

/** Envelopes kept that came too early: a burst of as many changes loses none to reordering. */
const maxEarly = 64;
/** A tail this many times its snapshot is one that its owner would have replaced long ago: ask for the new snapshot. */
const longTail = 2;
const shortestLongTail = 64;

/** One host's signed log: its latest snapshot, the updates after it, and the document they make. */
export class HostLog {
  epoch = 0;
  sequence = 0;
  /** Whether something since the snapshot, or that itself, could not be read: what follows it mostly cannot either. */
  spoiled = false;
  /** Octets of snapshot and tail, as their owner signed them; in memory what is long takes a tenth. */
  #logBytes = 0;
  /** Octets of what came early. */
  #earlyBytes = 0;
  #mostBytes = 0;
  #snapshot: PackedEnvelope | undefined;
  #tail: PackedEnvelope[] = [];
  #early = new Map<number, Envelope>();
  /** Made from what is kept once an update comes: few of a thousand hosts change, and the readers of all take megabytes. */
  #document: DocumentReader | undefined;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Octets of all envelopes kept, those that came early included. */
  get storedBytes(): number {
    return this.#logBytes + this.#earlyBytes;
  }

  /**
   * The most that it ever took: a log grows by updates and shrinks with each snapshot, and what a host had is not another's
   * in between.
   */
  get shareBytes(): number {
    return this.#mostBytes;
  }

  /** Whether the owner left: it says that it has no records any more. */
  get left(): boolean {
    return this.#snapshot?.kind === 'farewell';
  }

  /** Whether `(epoch, sequence)` is beyond what is here. Sequence 0 of an epoch has nothing to fetch. */
  lacks(epoch: number, sequence: number): boolean {
    return sequence > 0 && (epoch > this.epoch || (epoch === this.epoch && sequence > this.sequence));
  }

  /** Whether the envelope can change anything here: decided before its signature is worth checking. */
  wants({ kind, epoch, sequence }: Envelope): boolean {
    if (this.lacks(epoch, sequence)) return !this.#early.has(sequence) || kind !== 'update';
    return this.#shortens(kind, epoch, sequence);
  }

  /** Whether nothing of what is kept would be left beside it. */
  isReplacedBy({ kind, epoch, sequence }: Envelope): boolean {
    if (kind !== 'snapshot' && kind !== 'farewell') return false;
    return epoch > this.epoch || (epoch === this.epoch && sequence >= this.sequence);
  }

  /** Takes a verified envelope of the log's owner. */
  take(envelope: Envelope): Taken {
    const taken = this.#take(envelope);
    this.#mostBytes = Math.max(this.#mostBytes, this.storedBytes);
    return taken;
  }

  /** The next envelope that came early and has its turn now. */
  nextEarly(): Envelope | undefined {
    return this.#early.get(this.sequence + 1);
  }

  /** What a host needs that has this log up to `(epoch, sequence)`, in order. */
  after(epoch: number, sequence: number): readonly Envelope[] {
    return this.keptAfter(epoch, sequence).map(unpackEnvelope);
  }

  /** The same, as it is kept. */
  keptAfter(epoch: number, sequence: number): readonly PackedEnvelope[] {
    const upToDate = epoch > this.epoch || (epoch === this.epoch && sequence >= this.sequence);
    if (this.#snapshot === undefined || upToDate) return [];
    if (epoch === this.epoch && sequence >= this.#snapshot.sequence)
      return this.#tail.slice(sequence - this.#snapshot.sequence);
    return [this.#snapshot, ...this.#tail];
  }

  /** All that is kept, as it is kept. */
  kept(): readonly PackedEnvelope[] {
    return this.#snapshot === undefined ? [] : [this.#snapshot, ...this.#tail];
  }

  /** All living values, read again from what is kept: they are wanted only when a new epoch replaces them. */
  values(): Map<string, string> {
    const values = new Map<string, string>();
    for (const applied of this.#read().applied) if (applied.ok) update(values, applied.value);
    return values;
  }

  /** Whether so many updates were kept that the owner must have a newer snapshot, which did not come this way. */
  get overdue(): boolean {
    const tailBytes = this.#logBytes - (this.#snapshot?.length ?? 0);
    return this.#tail.length >= shortestLongTail && tailBytes > longTail * (this.#snapshot?.length ?? 0);
  }

  #take(envelope: Envelope): Taken {
    const { kind, epoch, sequence } = envelope;
    if (this.#shortens(kind, epoch, sequence)) return this.#restart(envelope);
    if (!this.lacks(epoch, sequence)) return { type: 'known' };
    if (kind !== 'update') return this.#replace(envelope);
    if (epoch !== this.epoch || sequence !== this.sequence + 1) return this.#keepEarly(envelope);
    return this.#follow(envelope);
  }

  /** A snapshot of what is here already, with more of the tail in it. */
  #shortens(kind: Envelope['kind'], epoch: number, sequence: number): boolean {
    const here = kind === 'snapshot' && epoch === this.epoch && sequence <= this.sequence;
    return here && this.#snapshot !== undefined && sequence > this.#snapshot.sequence;
  }

  #restart(snapshot: Envelope): Taken {
    const tail = this.#tail.slice(snapshot.sequence - (this.#snapshot?.sequence ?? 0));
    const logBytes = tail.reduce((sum, { length }) => sum + length, snapshot.bytes.length);
    if (logBytes > Math.max(this.#maxBytes, this.#logBytes)) return { type: 'too much' };
    const before = this.spoiled ? this.values() : undefined;
    this.#tail = tail;
    this.#snapshot = packEnvelope(snapshot, snapshot.packed);
    this.#logBytes = logBytes;
    return before === undefined ? { type: 'merged', changes: new Map() } : this.#readAgain(before);
  }

  /** A snapshot tells what could not be read before: hosts that have the same log are to show the same. */
  #readAgain(before: ReadonlyMap<string, string>): Taken {
    const { document, applied } = this.#read();
    const problems = applied.flatMap((each) => (each.ok ? [] : [each.problem]));
    this.#document = document;
    const changes = differences(before, this.values());
    const [problem] = problems;
    this.spoiled = problem !== undefined;
    return problem === undefined ? { type: 'merged', changes } : { type: 'spoiled', changes, problem };
  }

  #replace(envelope: Envelope): Taken {
    if (envelope.bytes.length > this.#maxBytes) return { type: 'too much' };
    const before = this.values();
    const applied = envelope.kind === 'snapshot' ? new DocumentReader().apply(envelope.payload) : undefined;
    const after = applied?.ok ? applied.value : new Map<string, string>();
    const changes = differences(before, after);
    this.#document = undefined;
    this.#snapshot = packEnvelope(envelope, envelope.packed);
    this.#tail = [];
    this.#logBytes = envelope.bytes.length;
    this.#advance(envelope);
    this.spoiled = applied?.ok === false;
    return applied?.ok === false ? { type: 'spoiled', changes, problem: applied.problem } : { type: 'merged', changes };
  }

  #follow(envelope: Envelope): Taken {
    if (this.#logBytes + envelope.bytes.length > this.#maxBytes) return { type: 'too much' };
    this.#document ??= this.#read().document;
    const applied = this.#document.apply(envelope.payload);
    this.#tail.push(packEnvelope(envelope, envelope.packed));
    this.#logBytes += envelope.bytes.length;
    this.#advance(envelope);
    this.spoiled ||= !applied.ok;
    if (!applied.ok) return { type: 'spoiled', changes: new Map(), problem: applied.problem };
    return { type: 'merged', changes: applied.value };
  }

  /** Reads what is kept from its beginning; what came of each part of it. */
  #read(): { readonly document: DocumentReader; readonly applied: readonly Result<Changes>[] } {
    const document = new DocumentReader();
    const written = this.after(0, 0).filter(({ kind }) => kind !== 'farewell');
    return { document, applied: written.map(({ payload }) => document.apply(payload)) };
  }

  #keepEarly(envelope: Envelope): Taken {
    const { epoch, sequence, bytes } = envelope;
    const hasRoom = this.#early.size < maxEarly && this.storedBytes + bytes.length <= this.#maxBytes;
    if (epoch === this.epoch && hasRoom && !this.#early.has(sequence)) {
      this.#early.set(sequence, envelope);
      this.#earlyBytes += bytes.length;
    }
    return { type: 'early' };
  }

  #advance({ epoch, sequence }: Envelope): void {
    for (const [early, { bytes }] of this.#early) {
      if (epoch === this.epoch && early > sequence) continue;
      this.#early.delete(early);
      this.#earlyBytes -= bytes.length;
    }
    this.epoch = epoch;
    this.sequence = sequence;
  }
}

function differences(before: ReadonlyMap<string, string>, after: Changes): Changes {
  const changes = new Map<string, string | undefined>();
  for (const key of before.keys()) if (after.get(key) === undefined) changes.set(key, undefined);
  for (const [key, value] of after) if (before.get(key) !== value) changes.set(key, value);
  return changes;
}

function update(values: Map<string, string>, changes: Changes): void {
  for (const [key, value] of changes) {
    if (value === undefined) values.delete(key);
    else values.set(key, value);
  }
}
