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
  const code = (reply[3] ?? 0) & 0x0f;
  return { ...alias, rcode: code, answers: [...alias.answers, ...recordsOf(reply)] };
}

function question(name: string, type: number): Buffer {
  const header = Buffer.alloc(headerOctets);
  header[2] = flag.RD;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 10);
  const typeAndClass = Buffer.of(type >> 8, type & 0xff, 0, rrClass.IN);
  return Buffer.concat([header, nameOctets(name), typeAndClass, encodeOpt({ payloadOctets })]);
}

/** The answer section, record by record; the forwarder has walked the reply strictly, and what cannot be read is left out. */
function recordsOf(reply: Uint8Array): Rr[] {
  const { answers } = Packet.parse(Buffer.from(reply));
  return answers.slice(0, maxRecords).flatMap((record) => encode(record));
}

function encode({ name, ttl, ...data }: Resource): Rr[] {
  const plain = [rrType.A, rrType.AAAA, rrType.CNAME].some((type) => type === data.type);
  return plain ? [rr(name.toLowerCase(), ttl, data)] : [];
}
