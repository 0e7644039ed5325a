import type { Address, Domain } from '../record.ts';
import type { Client } from './client.ts';
import { type Draft, type ExtendedError, type Rr, rr } from './draft.ts';
import type { Host } from './host.ts';
import type { DnsOptions } from './options.ts';
import { domainOf, nameserverName, type Place } from './place.ts';
import type { Offer } from './selection.ts';
import { rcode, rrType } from './wire.ts';
import type { Zone } from './zone.ts';

/** SOA timers in seconds, for secondaries that do not exist. */
const soaTimers = { refresh: 7200, retry: 1800, expiration: 86_400 } as const;

/** What compiling needs to know besides the question. */
export interface Knowledge<T> {
  readonly options: DnsOptions;
  readonly domains: readonly [Domain, ...Domain[]];
  readonly zone: Zone<T>;
  readonly host: Host;
  /** The serial of the SOA: which run of this server it is, since nobody transfers the zone. */
  readonly serial: number;
}

/** One question: what its name stands for, which records are asked for, and who asks. `name` is whole, in lower case. */
export interface Asked<T> {
  readonly name: string;
  readonly place: Place<T>;
  /** A type of `wire.ts`, or 0 for any that nothing here has. */
  readonly type: number;
  readonly client: Client;
}

/** NXDOMAIN or NODATA, with the SOA that says how long it may be remembered (RFC 2308 section 3). */
export function negative<T>(known: Knowledge<T>, { place }: Asked<T>, code: number, error?: ExtendedError): Draft {
  return { rcode: code, answers: [], authority: [soa(known, place, known.options.negativeTtlSeconds)], error };
}

/** NOERROR with records. */
export function positive(answers: readonly Rr[], additional: readonly Rr[] = []): Draft {
  return { rcode: rcode.NOERROR, answers, additional };
}

/** The SOA record of a zone, as a negative answer carries it (RFC 2308 section 3). */
export function soa<T>({ options, serial }: Knowledge<T>, { zone, domain }: Place<T>, ttlSeconds: number): Rr {
  return rr(zone, ttlSeconds, {
    type: rrType.SOA,
    primary: `${nameserverName}.${domain}`,
    admin: `hostmaster.${domain}`,
    serial,
    ...soaTimers,
    minimum: options.negativeTtlSeconds,
  });
}

const loopback = ['127.0.0.1' as Address, '::1' as Address];

/** Addresses of a name whatever anybody has; a server that listens on all addresses does not know which one is meant. */
export function innateAddresses<T>({ options }: Knowledge<T>, { subject }: Place<T>): readonly Address[] {
  switch (subject.type) {
    case 'loopback':
      return loopback;
    case 'nameserver':
      return options.listen
        .map(({ address }) => address)
        .filter((address) => address !== '0.0.0.0' && address !== '::');
    default:
      return [];
  }
}

/** RFC 2181 section 5.2: one time to live for the whole set. */
export function sameTtl<T>(
  { options }: Knowledge<T>,
  records: readonly { readonly ttlSeconds: number | undefined }[],
): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const { ttlSeconds = options.ttlSeconds } of records) lowest = Math.min(lowest, ttlSeconds);
  return lowest;
}

/** A target without a domain of ours is below it if it is one label, and stands for itself if it is more. */
export function targetName(text: string, domain: Domain, domains: readonly Domain[]): string {
  const target = text.toLowerCase().replace(/\.$/, '');
  return target.includes('.') || domainOf(target, domains) ? target : `${target}.${domain}`;
}

/** Whether a container on this host comes first, since somebody of the name prefers local ones. */
export function isNear<T>({ host }: Knowledge<T>, { owner }: Offer, offers: readonly Offer[]): boolean {
  return owner?.host === host.id && offers.some((each) => each.owner?.container.prefer === 'local');
}
