import type { HostId } from '../record.ts';

/** What came of dialling: a link; ourselves; or why not, as one clause. */
export type DialOutcome =
  | { readonly type: 'linked'; readonly peer: HostId }
  | { readonly type: 'self' }
  | { readonly type: 'failed' | 'refused'; readonly problem: string; readonly peer?: HostId };

/** Someone to dial: a host of the mesh at its addresses, or one address of an operator and whoever answers there. */
export interface Target {
  readonly key: string;
  /** Given by an operator: dialled without expecting a certain host. */
  readonly seed: boolean;
  /** For a seed: who answered there last. */
  peer: HostId | undefined;
  addresses: readonly string[];
  state: 'waiting' | 'connecting' | 'retrying' | 'failed' | 'refused';
  sinceMs: number;
  nextTryAtMs: number;
  failures: number;
  failingSinceMs: number;
  problem: string | undefined;
  /** It is a name that led to this host itself when it was dialled last. */
  ours: boolean;
  /** A link led to it once, in this run of the agent or in one before. */
  proven: boolean;
  /** An operator does not want it dialled; the host may still dial us. */
  forgotten: boolean;
}

/** A target that was never dialled and is due. */
export function newTarget(
  key: string,
  seed: boolean,
  peer: HostId | undefined,
  addresses: readonly string[],
  now: number,
): Target {
  return {
    key,
    seed,
    peer,
    addresses,
    state: 'waiting',
    sinceMs: now,
    nextTryAtMs: now,
    failures: 0,
    failingSinceMs: now,
    problem: undefined,
    ours: false,
    proven: false,
    forgotten: false,
  };
}
