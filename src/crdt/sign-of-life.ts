import type { HostId } from '../record.ts';
import type { Result } from '../result.ts';
import {
  type Decoder,
  decode,
  encode,
  hasContent,
  readHostId,
  readNumber,
  readVarString,
  writeVarString,
  writeVarUint,
} from './codec.ts';
import type { Envelope } from './envelope.ts';
import { restartingFlag } from './wire.ts';

/** Characters of a host id that a sign of life tells of each link. */
const endingLength = 6;
const eachEnding = new RegExp(`.{${endingLength}}`, 'g');
/** Links that a sign of life tells of, so that it stays below half a kilobyte; the mesh keeps fewer in a large one. */
const maxDialledTold = 64;
/** Octets of the longest sign of life that is taken, for what later versions add: the last of each host is kept. */
export const maxSignBytes = 4_096;

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
  /** Hosts that the owner dialled and has a link with; the first `maxDialledTold` of them are told. */
  readonly dialled?: readonly HostId[];
  /** In a doubt, the host in doubt; in a forget, the host to forget with the last beat known of it. */
  readonly about?: { readonly host: HostId; readonly epoch: number; readonly beat: number };
}

export function encodeSignOfLife(sign: SignOfLife): Uint8Array {
  return encode((to) => {
    writeVarUint(to, sign.beat);
    writeVarUint(to, sign.restarting ? restartingFlag : 0);
    writeVarUint(to, sign.intervalMs);
    writeVarUint(to, sign.edited);
    if (sign.about !== undefined) {
      writeVarString(to, sign.about.host);
      writeVarUint(to, sign.about.epoch);
      writeVarUint(to, sign.about.beat);
    }
    writeVarString(to, (sign.dialled ?? []).slice(0, maxDialledTold).map(endingOf).join(''));
  });
}

/** Reads the payload of a heartbeat, doubt or forget; `about` is there for the latter two, `dialled` is read apart. */
export function decodeSignOfLife({ kind, payload }: Envelope): Result<SignOfLife> {
  return decode(payload, (from) => readSign(from, kind));
}

/**
 * The endings of the hosts that the owner of a sign of life dialled: what only operators look at is read when one looks.
 * None where a former version made it, or it cannot be read.
 */
export function dialledBy({ kind, payload }: Envelope): readonly string[] {
  const read = decode(payload, (from) => {
    readSign(from, kind);
    return hasContent(from) ? readVarString(from) : '';
  });
  return read.ok ? (read.value.match(eachEnding) ?? []) : [];
}

/** What is enough of a host id to tell hosts of one mesh apart for people: 35 bits of its key. */
export function endingOf(host: HostId): string {
  return host.slice(-endingLength);
}

function readSign(from: Decoder, kind: Envelope['kind']): SignOfLife {
  const beat = readNumber(from);
  const restarting = (readNumber(from) & restartingFlag) !== 0;
  const sign = { beat, restarting, intervalMs: readNumber(from), edited: readNumber(from) };
  if (kind === 'heartbeat') return sign;
  return { ...sign, about: { host: readHostId(from), epoch: readNumber(from), beat: readNumber(from) } };
}
