import type { HostId } from '../record.ts';
import type { Result } from '../result.ts';
import {
  type Decoder,
  decode,
  type Encoder,
  encode,
  hasContent,
  malformed,
  readHostId,
  readList,
  readNumber,
  readView,
  writeList,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from './codec.ts';
import { requestNumbers, takesPackedFlag } from './wire.ts';

/** Later versions may ask a few things more; what claims to be far beyond them is garbage. */
const lastImaginedType = 15;

/** How far a host's log and heartbeats are known. */
export interface HostClock {
  readonly host: HostId;
  readonly epoch: number;
  readonly sequence: number;
  readonly beatEpoch: number;
  readonly beat: number;
}

/** What a host has of the static records: their hash, and the newest edit of each writer. */
export interface StaticsClock {
  readonly hash: Uint8Array;
  readonly seen: ReadonlyMap<HostId, number>;
}

/**
 * What one host asks of a neighbour. `compare`: do we have the same? `pull`: give me what I lack (`whole`: also of hosts
 * I do not list). `ask`: did you hear any of these since? `unknown`: of a later version.
 */
export type Request =
  | { readonly type: 'compare'; readonly hash: Uint8Array }
  | {
      readonly type: 'pull';
      readonly whole: boolean;
      readonly have: readonly HostClock[];
      readonly statics?: StaticsClock;
      /** Whether the asker takes envelopes as they are kept: packed. */
      readonly takesPacked?: boolean;
    }
  | { readonly type: 'ask'; readonly about: readonly HostClock[] }
  | { readonly type: 'unknown' };

export function encodeRequest(request: Request): Uint8Array {
  return encode((to) => {
    if (request.type === 'unknown') return;
    writeVarUint(to, requestNumbers[request.type]);
    if (request.type === 'compare') return writeVarUint8Array(to, request.hash);
    if (request.type === 'ask') return writeList(to, request.about, writeClock);
    writeVarUint(to, request.whole ? 1 : 0);
    writeList(to, request.have, writeClock);
    writeVarUint(to, request.statics === undefined ? 0 : 1);
    if (request.statics !== undefined) writeStatics(to, request.statics);
    if (request.takesPacked) writeVarUint(to, takesPackedFlag);
  });
}

export function decodeRequest(bytes: Uint8Array): Result<Request> {
  return decode<Request>(bytes, (from) => {
    const type = readNumber(from);
    switch (type) {
      case requestNumbers.compare:
        return { type: 'compare', hash: readView(from) };
      case requestNumbers.ask:
        return { type: 'ask', about: readList(from, readClock) };
      case requestNumbers.pull:
        return readPull(from);
      default:
        return type <= lastImaginedType ? { type: 'unknown' } : malformed('no request');
    }
  });
}

function readPull(from: Decoder): Request {
  const whole = readNumber(from) === 1;
  const have = readList(from, readClock);
  const statics = readNumber(from) === 1 ? { statics: { hash: readView(from), seen: readSeen(from) } } : {};
  // Earlier askers end here.
  const takes = hasContent(from) ? readNumber(from) : 0;
  return { type: 'pull', whole, have, ...statics, ...((takes & takesPackedFlag) !== 0 && { takesPacked: true }) };
}

function writeClock(to: Encoder, clock: HostClock): void {
  writeVarString(to, clock.host);
  for (const number of [clock.epoch, clock.sequence, clock.beatEpoch, clock.beat]) writeVarUint(to, number);
}

function readClock(from: Decoder): HostClock {
  return {
    host: readHostId(from),
    epoch: readNumber(from),
    sequence: readNumber(from),
    beatEpoch: readNumber(from),
    beat: readNumber(from),
  };
}

function writeStatics(to: Encoder, { hash, seen }: StaticsClock): void {
  writeVarUint8Array(to, hash);
  writeSeen(to, seen);
}

export function writeSeen(to: Encoder, seen: ReadonlyMap<HostId, number>): void {
  writeList(to, [...seen], (_, [writer, number]) => {
    writeVarString(to, writer);
    writeVarUint(to, number);
  });
}

export function readSeen(from: Decoder): Map<HostId, number> {
  return new Map(readList(from, () => [readHostId(from), readNumber(from)] as const));
}
