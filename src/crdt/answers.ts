import type { HostId } from '../record.ts';
import type { Hosts } from './hosts.ts';
import type { Item } from './item.ts';
import { mayTravelPacked, type PackedEnvelope, unpackEnvelope } from './packed-envelope.ts';
import type { HostClock, Request, StaticsClock } from './request.ts';
import type { StaticBook } from './static-book.ts';

/** What answering needs; a request also tells what the neighbour has that is not here. */
export interface AnswerParts {
  readonly asker: HostId;
  readonly hosts: Hosts;
  readonly book: StaticBook;
  /** This host's sign of life, made now or a moment ago. */
  freshBeat(): { readonly ageMs: number; readonly bytes: Uint8Array };
  /** The asker has more of this host's log than is here. */
  lacking(host: HostId, epoch: number, sequence: number): void;
  /** What the asker has differs from what is here, in whatever way. */
  differs(): void;
  equalHash(hash: Uint8Array): boolean;
}

/** The answer to a neighbour's request. Lazy: each item is made when the neighbour took the one before. */
export function* answerTo(request: Request, parts: AnswerParts): Generator<Item> {
  switch (request.type) {
    case 'compare': {
      const same = parts.equalHash(request.hash);
      if (!same) parts.differs();
      yield { type: 'verdict', same };
      return;
    }
    case 'ask':
      for (const clock of request.about) yield* newsOf(clock, parts);
      return;
    case 'pull':
      yield* pulled(request, parts);
      return;
    case 'unknown':
    // Whoever asks finds in the empty answer that this version does not know what it asked.
  }
}

function* pulled(request: Extract<Request, { readonly type: 'pull' }>, parts: AnswerParts): Generator<Item> {
  const { hosts } = parts;
  const have = new Map(request.have.map((clock) => [clock.host, clock]));
  for (const { host, epoch, sequence } of request.have)
    if (hosts.lacks(host, epoch, sequence)) parts.lacking(host, epoch, sequence);
  // Statics first: they are few, and whoever waits for an operator's record should not wait for all containers.
  if (request.statics !== undefined) yield* staticsAfter(request.statics, parts.book);
  for (const host of request.whole ? new Set([...hosts.ids(), ...have.keys()]) : have.keys()) {
    const clock = have.get(host) ?? { host, epoch: 0, sequence: 0, beatEpoch: 0, beat: 0 };
    yield* newsOf(clock, parts);
    for (const kept of hosts.log(host)?.keptAfter(clock.epoch, clock.sequence) ?? [])
      yield envelopeItem(kept, request.takesPacked === true);
  }
}

/** A kept envelope as it travels: packed, where the asker takes that; unpacked only when its turn comes. */
export function envelopeItem(kept: PackedEnvelope, takesPacked: boolean): Item {
  if (takesPacked && mayTravelPacked(kept)) return { type: 'packed', length: kept.length, held: kept.held };
  return { type: 'envelope', bytes: unpackEnvelope(kept).bytes };
}

function* newsOf({ host, beatEpoch, beat }: HostClock, { asker, hosts, freshBeat }: AnswerParts): Generator<Item> {
  if (host === hosts.self) return yield { type: 'heard', ...freshBeat() };
  const grave = hosts.wasForgotten(host);
  if (grave !== undefined) {
    yield { type: 'forgotten', host, epoch: grave.epoch, beat: grave.beat };
    // Back with a disk from before its grave, it is heard by nobody until it speaks in an epoch above that.
    if (host === asker && grave.proof !== undefined) yield { type: 'envelope', bytes: grave.proof };
    return;
  }
  const sign = hosts.liveness.knowsLater(host, { epoch: beatEpoch, beat }) ? hosts.sign(host) : undefined;
  const ageMs = hosts.liveness.silenceMs(host);
  // Of one that left, or is known from the disk only, nobody here can say how old its last beat is.
  if (sign !== undefined && ageMs !== undefined) yield { type: 'heard', ageMs, bytes: sign.bytes };
}

function* staticsAfter({ hash, seen }: StaticsClock, { set }: StaticBook): Generator<Item> {
  if (Buffer.compare(hash, set.hash()) === 0) return;
  const summary = set.summary();
  for (const { envelope } of set.editsAfter(seen)) yield { type: 'envelope', bytes: envelope.bytes };
  yield { type: 'alive', summary };
}
