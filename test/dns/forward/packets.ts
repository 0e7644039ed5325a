/** Writes queries and replies for tests, plainly: no compression but the one pointer to the question. */
export const types = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, HTTPS: 65 } as const;

export interface QueryWishes {
  readonly id?: number;
  readonly type?: number;
  /** The size offered in an OPT record; none without it. */
  readonly edns?: number;
  readonly dnssecOk?: boolean;
  readonly flags?: number;
}

export function queryFor(name: string, wishes: QueryWishes = {}): Uint8Array {
  const { id = 0x1234, type = types.A, edns, dnssecOk = false, flags = 0x0100 } = wishes;
  const opt = edns === undefined ? [] : [0, ...u16(types.OPT), ...u16(edns), 0, 0, dnssecOk ? 0x80 : 0, 0, 0, 0];
  const counts = [...u16(1), 0, 0, 0, 0, ...u16(opt.length > 0 ? 1 : 0)];
  return Uint8Array.from([...u16(id), ...u16(flags), ...counts, ...nameOctets(name), ...u16(type), 0, 1, ...opt]);
}

export interface TestRecord {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly type: number;
  readonly ttl: number;
  readonly data: readonly number[];
  /** Default: a pointer to the question. */
  readonly owner?: readonly number[];
}

export interface ReplyWishes {
  readonly rcode?: number;
  /** Third and fourth octets beside the rcode. */
  readonly flags?: number;
  readonly records?: readonly TestRecord[];
  /** An OPT record with these option octets, as the last record. */
  readonly opt?: readonly number[];
}

export function replyTo(query: Uint8Array, wishes: ReplyWishes = {}): Uint8Array {
  const { rcode = 0, flags = 0x8180, records = [], opt } = wishes;
  const count = (section: TestRecord['section']) => records.filter((record) => record.section === section).length;
  const sections = ['answer', 'authority', 'additional'] as const;
  const body = sections.flatMap((section) => records.filter((record) => record.section === section).flatMap(octetsOf));
  const optOctets = opt ? [0, ...u16(types.OPT), ...u16(1232), 0, 0, 0, 0, ...u16(opt.length), ...opt] : [];
  const counts = [1, count('answer'), count('authority'), count('additional') + (opt ? 1 : 0)].flatMap(u16);
  const question = query.subarray(12, questionEnd(query));
  return Uint8Array.from([
    ...query.subarray(0, 2),
    ...u16(flags | rcode),
    ...counts,
    ...question,
    ...body,
    ...optOctets,
  ]);
}

export function a(address: string, ttl = 60): TestRecord {
  return { section: 'answer', type: types.A, ttl, data: address.split('.').map(Number) };
}

/** An SOA in the authority section with this MINIMUM field. */
export function soa(ttl: number, minimum: number): TestRecord {
  const names = [...nameOctets('ns.example'), ...nameOctets('admin.example')];
  return { section: 'authority', type: types.SOA, ttl, data: [...names, ...[1, 2, 3, 4, minimum].flatMap(u32)] };
}

export function nameOctets(name: string): number[] {
  const labels = name.split('.').filter(Boolean);
  return [...labels.flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]), 0];
}

export function u16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

export function u32(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

export function questionEnd(message: Uint8Array): number {
  let at = 12;
  while ((message[at] ?? 0) !== 0) at += 1 + (message[at] ?? 0);
  return at + 5;
}

/** The name asked for, as spelt. */
export function nameIn(query: Uint8Array): string {
  const labels: string[] = [];
  for (let at = 12; (query[at] ?? 0) !== 0; at += 1 + (query[at] ?? 0))
    labels.push(Buffer.from(query.subarray(at + 1, at + 1 + (query[at] ?? 0))).toString('latin1'));
  return labels.join('.');
}

function octetsOf({ owner = [0xc0, 12], type, ttl, data }: TestRecord): number[] {
  return [...owner, ...u16(type), 0, 1, ...u32(ttl), ...u16(data.length), ...data];
}
