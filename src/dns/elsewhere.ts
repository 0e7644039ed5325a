import { Packet, type Resource } from 'dns2';
import { type Draft, type Rr, rr } from './draft.ts';
import type { Asker, Forwarder } from './forwarder.ts';
import { encodeOpt } from './opt.ts';
import { flag, headerOctets, nameOctets, rcode, rrClass, rrType } from './wire.ts';

/** What we can take from our own forwarder: any reply it may have. */
const payloadOctets = 65_535;
/** Records that an answer from elsewhere may add; more is no answer to a question for addresses. */
const maxRecords = 200;

/** Completes a draft that ends at an alias of a foreign name: with what the forwarder answers for that name. */
export async function followElsewhere(draft: Draft, type: number, forwarder: Forwarder, asker: Asker): Promise<Draft> {
  if (draft.elsewhere === undefined) return draft;
  const { elsewhere, ...alias } = draft;
  const reply = await forwarder.resolve(question(elsewhere, type), asker);
  if (reply === undefined || reply.length < headerOctets) return { ...alias, rcode: rcode.SERVFAIL };
  const { answers, authorities } = Packet.parse(Buffer.from(reply));
  return {
    ...alias,
    rcode: (reply[3] ?? 0) & 0x0f,
    answers: [...alias.answers, ...recordsOf(answers, addressTypes)],
    // RFC 2308 section 3: what says that there is nothing, and for how long.
    authority: recordsOf(authorities, soaType),
    cut: ((reply[2] ?? 0) & flag.TC) !== 0,
  };
}

const addressTypes: readonly number[] = [rrType.A, rrType.AAAA, rrType.CNAME];
const soaType: readonly number[] = [rrType.SOA];

function question(name: string, type: number): Buffer {
  const header = Buffer.alloc(headerOctets);
  header[2] = flag.RD;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 10);
  const typeAndClass = Buffer.of(type >> 8, type & 0xff, 0, rrClass.IN);
  return Buffer.concat([header, nameOctets(name), typeAndClass, encodeOpt({ payloadOctets })]);
}

/** One section, record by record; the forwarder has walked the reply strictly, and what is of other types is left out. */
function recordsOf(section: readonly Resource[], types: readonly number[]): Rr[] {
  const kept = section.slice(0, maxRecords).filter(({ type }) => types.includes(type));
  return kept.map(({ name, ttl, ...data }) => rr(name.toLowerCase(), ttl, data));
}
