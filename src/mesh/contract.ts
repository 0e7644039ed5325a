import type { HostId } from '../record.ts';

/**
 * What a broadcast turned out to be: `new`: pass it on at once; `later`: pass it on, with others, in a moment; `known`:
 * it was here before, or all neighbours hear it from others: do not pass it on; `bad`: no honest neighbour sends this: do
 * not pass it on.
 */
export type Verdict = 'new' | 'later' | 'known' | 'bad';

/** What the mesh delivers to. None of these may throw; the mesh counts and drops what they throw anyway. */
export interface MeshHandler {
  /** A broadcast that `from`, a neighbour, handed to us, whoever made it. */
  received(from: HostId, bytes: Uint8Array): Verdict;
  /** The answer to a neighbour's request, in chunks; the mesh takes the next chunk when the neighbour took the last. */
  answer(from: HostId, request: Uint8Array): AsyncIterable<Uint8Array>;
  /** A neighbour can be asked and hears broadcasts. Called once, until `linkDown`. */
  linkUp(peer: HostId): void;
  /** The last link to a neighbour broke or fell silent. */
  linkDown(peer: HostId): void;
}

/** Who this host is to others. */
export interface MeshIdentity {
  readonly hostId: HostId;
  /** The seed of its Ed25519 key: 32 bytes. */
  readonly seed: Uint8Array;
}

/** Where the known peers are kept over a restart. */
export interface MeshStorage {
  /** The bytes last written, or `undefined` where there are none or they are damaged. */
  read(file: string): Promise<Uint8Array | undefined>;
  /** Replaces the file at once or not at all; reports a full or read-only disk itself. */
  write(file: string, bytes: Uint8Array): Promise<void>;
  /** Keeps a file that cannot be read under another name, and logs what was found in it. */
  setAside(file: string, found: string): Promise<void>;
}

/** One link, or one that is wanted, for operators. */
export interface LinkView {
  /** Unknown until the first handshake with an address that an operator gave. */
  readonly peer?: HostId;
  /** `IP:PORT` or `[IP]:PORT`; for a link that the peer made, where it came from. */
  readonly address: string;
  /** Whether this host dialled. */
  readonly outbound: boolean;
  /** `refused`: the peer answered and does not want us; `failed`: it could not be reached; both are tried again. */
  readonly state: 'established' | 'connecting' | 'retrying' | 'failed' | 'refused';
  /** How long it has been in this state, in milliseconds. */
  readonly sinceMs: number;
  /** Round trip of the last pulse in milliseconds. */
  readonly rttMs?: number;
  /** Why it is not established, as one clause: `refused by 192.0.2.1:6783: the secrets differ`. */
  readonly problem?: string;
  /** Milliseconds until it is dialled again. */
  readonly nextTryMs?: number;
}

/** What went over the mesh since it started. */
export interface MeshStats {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly broadcastsIn: number;
  readonly broadcastsOut: number;
  readonly requestsIn: number;
  readonly requestsOut: number;
  /** Connections turned away before they said anything useful, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Broadcasts, requests and answers dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What neighbours were blamed for since the start. */
  readonly offences: readonly { readonly peer: HostId; readonly offence: string; readonly count: number }[];
}

/** How a mesh is set; every number has its reason in `meshDefaults`. */
export interface MeshOptions {
  /** Where others connect, `IP:PORT` or `[IP]:PORT`; port 0 takes a free one. Empty: dial out only. */
  readonly listen: readonly string[];
  /** What to tell others instead of what is found: `IP` or `IP:PORT`. */
  readonly advertise?: string;
  /** Addresses of this host that lead nowhere from other hosts, such as the gateways of container bridges. */
  readonly unreachable?: () => readonly string[];
  readonly defaultPort: number;
  readonly fullMeshHosts: number;
  readonly linksWhenLarge: number;
  readonly maxLinks: number;
  readonly maxStrangers: number;
  readonly maxStrangersPerAddress: number;
  readonly connectTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly redialFirstMs: number;
  readonly redialMaxMs: number;
  readonly redialPatientMs: number;
  readonly patientAfterMs: number;
  readonly yieldMs: number;
  readonly searchPerHostMs: number;
  readonly simultaneousMs: number;
  readonly pulseMs: number;
  readonly silenceMs: number;
  readonly gossipHeartbeatMs: number;
  readonly maxBroadcastBytes: number;
  readonly maxRequestBytes: number;
  readonly maxChunkBytes: number;
  readonly requestTimeoutMs: number;
  readonly maxRequestsPerPeer: number;
  readonly maxOffences: number;
  readonly offenceWindowMs: number;
  readonly banMs: number;
  readonly maxKnownPeers: number;
}
