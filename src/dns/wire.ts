/** Numbers of the DNS wire format, as IANA assigns them. Append only. */

/** RFC 1035 section 4.1.1 */
export const headerOctets = 12;
/** RFC 1035 section 2.3.4 */
export const maxNameOctets = 255;
/** RFC 1035 section 4.2.1: the largest UDP message for an asker without EDNS. */
export const plainUdpOctets = 512;
/** RFC 1035 section 4.2.2: the length field of a TCP message has 16 bits. */
export const maxMessageOctets = 65_535;

export const rrType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

/** Types that Weft has no records of, and that are asked for often enough to be called by their name. */
const foreignTypes = { MX: 15, NAPTR: 35, DS: 43, DNSKEY: 48, SVCB: 64, HTTPS: 65 } as const;

/** Every type that has a name here. */
export const typeNames: ReadonlyMap<number, string> = new Map(
  Object.entries({ ...rrType, ...foreignTypes }).map(([name, type]) => [type, name]),
);

/** RFC 3597 section 5: `TYPE257` where there is no name. */
export function typeName(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

export const rrClass = { IN: 1 } as const;

export const rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** RFC 6672 section 2.2: a name that became too long by a DNAME record. */
  YXDOMAIN: 6,
  /** RFC 6891 section 9: its upper bits travel in the OPT record. */
  BADVERS: 16,
} as const;

/** EDNS options: RFC 7873 section 4 and RFC 8914 section 2. */
export const optionCode = { COOKIE: 10, EDE: 15 } as const;

/** Types by which resolvers find the cuts between zones and the keys of each (RFC 4035 section 4.2): NS, SOA, DS, DNSKEY. */
export const zoneCutTypes: ReadonlySet<number> = new Set([2, 6, 43, 48]);

/** RFC 8914 section 4 */
export const extendedError = {
  OTHER: 0,
  STALE_ANSWER: 3,
  CACHED_ERROR: 13,
  PROHIBITED: 18,
  STALE_NXDOMAIN: 19,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
} as const;

/** Bits of the third and fourth octets of a header. */
export const flag = { QR: 0x80, AA: 0x04, TC: 0x02, RD: 0x01, RA: 0x80, AD: 0x20, CD: 0x10 } as const;

/** The two octets of a compression pointer to the name of the question (RFC 1035 section 4.1.4). */
export const questionPointer = 0xc000 | headerOctets;

/** Lower case of every octet; RFC 4343 section 3 folds ASCII letters and nothing else. */
export const folded = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet,
);

/** The name at `offset`, which a strict check found well-formed and without compression, in lower case with dots. */
export function nameAt(bytes: Uint8Array, offset: number): string {
  let octets = 0;
  let isPlainText = true;
  for (let at = offset; bytes[at] !== 0; at += 1 + (bytes[at] ?? 0)) {
    const end = at + 1 + (bytes[at] ?? 0);
    if (octets > 0) spelled[octets++] = dot;
    for (let each = at + 1; each < end; each++) {
      const octet = folded[bytes[each] ?? 0] ?? 0;
      isPlainText &&= isPlain(octet);
      spelled[octets++] = octet;
    }
  }
  return isPlainText ? spelled.toString('latin1', 0, octets) : escapedAt(bytes, offset);
}

const dot = 0x2e;
const spelled = Buffer.alloc(maxNameOctets);

function escapedAt(bytes: Uint8Array, offset: number): string {
  const labels: string[] = [];
  for (let at = offset; bytes[at] !== 0; at += 1 + (bytes[at] ?? 0))
    labels.push(Array.from(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0)), characterOf).join(''));
  return labels.join('.');
}

/** The octets of a name in lower case, without compression; `''` is the root. */
export function nameOctets(name: string): Buffer {
  if (name === '') return Buffer.of(0);
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
}

/** Dots inside a label and whatever no name of ours can have are escaped (RFC 1035 section 5.1), so that they match nothing. */
function characterOf(octet: number): string {
  const lower = folded[octet] ?? 0;
  return isPlain(lower) ? String.fromCharCode(lower) : `\\${String(lower).padStart(3, '0')}`;
}

function isPlain(octet: number): boolean {
  return octet > 0x20 && octet < 0x7f && octet !== dot && octet !== 0x5c;
}
