import { cookieOctets } from './cookie.ts';
import type { ExtendedError } from './draft.ts';
import { optionCode, rrType } from './wire.ts';

/** Octets of an OPT record before its options (RFC 6891 section 6.1.2). */
export const optOctets = 11;
/** Offset, within it, of the octet whose upper bit is DO. */
export const optFlagsOffset = 7;
const dnssecOkBit = 0x80;
const optionHeadOctets = 4;
/** Octets of the option that a whole cookie is sent in. */
export const cookieOptionOctets = optionHeadOctets + cookieOctets;

/** What an OPT record of ours says. */
export interface OptContent {
  /** What we can take by UDP. */
  readonly payloadOctets: number;
  /** The whole response code; its upper eight bits travel here. */
  readonly rcode?: number;
  /** RFC 3225 section 3: as the question had it. */
  readonly dnssecOk?: boolean;
  readonly error?: ExtendedError | undefined;
  readonly cookie?: Uint8Array | undefined;
  /** Whole options of somebody else's that go on as they are. */
  readonly passed?: Uint8Array | undefined;
}

/** Encodes an OPT record: own options only, nothing of the asker's comes back but its cookie within ours. */
export function encodeOpt({ payloadOctets, rcode = 0, dnssecOk = false, error, cookie, passed }: OptContent): Buffer {
  const options = Buffer.concat([
    encodeError(error),
    passed ?? noOctets,
    cookie ? option(optionCode.COOKIE, cookie) : noOctets,
  ]);
  const head = Buffer.alloc(optOctets);
  head.writeUInt16BE(rrType.OPT, 1);
  head.writeUInt16BE(payloadOctets, 3);
  head[5] = rcode >> 4;
  head[optFlagsOffset] = dnssecOk ? dnssecOkBit : 0;
  head.writeUInt16BE(options.length, 9);
  return Buffer.concat([head, options]);
}

/** The same OPT record with a cookie behind its options. */
export function appendCookie(opt: Uint8Array, cookie: Uint8Array): Buffer {
  const longer = Buffer.concat([opt, option(optionCode.COOKIE, cookie)]);
  longer.writeUInt16BE(longer.length - optOctets, optOctets - 2);
  return longer;
}

const noOctets = Buffer.alloc(0);

/** An extended error as a whole option (RFC 8914 section 2); no octets where there is none. */
export function encodeError(error: ExtendedError | undefined): Buffer {
  if (error === undefined) return noOctets;
  return option(
    optionCode.EDE,
    Buffer.concat([Buffer.of(error.code >> 8, error.code & 0xff), Buffer.from(error.text)]),
  );
}

function option(code: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(optionHeadOctets);
  head.writeUInt16BE(code, 0);
  head.writeUInt16BE(content.length, 2);
  return Buffer.concat([head, content]);
}
