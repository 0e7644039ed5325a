import { Packet } from 'dns2';
import { type RecordData, rr } from '../../src/dns/draft.ts';
import { nameOctets, rrType } from '../../src/dns/wire.ts';

// Questions as octets and replies as words, for the tests; both by means other than the server's own.

export interface QuestionTerms {
  readonly type?: keyof typeof rrType | number;
  readonly class?: number;
  readonly id?: number;
  readonly flags?: number;
  /** An OPT record with this payload size. */
  readonly payload?: number;
  readonly version?: number;
  readonly ednsFlags?: number;
  /** Options: code and content. */
  readonly options?: readonly (readonly [number, Uint8Array])[];
}

/** A question in the letters given; `_` of no meaning. */
export function question(name: string, terms: QuestionTerms = {}): Buffer {
  const { type = 'A', id = 0x1234, flags = 0x0100, payload, options = [], version = 0, ednsFlags = 0 } = terms;
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(payload === undefined ? 0 : 1, 10);
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(typeof type === 'number' ? type : rrType[type], 0);
  tail.writeUInt16BE(terms.class ?? 1, 2);
  return Buffer.concat([header, nameOctets(name), tail, payload === undefined ? Buffer.alloc(0) : opt()]);

  function opt(): Buffer {
    const content = Buffer.concat(
      options.map(([code, octets]) => {
        const head = Buffer.alloc(4);
        head.writeUInt16BE(code, 0);
        head.writeUInt16BE(octets.length, 2);
        return Buffer.concat([head, octets]);
      }),
    );
    const record = Buffer.alloc(11);
    record.writeUInt16BE(41, 1);
    record.writeUInt16BE(payload ?? 0, 3);
    record[6] = version;
    record.writeUInt16BE(ednsFlags, 7);
    record.writeUInt16BE(content.length, 9);
    return Buffer.concat([record, content]);
  }
}

export interface Reply {
  readonly id: number;
  readonly rcode: string;
  readonly flags: string;
  readonly question: string;
  /** Records in zone-file words: `owner ttl type data`. */
  readonly answers: string[];
  readonly authority: string[];
  readonly additional: string[];
  readonly opt: { payload: number; version: number; dnssecOk: boolean; options: Map<number, Buffer> } | undefined;
  readonly octets: number;
}

const codes: Record<number, string> = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  16: 'BADVERS',
};

/** Reads a whole reply; throws if it breaks the format anywhere. */
export function read(octets: Uint8Array | undefined): Reply {
  if (octets === undefined) throw new Error('there was no reply');
  const packet = Packet.parse(Buffer.from(octets));
  const [broken] = packet.errors;
  if (broken) throw broken;
  const bytes = Buffer.from(octets);
  const opts = packet.additionals.filter((record) => record.type === rrType.OPT);
  if (opts.length > 1) throw new Error('two OPT records');
  const [asked] = packet.questions;
  return {
    id: packet.header.id,
    rcode: codes[packet.header.rcode] ?? String(packet.header.rcode),
    flags: flagsOf(bytes),
    question: asked ? `${asked.name} ${typeName(asked.type)}` : '',
    answers: packet.answers.map(words),
    authority: packet.authorities.map(words),
    additional: packet.additionals.filter((record) => record.type !== rrType.OPT).map(words),
    opt: opts[0] && readOpt(bytes),
    octets: bytes.length,
  };
}

/** The data of answers, without owner, time to live and type. */
export function data(reply: Reply): string[] {
  return reply.answers.map((answer) => answer.split(' ').slice(3).join(' '));
}

function flagsOf(bytes: Buffer): string {
  const set: [number, number, string][] = [
    [2, 0x80, 'qr'],
    [2, 0x04, 'aa'],
    [2, 0x02, 'tc'],
    [2, 0x01, 'rd'],
    [3, 0x80, 'ra'],
    [3, 0x40, 'z'],
    [3, 0x20, 'ad'],
    [3, 0x10, 'cd'],
  ];
  return set.flatMap(([at, bit, name]) => ((bytes[at] ?? 0) & bit ? [name] : [])).join(' ');
}

type Parsed = InstanceType<typeof Packet>['answers'][number];

function words(record: Parsed): string {
  return `${record.name} ${record.ttl} ${typeName(record.type)} ${dataOf(record)}`;
}

function dataOf(record: Parsed): string {
  const { address, domain, ns, target, primary, admin, minimum, data: text } = record;
  if (record.type === rrType.SRV) return `${record.priority} ${record.weight} ${record.port} ${target}`;
  if (record.type === rrType.SOA) return `${primary} ${admin} ${minimum}`;
  if (address !== undefined) return address;
  if (domain !== undefined) return domain;
  if (ns !== undefined) return ns;
  return Array.isArray(text) ? text.map((part) => JSON.stringify(part)).join(' ') : String(text);
}

function typeName(type: number): string {
  return Object.entries(rrType).find(([, number]) => number === type)?.[0] ?? `TYPE${type}`;
}

/** OPT is the last record that the server writes, and the only one owned by the root. */
function readOpt(bytes: Buffer): Reply['opt'] {
  const start = bytes.lastIndexOf(Buffer.of(0, 0, 41));
  const options = new Map<number, Buffer>();
  for (let at = start + 11; at < bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2);
    options.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return {
    payload: bytes.readUInt16BE(start + 3),
    version: bytes[start + 6] ?? 0,
    dnssecOk: ((bytes[start + 7] ?? 0) & 0x80) !== 0,
    options,
  };
}

/** A reply of an upstream, for forwarders that tests hand in. */
export function replyTo(
  query: Uint8Array,
  code: number,
  records: readonly (readonly [string, number, RecordData])[],
): Buffer {
  const { questions } = Packet.parse(Buffer.from(query));
  const name = questions[0]?.name ?? '';
  const end = 12 + nameOctets(name).length + 4;
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt16BE(0, 10);
  const encoded = records.map(([owner, ttl, content]) =>
    Buffer.concat([nameOctets(owner), rr(owner, ttl, content).octets]),
  );
  return Buffer.concat([head, ...encoded]);
}
