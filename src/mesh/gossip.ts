import { createHash, randomBytes } from 'node:crypto';
import { type GossipSub, type GossipsubMessage, gossipsub, TopicValidatorResult } from '@libp2p/gossipsub';
import type { Connection } from '@libp2p/interface';
import type { Clock } from '../clock.ts';
import { type HostId, parseHostId } from '../record.ts';
import type { Verdict } from './contract.ts';
import type { GossipLinks } from './gossip-links.ts';
import { Relay } from './relay.ts';

/** The one topic, which all hosts of a mesh hear; append only. */
const topic = 'weft/1';
/** Before each broadcast, so that the same bytes sent again are another broadcast, and reach those who missed them. */
const nonceBytes = 8;
/** What gossipsub's protobuf adds around one message, generously. */
const overheadBytes = 1024;
/** Broadcasts queued for a neighbour that does not take them, in multiples of the largest; then its stream is cut. */
const queueFactor = 32;

export interface GossipOptions {
  readonly gossipHeartbeatMs: number;
  readonly maxBroadcastBytes: number;
}

/**
 * The gossipsub service of a node. Messages carry no signature of gossipsub's: what they hold is signed by its owner.
 * Its scores are off: who misbehaves is blamed by those who understand the messages, and a host behind a lossy link
 * or one address with ten others does not.
 */
export function gossipService(
  { gossipHeartbeatMs, maxBroadcastBytes }: GossipOptions,
  links: GossipLinks,
): ReturnType<typeof gossipsub> {
  const service = gossipsub({
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: (message) => createHash('sha256').update(message.data).digest(),
    emitSelf: false,
    fallbackToFloodsub: false,
    floodPublish: true,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    allowedTopics: [topic],
    // What is accepted is passed on when `Relay` says so.
    asyncValidation: true,
    tagMeshPeers: false,
    heartbeatInterval: gossipHeartbeatMs,
    maxInboundDataLength: maxBroadcastBytes + overheadBytes,
    maxOutboundBufferSize: queueFactor * maxBroadcastBytes,
    scoreParams: { IPColocationFactorWeight: 0, behaviourPenaltyWeight: 0 },
  });
  // The components are a proxy that gives what it is asked for by name, and cannot be spread.
  return ({ privateKey, peerId, peerStore, registrar, connectionManager, logger }) =>
    service({ privateKey, peerId, peerStore, registrar: links.over(registrar), connectionManager, logger });
}

export interface GossipParts {
  readonly clock: Clock;
  readonly service: GossipSub;
  readonly links: GossipLinks;
  readonly maxBroadcastBytes: number;
  /** Never throws. */
  readonly received: (from: HostId, bytes: Uint8Array) => Verdict;
  readonly onDropped: (reason: string) => void;
}

const verdicts: Readonly<Record<Verdict, TopicValidatorResult>> = {
  new: TopicValidatorResult.Accept,
  later: TopicValidatorResult.Accept,
  known: TopicValidatorResult.Ignore,
  bad: TopicValidatorResult.Reject,
};

/** Broadcasts: to all neighbours at once, and from each to those who have not heard. */
export class Gossip {
  readonly #parts: GossipParts;
  readonly #reporting: Reporting;
  readonly #relay: Relay;
  /** Accepted and not passed on yet, as they came, of those that can wait. */
  readonly #unhurried = new WeakSet<Uint8Array>();
  #lastSent: Promise<unknown> = Promise.resolve();

  constructor(parts: GossipParts) {
    this.#parts = parts;
    const { service, links, clock } = parts;
    if (!isReporting(service)) throw new Error('gossipsub cannot be told when to pass a message on');
    this.#reporting = service;
    const pass = (id: string, from: string) => this.#pass(id, from);
    this.#relay = new Relay({ clock, pass, together: (run) => links.together(run) });
    service.addEventListener('gossipsub:message', ({ detail }) => this.#relayed(detail));
    service.topicValidators.set(topic, (peer, message) => this.#judge(peer.toString(), message.data));
  }

  start(): void {
    this.#parts.service.subscribe(topic);
  }

  /** False where the bytes are too many to send. */
  publish(bytes: Uint8Array): boolean {
    if (bytes.length > this.#parts.maxBroadcastBytes) return false;
    const message = Buffer.concat([randomBytes(nonceBytes), bytes]);
    const sent = this.#parts.service.publish(topic, message);
    this.#lastSent = sent.catch(() => this.#parts.onDropped('broadcast not sent'));
    return true;
  }

  /** Resolves when what was published is on its way; a farewell is the last thing a host says. */
  async flush(): Promise<void> {
    this.#relay.flush();
    await this.#lastSent;
  }

  /** Whether broadcasts flow over this connection both ways. */
  flowsOver(connection: Connection): boolean {
    const { service, links } = this.#parts;
    if (!links.sendsOver(connection)) return false;
    return service.getSubscribers(topic).some((peer) => peer.equals(connection.remotePeer));
  }

  /** Runs before a message is passed on, so that what no honest host sends goes no further than its first receiver. */
  #judge(peer: string, data: Uint8Array): TopicValidatorResult {
    const from = parseHostId(peer);
    if (!from.ok || data.length < nonceBytes) return TopicValidatorResult.Reject;
    const verdict = this.#parts.received(from.value, data.subarray(nonceBytes));
    if (verdict === 'later') this.#unhurried.add(data);
    return verdicts[verdict];
  }

  #relayed({ msgId, propagationSource, msg }: GossipsubMessage): void {
    const from = propagationSource.toString();
    if (this.#unhurried.delete(msg.data)) this.#relay.later(msgId, from);
    else this.#relay.now(msgId, from);
  }

  #pass(id: string, from: string): void {
    try {
      this.#reporting.reportMessageValidationResult(id, from, TopicValidatorResult.Accept);
    } catch {
      this.#parts.onDropped('broadcast not passed on');
    }
  }
}

/** What gossipsub documents for `asyncValidation`, and its types leave out. */
interface Reporting {
  reportMessageValidationResult(id: string, from: string, verdict: TopicValidatorResult): void;
}

function isReporting(service: object): service is Reporting {
  return 'reportMessageValidationResult' in service && typeof service.reportMessageValidationResult === 'function';
}
