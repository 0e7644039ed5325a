import type { HostId } from '../record.ts';
import { accepted, type Result } from '../result.ts';
import { decode, encode, readHostId, readNumber, writeVarString, writeVarUint } from './codec.ts';
import type { Envelope } from './envelope.ts';
import { restartingFlag } from './wire.ts';

/**
 * What every heartbeat, doubt and forget says first. Beats are numbered through all epochs of one run, so that
 * (epoch, beat) only ever grows and a replayed one is news to nobody.
 */
export interface SignOfLife {
  readonly beat: number;
  readonly restarting: boolean;
  /** Milliseconds until the owner's next beat, at most. */
  readonly intervalMs: number;
  /** The number of the owner's latest edit of the static records; 0 for none. */
  readonly edited: number;
  /** In a doubt, the host in doubt; in a forget, the host to forget with the last beat known of it. */
  readonly about?: { readonly host: HostId; readonly epoch: number; readonly beat: number };
}

export function encodeSignOfLife(sign: SignOfLife): Uint8Array {
  return encode((to) => {
    writeVarUint(to, sign.beat);
    writeVarUint(to, sign.restarting ? restartingFlag : 0);
    writeVarUint(to, sign.intervalMs);
    writeVarUint(to, sign.edited);
    if (sign.about === undefined) return;
    writeVarString(to, sign.about.host);
    writeVarUint(to, sign.about.epoch);
    writeVarUint(to, sign.about.beat);
  });
}

/** Reads the payload of a heartbeat, doubt or forget; `about` is there for the latter two. */
export function decodeSignOfLife({ kind, payload }: Envelope): Result<SignOfLife> {
  const read = decode(payload, (from) => {
    const beat = readNumber(from);
    const restarting = (readNumber(from) & restartingFlag) !== 0;
    const sign = { beat, restarting, intervalMs: readNumber(from), edited: readNumber(from) };
    if (kind === 'heartbeat') return sign;
    return { ...sign, about: { host: readHostId(from), epoch: readNumber(from), beat: readNumber(from) } };
  });
  return read.ok ? accepted(read.value) : read;
}
