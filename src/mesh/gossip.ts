import { createHash, randomBytes } from 'node:crypto';
import { type GossipSub, gossipsub, TopicValidatorResult } from '@libp2p/gossipsub';
import type { Connection } from '@libp2p/interface';
import { type HostId, parseHostId } from '../record.ts';
import type { Verdict } from './contract.ts';
import type { GossipLinks } from './gossip-links.ts';

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
  readonly service: GossipSub;
  readonly links: GossipLinks;
  readonly maxBroadcastBytes: number;
  /** Never throws. */
  readonly received: (from: HostId, bytes: Uint8Array) => Verdict;
  readonly onDropped: (reason: string) => void;
}

const verdicts: Readonly<Record<Verdict, TopicValidatorResult>> = {
  new: TopicValidatorResult.Accept,
  known: TopicValidatorResult.Ignore,
  bad: TopicValidatorResult.Reject,
};

/** Broadcasts: to all neighbours at once, and from each to those who have not heard. */
export class Gossip {
  readonly #parts: GossipParts;
  #lastSent: Promise<unknown> = Promise.resolve();

  constructor(parts: GossipParts) {
    this.#parts = parts;
    const { service } = parts;
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
    return verdicts[this.#parts.received(from.value, data.subarray(nonceBytes))];
  }
}
