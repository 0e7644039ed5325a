import { isIPv4 } from 'node:net';
import { Packet, type Resource } from 'dns2';
import type { Address } from '../record.ts';
import { addressOctets, writeIpv4 } from './address-octets.ts';
import { recordHeadOctets } from './layout.ts';
import { rrClass, rrType } from './wire.ts';

/** A resource record: its owner, a whole name in lower case, and its octets from the type on. */
export interface Rr {
  readonly owner: string;
  readonly octets: Uint8Array;
}

/** Address records of one owner name that take turns. */
export interface Rotation {
  /** One record each; those of nearer owners come first. */
  readonly records: readonly Rr[];
  /** How many of them are the near ones, who come before all others. */
  readonly near: number;
  /** Which record is first, turn by turn: how often one occurs is its share. Undefined: the near ones in their order. */
  readonly firsts: Uint16Array | undefined;
  /** How many of the records one reply shows. */
  readonly shown: number;
}

/** RFC 8914: why an answer is what it is. */
export interface ExtendedError {
  readonly code: number;
  readonly text: string;
}

/** What a question is answered with, before it has the form of a packet. */
export interface Draft {
  readonly rcode: number;
  readonly answers: readonly Rr[];
  /** Behind `answers` in the same section. */
  readonly rotation?: Rotation | undefined;
  readonly authority?: readonly Rr[];
  readonly additional?: readonly Rr[];
  readonly error?: ExtendedError | undefined;
  /** Local containers that get an answer of their own, because they are left out of this one. */
  readonly hidden?: ReadonlySet<string>;
  /** A name outside our domains that the answers end at: what it has belongs behind them. */
  readonly elsewhere?: string;
  /** Something is missing here already: whoever wants all of it has to come by TCP. */
  readonly cut?: boolean;
}

/** What a record holds, in the words of the packet library. */
export type RecordData = Partial<Omit<Resource, 'name' | 'class' | 'ttl'>> & { readonly type: number };

/** Encodes one record; the library writes the owner's root label, which is left out here. */
export function rr(owner: string, ttlSeconds: number, data: RecordData): Rr {
  const resource = new Packet.Resource({ ...data, name: '', class: rrClass.IN, ttl: ttlSeconds });
  return { owner, octets: Packet.Resource.encode(resource).subarray(1) };
}

/**
 * The A or AAAA record of an address, as `rr` encodes it. Most records are such, and the library, which writes bit by
 * bit, was most of what a changed name cost.
 */
export function addressRr(owner: string, ttlSeconds: number, address: Address): Rr {
  const isA = isIPv4(address);
  const length = isA ? ipv4Octets : ipv6Octets;
  // From the pool: memory of its own would cost more than the record.
  const octets = Buffer.allocUnsafe(recordHeadOctets + length);
  octets.writeUInt16BE(isA ? rrType.A : rrType.AAAA, 0);
  octets.writeUInt16BE(rrClass.IN, 2);
  octets.writeUInt32BE(Math.min(ttlSeconds, maxTtlSeconds), 4);
  octets.writeUInt16BE(length, 8);
  if (isA) writeIpv4(address, octets, recordHeadOctets);
  else octets.set(addressOctets(address), recordHeadOctets);
  return { owner, octets };
}

const ipv4Octets = 4;
const ipv6Octets = 16;
/** RFC 2181 section 8 */
const maxTtlSeconds = 0x7fff_ffff;
