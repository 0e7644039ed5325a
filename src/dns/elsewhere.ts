import type { Draft, Rr } from './draft.ts';
import { readMessage, type WireRecord } from './forward/message.ts';
import { writtenOut } from './forward/written-out.ts';
import type { Asker, Forwarder } from './forwarder.ts';
import { encodeOpt } from './opt.ts';
import { flag, headerOctets, nameOctets, rcode, rrClass, rrType } from './wire.ts';

/** What we can take from our own forwarder: any reply it may have. */
const payloadOctets = 65_535;
/** Records that an answer from elsewhere may add; more is no answer anybody waits for. */
const maxRecords = 200;
const answerSection = 0;
const authoritySection = 1;

/** Completes a draft that ends at an alias of a foreign name: with what the forwarder answers for that name. */
export async function followElsewhere(draft: Draft, type: number, forwarder: Forwarder, asker: Asker): Promise<Draft> {
  if (draft.elsewhere === undefined) return draft;
  const { elsewhere, ...alias } = draft;
  const reply = await forwarder.resolve(question(elsewhere, type), asker);
  const message = reply && readMessage(reply);
  if (!message?.ok) return { ...alias, rcode: rcode.SERVFAIL };
  const { bytes, records } = message.value;
  const kept = (wanted: (record: WireRecord) => boolean): Rr[] => {
    const some = records.filter(wanted).slice(0, maxRecords);
    return some.flatMap((record) => writtenOut(message.value, record) ?? []);
  };
  return {
    ...alias,
    rcode: (bytes[3] ?? 0) & 0x0f,
    answers: [...alias.answers, ...kept(({ section }) => section === answerSection)],
    // RFC 2308 section 3: what says that there is nothing, and for how long.
    authority: kept(({ section, type }) => section === authoritySection && type === rrType.SOA),
    cut: ((bytes[2] ?? 0) & flag.TC) !== 0,
  };
}

function question(name: string, type: number): Buffer {
  const header = Buffer.alloc(headerOctets);
  header[2] = flag.RD;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 10);
  const typeAndClass = Buffer.of(type >> 8, type & 0xff, 0, rrClass.IN);
  return Buffer.concat([header, nameOctets(name), typeAndClass, encodeOpt({ payloadOctets })]);
}
