import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import type { GossipSub } from '@libp2p/gossipsub';
import { type Identify, identify } from '@libp2p/identify';
import type { ConnectionGater, ConnectionProtector, Libp2p, PrivateKey } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { peerIdFromString } from '@libp2p/peer-id';
import { type TCPSocketOptions, tcp } from '@libp2p/tcp';
import { createLibp2p, type Libp2pOptions } from 'libp2p';
import type { MeshIdentity, MeshOptions } from './contract.ts';
import { gossipService } from './gossip.ts';
import type { GossipLinks } from './gossip-links.ts';
import { createMuxer } from './muxer.ts';

export type Node = Libp2p<{ readonly gossip: GossipSub; readonly identify: Identify }>;
export type Transport = NonNullable<Libp2pOptions['transports']>[number];

export interface NodeParts {
  readonly identity: MeshIdentity;
  readonly listen: readonly string[];
  readonly options: MeshOptions;
  readonly protector: ConnectionProtector;
  readonly gater: ConnectionGater;
  readonly gossipLinks: GossipLinks;
  /** TCP unless a test hands in another. */
  readonly transport: Transport | undefined;
}

/** Streams that live as long as their link may be idle for this long in milliseconds: a week, as good as for ever. */
const idleStreamMs = 604_800_000;
/** Streams of one link at once: gossip, pulse and the requests both ways, with room for those closing. */
const maxStreams = 256;
/**
 * Limits of libp2p that this room sets itself, closer to what they protect: at the gate, in the dialer, by `maxLinks`.
 * Its own would refuse a sixth connection within a second from one address, and so a restarting mesh behind one NAT.
 */
const unlimited = 1_000_000;

/** A libp2p node, not started: TCP, the gate, Noise, yamux and gossipsub, with limits set on purpose. */
export async function createNode(parts: NodeParts): Promise<Node> {
  const { options, transport, protector } = parts;
  // `timeout` reaches `net.connect`, and libp2p drops it once the connection stands.
  const dialOpts: TCPSocketOptions & { readonly timeout: number } = { timeout: options.connectTimeoutMs };
  return await createLibp2p({
    start: false,
    privateKey: privateKeyOf(parts.identity),
    addresses: { listen: [...parts.listen] },
    transports: [transport ?? tcp({ dialOpts, maxConnections: options.maxLinks + 2 * options.maxStrangers })],
    connectionProtector: () => protector,
    connectionEncrypters: [noise()],
    streamMuxers: [
      createMuxer({
        enableKeepAlive: false,
        maxInboundStreams: maxStreams,
        maxOutboundStreams: maxStreams,
        streamOptions: { inactivityTimeout: idleStreamMs },
      }),
    ],
    connectionGater: parts.gater,
    connectionManager: {
      maxConnections: unlimited,
      maxIncomingPendingConnections: unlimited,
      inboundConnectionThreshold: unlimited,
      inboundUpgradeTimeout: 2 * options.handshakeTimeoutMs,
      inboundStreamProtocolNegotiationTimeout: options.handshakeTimeoutMs,
      outboundStreamProtocolNegotiationTimeout: options.handshakeTimeoutMs,
      addressDialTimeout: options.connectTimeoutMs + 2 * options.handshakeTimeoutMs,
      maxDialQueueLength: options.maxKnownPeers,
      reconnectRetries: 0,
    },
    connectionMonitor: { enabled: false },
    services: {
      // gossipsub insists on it; but links tell it all that identify would, a round trip earlier.
      identify: identify({ runOnConnectionOpen: false }),
      gossip: gossipService(options, parts.gossipLinks),
    },
  });
}

/**
 * libp2p's own form of the key: the seed and the public key, which is in the host id. From the seed alone it would make
 * the public key itself, with tables that stay in memory.
 */
function privateKeyOf({ hostId, seed }: MeshIdentity): PrivateKey {
  const publicKey = peerIdFromString(hostId).publicKey?.raw;
  if (publicKey === undefined) throw new Error(`${hostId} holds no key`);
  return privateKeyFromRaw(Buffer.concat([seed, publicKey]));
}
