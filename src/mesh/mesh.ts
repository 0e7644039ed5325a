import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { HostId } from '../record.ts';
import { type Result, refused } from '../result.ts';
import type { LinkView, MeshHandler, MeshIdentity, MeshOptions, MeshStats, MeshStorage } from './contract.ts';
import type { Secret } from './secret.ts';

export interface MeshParts {
  readonly identity: MeshIdentity;
  /** One, or two while the secret of the mesh is being changed; a neighbour needs any one of them. */
  readonly secrets: readonly Secret[];
  readonly options: MeshOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly storage: MeshStorage;
}

/** This host's links to the others: bytes to all of them, requests to neighbours, and who is connected. */
export class Mesh {
  readonly #parts: MeshParts;

  constructor(parts: MeshParts) {
    this.#parts = parts;
  }

  /** Listens and dials whom it knows from the last time; throws one clear error when it cannot listen. */
  async start(): Promise<void> {
    await Promise.reject(new Error('unfinished'));
  }

  /** Parts with all neighbours and leaves nothing open; may be called twice. */
  async stop(): Promise<void> {}

  /** Names who is delivered to; call it once, before `start()`. */
  attach(_handler: MeshHandler): void {}

  /** Sends to every host of the mesh, best effort: it may be lost, repeated and reordered. Never throws. */
  broadcast(_bytes: Uint8Array): void {}

  /** The hosts that a link leads to now. */
  neighbours(): readonly HostId[] {
    return [];
  }

  /** One request over a link, answered in chunks; throws when the link breaks or the neighbour takes too long. */
  async *request(_peer: HostId, _bytes: Uint8Array): AsyncGenerator<Uint8Array> {}

  /** Says that a neighbour sent what no honest one sends; those who repeat it are parted with, for a while. */
  blame(_peer: HostId, _offence: string): void {}

  /** Tells where a host of the mesh can be dialled, as its own record says; replaces what was told before. */
  learn(_host: HostId, _addresses: readonly string[]): void {}

  /** Says that a host is gone for good: it is not dialled any more. */
  unlearn(_host: HostId): void {}

  /** Dials `HOST[:PORT]` from now on, until `forget`. */
  connect(_address: string): Result<string> {
    return refused(`${this.#parts.identity.hostId} is unfinished`);
  }

  /** Stops dialling an address that `connect` was told, and parts with the host behind it. */
  forget(_address: string): Result<string> {
    return refused('unfinished');
  }

  /** Every link and every address being dialled. */
  links(): readonly LinkView[] {
    return [];
  }

  /** Where other hosts can dial this one, `IP:PORT` or `[IP]:PORT`, best first; changes with the host's interfaces. */
  listenAddresses(): readonly string[] {
    return [];
  }

  stats(): MeshStats {
    throw new Error('unfinished');
  }
}
