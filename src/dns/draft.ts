import { Packet, type Resource } from 'dns2';
import { rrClass } from './wire.ts';

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
}

/** What a record holds, in the words of the packet library. */
export type RecordData = Partial<Omit<Resource, 'name' | 'class' | 'ttl'>> & { readonly type: number };

/** Encodes one record; the library writes the owner's root label, which is left out here. */
export function rr(owner: string, ttlSeconds: number, data: RecordData): Rr {
  const resource = new Packet.Resource({ ...data, name: '', class: rrClass.IN, ttl: ttlSeconds });
  return { owner, octets: Packet.Resource.encode(resource).subarray(1) };
}
