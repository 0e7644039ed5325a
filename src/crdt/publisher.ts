import { type Changes, DocumentWriter } from './document.ts';
import { type Envelope, sealEnvelope } from './envelope.ts';
import type { Signer } from './signer.ts';

/**
 * A tail is worth a new snapshot when it is most of the snapshot's length: then snapshot and tail are less than twice
 * what is alive, a joiner checks few signatures, and snapshots at most a little more than double what an owner sends.
 * A host with few containers has short snapshots; its tail may have as many updates as one more beat is worth.
 */
const tailShare = 0.75;
const shortestTail = 16;
/** A snapshot that would be this much shorter in a fresh document begins a new epoch: it costs no more. */
const wasteFactor = 1.1;
/** Octets that Yjs takes for an entry besides its key and value, and for a document. */
const entryOverhead = 16;
const documentOverhead = 64;
const none = new Uint8Array();

/** The owner's side of its log: what it says becomes envelopes, numbered, signed, and ready to send. */
export class Publisher {
  readonly #signer: Signer;
  readonly #nextEpoch: () => number;
  #writer = new DocumentWriter([]);
  #snapshotBytes = 0;
  #tailBytes = 0;
  #tailLength = 0;
  /** 0 until the first `jump`. */
  epoch = 0;
  /** 0 while nothing of this epoch is published. */
  sequence = 0;

  /** `nextEpoch` gives a higher one each time, and remembers it. */
  constructor(signer: Signer, nextEpoch: () => number) {
    this.#signer = signer;
    this.#nextEpoch = nextEpoch;
  }

  /** Publishes `entries` as the whole content of an epoch: this one if nothing of it was published, else a new one. */
  begin(entries: Iterable<readonly [string, string]>): Envelope {
    if (this.sequence > 0) this.epoch = this.#nextEpoch();
    const writer = new DocumentWriter(entries);
    this.#writer.destroy();
    this.#writer = writer;
    this.sequence = 1;
    return this.#snapshot(writer.state());
  }

  /** Goes on to a new epoch, of which nothing is published yet: at the start, and over one that was begun elsewhere. */
  jump(): void {
    this.epoch = this.#nextEpoch();
    this.sequence = 0;
  }

  /** What tells of the changes: nothing if all was so already, else an update and now and then a snapshot after it. */
  change(changes: Changes): Envelope[] {
    const payload = this.#writer.change(changes);
    if (payload === undefined) return [];
    this.sequence += 1;
    const update = sealEnvelope(this.#signer, 'update', this.epoch, this.sequence, payload);
    this.#tailBytes += update.bytes.length;
    this.#tailLength += 1;
    return [update, ...this.#compact()];
  }

  /** The last word of an epoch: this host has no records any more. */
  farewell(): Envelope {
    this.sequence += 1;
    return sealEnvelope(this.#signer, 'farewell', this.epoch, this.sequence, none);
  }

  #compact(): Envelope[] {
    if (this.#tailLength < shortestTail || this.#tailBytes < tailShare * this.#snapshotBytes) return [];
    const state = this.#writer.state();
    const entries = this.#writer.entries();
    const fresh = entries.reduce((sum, [key, val]) => sum + entryOverhead + key.length + val.length, documentOverhead);
    return [state.length > wasteFactor * fresh ? this.begin(entries) : this.#snapshot(state)];
  }

  #snapshot(state: Uint8Array): Envelope {
    const snapshot = sealEnvelope(this.#signer, 'snapshot', this.epoch, this.sequence, state);
    this.#snapshotBytes = snapshot.bytes.length;
    this.#tailBytes = 0;
    this.#tailLength = 0;
    return snapshot;
  }
}
