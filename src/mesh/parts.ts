import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { HostId } from '../record.ts';
import type { MeshIdentity, MeshOptions, MeshStorage } from './contract.ts';
import type { HolderOf } from './listening.ts';
import type { Transport } from './node.ts';
import type { Secret } from './secret.ts';

/** What is known of other hosts beyond the links of this one; the dialer asks. */
export interface Hearsay {
  /** Known hosts that nothing is heard of, by way of others either: asked for when the mesh may have fallen apart. */
  unheard(): ReadonlySet<HostId>;
  /** Whether a neighbour says that it dialled the host and has a link with it. */
  vouchesFor(host: HostId): boolean;
}

export const noHearsay: Hearsay = { unheard: () => new Set(), vouchesFor: () => false };

/** What a mesh is built from. */
export interface MeshParts {
  readonly identity: MeshIdentity;
  /** One, or two while the secret of the mesh is being changed; a neighbour needs any one of them. */
  readonly secrets: readonly Secret[];
  readonly options: MeshOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly storage: MeshStorage;
  /** Nothing is known where it is left out. */
  readonly hearsay?: Hearsay;
  /** Every address that a host name stands for; the system's resolver unless a test hands in another. */
  readonly lookUp?: (name: string) => Promise<readonly string[]>;
  /** Asked for the message when the port is taken. */
  readonly holderOf?: HolderOf;
  /** TCP unless a test hands in another. */
  readonly transport?: Transport;
}
