import type { HostId } from '../record.ts';
import { answerTo } from './answers.ts';
import { Delays } from './delays.ts';
import { decodeEnvelope, kindOf } from './envelope.ts';
import type { Exchange } from './exchange.ts';
import { Gate } from './gate.ts';
import type { Hearsay } from './hearsay.ts';
import type { Hosts } from './hosts.ts';
import type { Item } from './item.ts';
import { Ledger } from './ledger.ts';
import type { LiveDirectory } from './live-directory.ts';
import { Manners } from './manners.ts';
import type { OwnHost } from './own-host.ts';
import type { ReplicaParts } from './replica-parts.ts';
import { decodeRequest } from './request.ts';
import type { StaticBook } from './static-book.ts';
import type { LiveStatic } from './static-change.ts';
import type { Verdict } from './transport.ts';

export interface ReceptionParts extends Pick<ReplicaParts, 'signer' | 'clock' | 'options'> {
  readonly hosts: Hosts;
  readonly book: StaticBook;
  readonly directory: LiveDirectory;
  readonly own: OwnHost;
  readonly hearsay: Hearsay;
  /** The exchange with the neighbours of now. */
  exchange(): Exchange;
  /** The hash of all that is compared. */
  hash(): Uint8Array;
  /** Static records changed; those that this host lost by it are to be made again. */
  edited(lost: readonly LiveStatic[]): void;
  /** An offence to hold against the neighbour; it is counted already. */
  blame(peer: HostId, reason: string): void;
}

/** What neighbours bring and ask, and what follows from it here: what is missing is sought, and who doubts this host hears it. */
export class Reception {
  readonly #parts: ReceptionParts;
  readonly ledger: Ledger;
  readonly manners: Manners;
  readonly delays: Delays;
  readonly gate: Gate;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    const { own, exchange, clock, options } = parts;
    this.ledger = new Ledger(clock, options.maxHosts);
    this.manners = new Manners(clock, options.maxHosts);
    this.delays = new Delays(clock, (host) => parts.hosts.knows(host));
    parts.directory.onHosts((changes) => {
      for (const change of changes) if (change.type === 'gone') this.delays.forget(change.id);
    });
    this.gate = new Gate({
      ...parts,
      ledger: this.ledger,
      manners: this.manners,
      delays: this.delays,
      maxEnvelopeBytes: options.maxHostBytes,
      consequences: {
        lacking: (host, epoch, sequence, peer) => this.#lacking(host, epoch, sequence, peer),
        overdue: (host, peer) => exchange().refresh(host, peer),
        lackingStatics: (peer) => exchange().mending.wantStatics(peer),
        edited: (lost) => parts.edited(lost),
        doubted: () => own.voice.beatSoon(),
        signedElsewhere: (epoch) => own.jumpOver(epoch),
        blame: (peer, reason) => parts.blame(peer, reason),
        ownEpoch: () => own.epoch,
      },
    });
  }

  /** Takes in a broadcast, and says whether others are to have it. */
  take(from: HostId, bytes: Uint8Array): Verdict {
    const { directory } = this.#parts;
    const verdict = directory.batch(() => this.gate.admit({ bytes }, { from, by: 'broadcast', ageMs: 0 }));
    if (verdict !== 'new' || kindOf(bytes) !== 'heartbeat') return verdict;
    return this.#leavesBeatsToOthers() || this.#allHear(bytes) ? 'known' : 'later';
  }

  /** What is known here of what a neighbour asks; a request that cannot be read is answered with nothing, and held against it. */
  answer(from: HostId, bytes: Uint8Array): Iterable<Item> {
    const { hosts, book, own, exchange, hash } = this.#parts;
    const request = decodeRequest(bytes);
    if (!request.ok) {
      this.blame(from, request.problem);
      return [];
    }
    return answerTo(request.value, {
      asker: from,
      hosts,
      book,
      freshBeat: () => own.voice.freshBeat(),
      lacking: (host, epoch, sequence) => this.#lacking(host, epoch, sequence, from),
      differs: () => exchange().pullSoon(from),
      equalHash: (theirs) => Buffer.compare(theirs, hash()) === 0,
    });
  }

  /** Counts an offence of a neighbour's, and holds it against it. */
  blame(peer: HostId, reason: string): void {
    this.ledger.offence(peer, reason);
    this.#parts.blame(peer, reason);
  }

  /**
   * Whether others hand on beats that are news here: in a mesh of hundreds, while this host still takes in what that
   * mesh is. To encrypt a hundred beats a second for each neighbour costs a joiner as much as joining.
   */
  #leavesBeatsToOthers(): boolean {
    const { exchange, hosts, options } = this.#parts;
    return exchange().catchingUp && hosts.liveness.intervalMs() > options.heartbeatMs;
  }

  /** Whether all neighbours have this beat from its owner, or are about to. */
  #allHear(beat: Uint8Array): boolean {
    const decoded = decodeEnvelope(beat);
    return decoded.ok && this.#parts.hearsay.allHear(decoded.value.owner);
  }

  /** `peer` knows of a host's log what is not here. */
  #lacking(host: HostId, epoch: number, sequence: number, peer: HostId): void {
    this.delays.toldOf(host, epoch, sequence);
    this.#parts.exchange().mending.want(host, epoch, sequence, peer);
  }
}
