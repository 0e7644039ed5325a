import type { Draft, Rr } from './draft.ts';
import { appendCookie } from './opt.ts';
import { flag, headerOctets, nameOctets, questionPointer } from './wire.ts';
import { parentOf } from './zone.ts';

/** A reply without OPT. */
export interface Assembled {
  readonly octets: Buffer;
  /** Records in the answer section. */
  readonly answers: number;
  /** Where the last of the records that take turns ends. */
  readonly rotationEnd: number;
}

/** Pointers have 14 bits (RFC 1035 section 4.1.4). */
const maxPointer = 0x3fff;

/** Where replies are laid out, as large as the largest so far. */
let scratch = Buffer.alloc(4096);

/**
 * Lays out a reply, which is good until the next one. `question` is the question section as it was sent; `name` is its
 * name in lower case. The id and the bits that are copied from a question are left zero.
 */
export function assemble(question: Uint8Array, name: string, draft: Draft): Assembled {
  const { answers, rotation, authority = [], additional = [] } = draft;
  const turning = rotation?.records ?? [];
  const shown = rotation?.shown ?? 0;
  const owners = new OwnerNames(question, name);
  let at = 0;
  const put = (octets: Uint8Array): void => {
    const end = at + octets.length;
    if (end > scratch.length) scratch = Buffer.concat([scratch], end * 2);
    scratch.set(octets, at);
    at = end;
  };
  const lay = (records: readonly Rr[], count = records.length): number => {
    for (const record of count < records.length ? records.slice(0, count) : records) {
      put(owners.octets(record.owner, at));
      put(record.octets);
    }
    return at;
  };
  put(noHeader);
  put(question);
  lay(answers);
  const rotationEnd = lay(turning, shown);
  lay(authority);
  lay(additional);
  const octets = scratch.subarray(0, at);
  writeHeader(octets, draft.rcode, [answers.length + shown, authority.length, additional.length]);
  if (draft.cut) octets[2] = (octets[2] ?? 0) | flag.TC;
  return { octets, answers: answers.length + shown, rotationEnd };
}

const noHeader = Buffer.alloc(headerOctets);

/**
 * A reply cut to a limit, with its OPT record and a cookie. RFC 2181 section 9: as many records as fit, TC where one of
 * the asked set is missing; extras may stay out.
 */
export function cut(reply: Buffer, plainOctets: number, limit: number, cookie: Uint8Array | undefined): Buffer {
  const own = reply.subarray(plainOctets);
  const opt = cookie === undefined ? own : appendCookie(own, cookie);
  const hasOpt = opt.length > 0 ? 1 : 0;
  const { ends, questionEnd } = recordEnds(reply, hasOpt);
  const [answers, authority] = [reply.readUInt16BE(6), reply.readUInt16BE(8)];
  const kept = ends.findLastIndex((end) => end <= limit - opt.length) + 1;
  const packet = Buffer.concat([reply.subarray(0, ends[kept - 1] ?? questionEnd), opt]);
  if (kept < answers + authority) packet[2] = (packet[2] ?? 0) | flag.TC;
  packet.writeUInt16BE(Math.min(kept, answers), 6);
  packet.writeUInt16BE(Math.min(Math.max(kept - answers, 0), authority), 8);
  packet.writeUInt16BE(Math.max(kept - answers - authority, 0) + hasOpt, 10);
  return packet;
}

/** Where each record of a reply of ours ends, but for so many at its end; where its question ends. */
function recordEnds(packet: Buffer, leftOut: number): { readonly ends: number[]; readonly questionEnd: number } {
  const questionEnd = nameEnd(packet, headerOctets) + 4;
  const records = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10) - leftOut;
  const ends: number[] = [];
  for (let at = questionEnd; ends.length < records; ) {
    const head = nameEnd(packet, at);
    at = head + 10 + packet.readUInt16BE(head + 8);
    ends.push(at);
  }
  return { ends, questionEnd };
}

function nameEnd(packet: Buffer, offset: number): number {
  let at = offset;
  for (let length = packet[at] ?? 0; length !== 0; length = packet[at] ?? 0) {
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
  }
  return at + 1;
}

/** Fills in all of a header but the id and the copied bits; RFC 1035 section 4.1.1. */
export function writeHeader(
  packet: Buffer,
  code: number,
  [answers, authority, additional]: [number, number, number],
  authoritative = true,
): void {
  packet[2] = flag.QR | (authoritative ? flag.AA : 0);
  packet[3] = flag.RA | (code & 0x0f);
  packet.writeUInt16BE(packet.length > headerOctets ? 1 : 0, 4);
  packet.writeUInt16BE(answers, 6);
  packet.writeUInt16BE(authority, 8);
  packet.writeUInt16BE(additional, 10);
}

/** Owner names, compressed: a pointer to the question's name, or a part of it, or an owner before. */
class OwnerNames {
  private readonly question: Uint8Array;
  private readonly name: string;
  private placed: Map<string, number> | undefined;

  constructor(question: Uint8Array, name: string) {
    this.question = question;
    this.name = name;
  }

  octets(owner: string, at: number): Uint8Array {
    if (owner === this.name) return ownName;
    let labels = '';
    for (let suffix = owner; suffix !== ''; suffix = parentOf(suffix)) {
      const known = this.placed?.get(suffix) ?? this.inQuestion(suffix);
      if (known !== undefined) {
        if (labels !== '') this.remember(owner, at);
        const before = labels === '' ? Buffer.alloc(0) : nameOctets(labels).subarray(0, -1);
        return Buffer.concat([before, pointer(0xc000 | known)]);
      }
      labels = labels === '' ? labelOf(suffix) : `${labels}.${labelOf(suffix)}`;
    }
    if (owner !== '') this.remember(owner, at);
    return nameOctets(owner);
  }

  private remember(owner: string, at: number): void {
    if (at > maxPointer) return;
    this.placed ??= new Map();
    this.placed.set(owner, at);
  }

  /** The offset in the packet of the part of the question's name that equals `suffix`. */
  private inQuestion(suffix: string): number | undefined {
    if (suffix !== this.name && !this.name.endsWith(`.${suffix}`)) return undefined;
    const skipped = suffix === this.name ? 0 : this.name.slice(0, -suffix.length - 1).split('.').length;
    let offset = 0;
    for (let label = 0; label < skipped; label++) offset += 1 + (this.question[offset] ?? 0);
    return headerOctets + offset;
  }
}

function pointer(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

const ownName = pointer(questionPointer);

function labelOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : name.slice(0, dot);
}
