import type { HostId } from '../record.ts';
import { accepted, type Result } from '../result.ts';
import type { Delays } from './delays.ts';
import { checkAhead, type Envelope, isOfLog, verifyEnvelope } from './envelope.ts';
import type { Hosts } from './hosts.ts';
import type { Item } from './item.ts';
import type { Ledger } from './ledger.ts';
import type { Manners } from './manners.ts';
import { openSealed, type Sealed, sealedIn } from './sealed.ts';
import { decodeSignOfLife, maxSignBytes, type SignOfLife } from './sign-of-life.ts';
import type { Signer } from './signer.ts';
import type { StaticBook } from './static-book.ts';
import type { LiveStatic } from './static-change.ts';
import { decodeEdit } from './static-edit.ts';
import type { Verdict } from './transport.ts';

/** How an envelope came; a sign of life in an answer is `ageMs` old already. */
export interface Arrival {
  readonly from: HostId;
  readonly by: 'broadcast' | 'answer';
  readonly ageMs: number;
}

/** What news calls for, done by others: the gate itself sends nothing. */
export interface Consequences {
  /** `peer` knows of a host's log what is not here. */
  lacking(host: HostId, epoch: number, sequence: number, peer: HostId): void;
  /** A host's tail here is so long that there must be a newer snapshot of it. */
  overdue(host: HostId, peer: HostId): void;
  /** `peer` knows of static records what is not here. */
  lackingStatics(peer: HostId): void;
  /** Static records changed; those that this host lost by it are to be made again. */
  edited(lost: readonly LiveStatic[]): void;
  /** Somebody doubts that this host is alive. */
  doubted(): void;
  /** This host's key signed something in an epoch that this run did not begin. */
  signedElsewhere(epoch: number): void;
  /** An offence to hold against the neighbour. */
  blame(peer: HostId, reason: string): void;
  /** The epoch in which this host speaks; what it said in earlier ones is like any other host's word. */
  ownEpoch(): number;
}

export interface GateParts {
  readonly signer: Signer;
  readonly maxEnvelopeBytes: number;
  readonly hosts: Hosts;
  readonly book: StaticBook;
  readonly ledger: Ledger;
  readonly manners: Manners;
  readonly delays: Delays;
  readonly consequences: Consequences;
}

/** Octets of an envelope that is handed to another thread, which takes a copy: those of a host of 200 containers. */
const maxHandedBytes = 64 * 1024;

/** An envelope that was read, or why it is none. */
export type Opened = Result<Envelope>;

/**
 * The one door for what others made. It asks in order of cost: is it whole, is it news, is there room, did the owner
 * sign it, does the owner say too much; and only then lets it in. It never throws.
 */
