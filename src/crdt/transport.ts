import type { HostId } from '../record.ts';

/** How bytes reach other hosts. Any of it may lose, repeat, delay and reorder. */
export interface Transport {
  /** To every host of the mesh, best effort; at most `crdtDefaults.maxBroadcastBytes` long. */
  broadcast(bytes: Uint8Array): void;
  /** The hosts that a link leads to now. */
  neighbours(): readonly HostId[];
  /** Those of them that this host dialled. */
  dialled(): readonly HostId[];
  /** One request over a link, answered in chunks; throws when the link breaks or the neighbour takes too long. */
  request(peer: HostId, bytes: Uint8Array): AsyncIterable<Uint8Array>;
  /** Says that a neighbour sent what no honest one sends; the mesh parts with those who repeat it. */
  blame(peer: HostId, offence: string): void;
}

/**
 * What a broadcast turned out to be: `new`: pass it on; `later`: the same, and it can wait for others like it; `known`:
 * it was here before, is older than what is here, or all neighbours hear it from others; `bad`: no honest neighbour sends
 * this, so do not pass it on. A mesh that relays only what is news never relays another's garbage, and is never blamed
 * for it.
 */
export type Verdict = 'new' | 'later' | 'known' | 'bad';

/** What replication does with what the mesh brings. */
export interface TransportHandler {
  /** A broadcast that `from`, a neighbour, handed to us, whoever made it. Never throws. */
  received(from: HostId, bytes: Uint8Array): Verdict;
  /** The answer to a neighbour's request, in chunks of at most 64 KiB; ends without any where the request is bad. */
  answer(from: HostId, request: Uint8Array): AsyncIterable<Uint8Array>;
  linkUp(peer: HostId): void;
  linkDown(peer: HostId): void;
}

/** A mesh of one, until there is another. */
export const alone: Transport = {
  broadcast: () => {},
  neighbours: () => [],
  dialled: () => [],
  async *request() {},
  blame: () => {},
};