export class Gate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /**
   * Opens what an answer brought, and has its signature checked on another thread if it may be news: this thread takes in
   * meanwhile what came before. `undefined`: it is no envelope.
   */
  async openAhead(item: Item): Promise<Opened | undefined> {
    const sealed = sealedIn(item);
    const opened = sealed && this.#open(sealed);
    if (!opened?.ok || opened.value.bytes.length > maxHandedBytes || !this.#isNews(opened.value)) return opened;
    return accepted(await checkAhead(this.#parts.signer, opened.value));
  }

  /** `opened`: the same, opened ahead. */
  admit(sealed: Sealed, arrival: Arrival, opened: Opened = this.#open(sealed)): Verdict {
    if (opened.ok) return this.#admitEnvelope(opened.value, arrival);
    if (opened.problem !== 'unknown version') return this.#offence(arrival, opened.problem);
    return this.#ignored('unknown version');
  }

  /** Verifies without letting in: for edits, which are merged together once an answer is complete. */
  inspect(bytes: Uint8Array, arrival: Arrival): Envelope | undefined {
    const opened = this.#open({ bytes });
    if (opened.ok && verifyEnvelope(this.#parts.signer, opened.value)) return opened.value;
    this.#offence(arrival, opened.ok ? 'wrong signature' : opened.problem);
    return undefined;
  }

  #open(sealed: Sealed): Opened {
    return openSealed(sealed, this.#parts.maxEnvelopeBytes);
  }

  #admitEnvelope(envelope: Envelope, arrival: Arrival): Verdict {
    switch (envelope.kind) {
      case 'snapshot':
      case 'update':
      case 'farewell':
        return this.#admitLog(envelope, arrival);
      case 'heartbeat':
      case 'doubt':
      case 'forget':
        return this.#admitSign(envelope, arrival);
      case 'edit':
        return this.#admitEdit(envelope, arrival);
      case 'unknown':
        return this.#passing(envelope, arrival) ?? this.#ignored('unknown kind', 'new');
    }
  }

  #admitLog(envelope: Envelope, arrival: Arrival): Verdict {
    const { hosts, signer, consequences } = this.#parts;
    const own = envelope.owner === signer.hostId;
    if (own && envelope.epoch === consequences.ownEpoch()) return this.#old(envelope, arrival);
    if (!hosts.wants(envelope))
      return this.#old(envelope, arrival, this.#isStale(envelope) ? 'stale epoch' : undefined);
    const stopped = this.#checked(envelope, arrival);
    if (stopped !== undefined) return stopped;
    if (own && envelope.epoch > consequences.ownEpoch()) consequences.signedElsewhere(envelope.epoch);
    else this.#take(envelope, arrival);
    return 'new';
  }

  #take(envelope: Envelope, { from, by }: Arrival): void {
    const { hosts, ledger, delays, consequences } = this.#parts;
    const outcomes = hosts.take(envelope);
    for (const outcome of outcomes) {
      ledger.count(`${envelope.kind} ${outcome}`);
      if (outcome === 'spoiled' || outcome === 'too much') ledger.offence(envelope.owner, outcome);
    }
    const log = hosts.log(envelope.owner);
    if (log !== undefined && outcomes.includes('merged')) delays.arrived(envelope.owner, log, by);
    if (outcomes.includes('early')) consequences.lacking(envelope.owner, envelope.epoch, envelope.sequence, from);
    if (log?.overdue) consequences.overdue(envelope.owner, from);
  }

  #admitSign(envelope: Envelope, arrival: Arrival): Verdict {
    if (envelope.bytes.length > maxSignBytes) return this.#offence(arrival, 'too large');
    const decoded = decodeSignOfLife(envelope);
    if (!decoded.ok) return this.#offence(arrival, decoded.problem);
    const { hosts, signer, consequences } = this.#parts;
    const sign = decoded.value;
    const own = envelope.owner === signer.hostId;
    const news = own
      ? envelope.epoch > consequences.ownEpoch()
      : hosts.isNews(envelope.owner, { ...sign, epoch: envelope.epoch });
    if (!news) return this.#old(envelope, arrival);
    const stopped = this.#checked(envelope, arrival);
    if (stopped !== undefined) return stopped;
    if (own) consequences.signedElsewhere(envelope.epoch);
    else this.#hear(envelope, sign, arrival);
    return 'new';
  }

  #hear(envelope: Envelope, sign: SignOfLife, { from, ageMs }: Arrival): void {
    const { hosts, book, ledger, consequences } = this.#parts;
    const { owner, epoch, sequence, kind } = envelope;
    ledger.count(`${kind} new`);
    hosts.hear(envelope, sign, ageMs);
    if (hosts.lacks(owner, epoch, sequence)) consequences.lacking(owner, epoch, sequence, from);
    if (book.set.seen(owner) < sign.edited) consequences.lackingStatics(from);
    if (sign.about === undefined) return;
    if (kind === 'forget' && hosts.mayForget(sign.about)) hosts.forget(sign.about.host);
    if (kind !== 'doubt') return;
    if (sign.about.host === hosts.self) consequences.doubted();
    else hosts.liveness.doubted(sign.about.host, sign.about);
  }

  #admitEdit(envelope: Envelope, arrival: Arrival): Verdict {
    const { book, consequences, ledger } = this.#parts;
    const { set } = book;
    if (envelope.sequence <= set.seen(envelope.owner) && !set.givesWayTo(envelope)) return this.#old(envelope, arrival);
    const stopped = this.#passing(envelope, arrival);
    if (stopped !== undefined) return stopped;
    const edit = decodeEdit(envelope);
    if (!edit.ok) return this.#offence(arrival, edit.problem);
    if (!set.hasRoom(edit.value)) return this.#ignored('no room');
    const next = set.isNext(edit.value);
    if (next && !set.follows(edit.value) && !ledger.allowsDear()) return this.#ignored('edit put off', 'new');
    ledger.count(next ? 'edit merged' : 'edit early');
    if (!next) consequences.lackingStatics(arrival.from);
    else consequences.edited(book.apply(edit.value));
    return 'new';
  }

  /** `#checked` for what may not be kept: said again by others, it would use up what its owner may say. */
  #passing(envelope: Envelope, arrival: Arrival): Verdict | undefined {
    const { manners } = this.#parts;
    if (arrival.by === 'broadcast' && manners.hasPassed(envelope.bytes)) return this.#old(envelope, arrival);
    const stopped = this.#checked(envelope, arrival);
    if (stopped === undefined) manners.passed(envelope.bytes);
    return stopped;
  }

  /** The verdict on an envelope that is forged, floods or has no room here; `undefined` for a good one. */
  #checked(envelope: Envelope, arrival: Arrival): Verdict | undefined {
    if (!this.#parts.hosts.hasRoom(envelope, arrival.ageMs)) return this.#ignored('no room');
    if (!verifyEnvelope(this.#parts.signer, envelope)) return this.#offence(arrival, 'wrong signature');
    if (arrival.by === 'answer' || this.#parts.ledger.allows(envelope.owner)) return undefined;
    this.#parts.ledger.offence(envelope.owner, 'flood');
    // Others pass on what was no flood to them: only the owner's own link shows who floods.
    if (arrival.from === envelope.owner && this.#parts.manners.isFlooding(arrival.from))
      this.#parts.consequences.blame(arrival.from, 'flood');
    return this.#ignored('flood');
  }

  /** What is no news, and held against a neighbour that broadcasts it again and again. */
  #old({ kind, bytes }: Envelope, arrival: Arrival, what = `${kind} known`): Verdict {
    const { manners, ledger, consequences } = this.#parts;
    if (arrival.by === 'answer' || !manners.isRepetition(arrival.from, bytes)) return this.#ignored(what);
    const reason = what === 'stale epoch' ? what : 'repeated';
    ledger.offence(arrival.from, reason);
    consequences.blame(arrival.from, reason);
    return this.#ignored(reason);
  }

  /** Whether it may be news of a host: what will be asked again when it is let in, after all that came before it. */
  #isNews(envelope: Envelope): boolean {
    const { hosts } = this.#parts;
    if (isOfLog(envelope)) return hosts.wants(envelope);
    const sign = envelope.kind === 'heartbeat' ? decodeSignOfLife(envelope) : undefined;
    return sign?.ok === true && hosts.isNews(envelope.owner, { ...sign.value, epoch: envelope.epoch });
  }

  #isStale({ owner, epoch }: Envelope): boolean {
    return epoch < (this.#parts.hosts.log(owner)?.epoch ?? 0);
  }

  #offence({ from }: Arrival, reason: string): Verdict {
    this.#parts.ledger.count(reason);
    this.#parts.ledger.offence(from, reason);
    this.#parts.consequences.blame(from, reason);
    return 'bad';
  }

  #ignored(what: string, verdict: Verdict = 'known'): Verdict {
    this.#parts.ledger.count(what);
    return verdict;
  }
}
