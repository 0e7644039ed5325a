import { isIPv6 } from 'node:net';
import type { Address, NameEntry, StaticRecord } from '../record.ts';
import {
  type Asked,
  innateAddresses,
  isNear,
  type Knowledge,
  negative,
  positive,
  sameTtl,
  soa,
  targetName,
} from './asked.ts';
import { addressRr, type Draft, type ExtendedError, type RecordData, type Rotation, type Rr, rr } from './draft.ts';
import { locate, nameserverName } from './place.ts';
import { pointers } from './pointers.ts';
import { rotationOf, type Share } from './rotation.ts';
import { type Selection, select } from './selection.ts';
import { madeServices, replicaServices, serviceAnswer } from './srv.ts';
import { extendedError, rcode, rrType } from './wire.ts';
import type { ZoneNode } from './zone.ts';

/** Longer chains of aliases are a loop or a mistake. */
const maxAliases = 8;
/** Longest string in a TXT record (RFC 1035 section 3.3). */
const textOctets = 255;

/** Decides what a question about our names is answered with. */
export function compose<T>(known: Knowledge<T>, asked: Asked<T>, aliases: readonly string[] = []): Draft {
  const { subject } = asked.place;
  if (asked.type === rrType.AXFR || asked.type === rrType.IXFR) return { rcode: rcode.REFUSED, answers: [] };
  if (subject.type === 'unknown') return negative(known, asked, rcode.NXDOMAIN);
  const isAliased = subject.type === 'name' && aliasOf(subject.entry) !== undefined;
  // RFC 8482 section 4.2: one small record instead of everything, but nothing beside an alias.
  if (asked.type === rrType.ANY && subject.type !== 'empty' && !isAliased)
    return positive([rr(asked.name, known.options.ttlSeconds, { type: rrType.HINFO, data: minimalAny })]);
  switch (subject.type) {
    case 'apex':
      return apex(known, asked);
    case 'nameserver':
    case 'loopback':
      return innate(known, asked);
    case 'name':
      return named(known, asked, subject.entry, aliases);
    case 'replica':
      return addresses(known, asked, subject.entry, select(subject.entry, asked.client, known.host));
    case 'members':
      return addresses(known, asked, subject.entry, select(subject.entry, asked.client, known.host, true));
    case 'service':
      return services(known, asked, subject);
    case 'reverse':
      return pointers(known, asked, subject);
    case 'empty':
      return negative(known, asked, rcode.NOERROR);
  }
}

/** The node whose entry alone decides the answer; undefined where other names have a part in it. */
export function dependsOnItselfOnly<T>({ place: { subject }, type }: Asked<T>): ZoneNode<T> | undefined {
  if (subject.type !== 'name' || subject.wildcard || type === rrType.SRV) return undefined;
  return aliasOf(subject.entry) === undefined ? subject.node : undefined;
}

function apex<T>(known: Knowledge<T>, asked: Asked<T>): Draft {
  const { options, domains } = known;
  const { domain } = asked.place;
  const nameserver = `${nameserverName}.${domain}`;
  if (asked.type === rrType.SOA) return positive([soa(known, asked.place, options.ttlSeconds)]);
  if (asked.type !== rrType.NS) return negative(known, asked, rcode.NOERROR);
  const place = locate(nameserver, domains, known.zone) ?? asked.place;
  return positive(
    [rr(asked.name, options.ttlSeconds, { type: rrType.NS, ns: nameserver })],
    glue(known, { ...asked, name: nameserver, place }),
  );
}

function innate<T>(known: Knowledge<T>, asked: Asked<T>): Draft {
  const records = innateAddresses(known, asked.place).flatMap((address) =>
    addressRecord(asked.name, known.options.ttlSeconds, address, asked.type),
  );
  return records.length > 0 ? positive(records) : negative(known, asked, rcode.NOERROR);
}

function named<T>(known: Knowledge<T>, asked: Asked<T>, entry: NameEntry, aliases: readonly string[]): Draft {
  const alias = aliasOf(entry);
  if (alias !== undefined) return aliased(known, asked, alias, aliases);
  if (asked.type === rrType.TXT) return texts(known, asked, entry);
  if (asked.type === rrType.SRV) return serviceAnswer(known, asked, madeServices(entry), glueOf(known, asked));
  return addresses(known, asked, entry, select(entry, asked.client, known.host));
}

/** RFC 1034 section 3.6.2: nothing stands beside an alias, so one that has other company does not count. */
function aliasOf({
  owners,
  statics,
}: NameEntry): (StaticRecord & { data: { type: 'cname'; target: string } }) | undefined {
  if (owners.length > 0) return undefined;
  if (statics.some(({ data }) => data.type !== 'cname')) return undefined;
  const aliases = statics
    .filter((made) => isAlias(made))
    .sort((one, other) => (one.data.target < other.data.target ? -1 : 1));
  return aliases[0];
}

function isAlias(made: StaticRecord): made is StaticRecord & { data: { type: 'cname'; target: string } } {
  return made.data.type === 'cname';
}

/** The alias first, then what its target has; RFC 6604 section 3: the last name decides the response code. */
function aliased<T>(
  known: Knowledge<T>,
  asked: Asked<T>,
  made: StaticRecord & { data: { target: string } },
  before: readonly string[],
): Draft {
  const target = targetName(made.data.target, asked.place.domain, known.domains);
  const alias = rr(asked.name, made.ttlSeconds ?? known.options.ttlSeconds, { type: rrType.CNAME, domain: target });
  const aliases = [...before, asked.name];
  const isEnd = asked.type === rrType.CNAME || asked.type === rrType.ANY;
  if (isEnd || aliases.length > maxAliases || aliases.includes(target)) return positive([alias]);
  const place = locate(target, known.domains, known.zone);
  if (place === undefined) return { ...positive([alias]), elsewhere: target };
  const rest = compose(known, { ...asked, name: target, place }, aliases);
  return { ...rest, answers: [alias, ...rest.answers] };
}

function services<T>(
  known: Knowledge<T>,
  asked: Asked<T>,
  {
    service,
    protocol,
    parent,
    made,
  }: { service: string; protocol: string; parent: NameEntry | undefined; made: NameEntry | undefined },
): Draft {
  if (asked.type === rrType.TXT && made) return texts(known, asked, made);
  // What operators put there counts whether or not a container offers the service.
  if (asked.type !== rrType.SRV)
    return made
      ? addresses(known, asked, made, select(made, asked.client, known.host))
      : negative(known, asked, rcode.NOERROR);
  const replicas = parent ? replicaServices(known, asked, parent, service, protocol) : [];
  return serviceAnswer(known, asked, [...(made ? madeServices(made) : []), ...replicas], glueOf(known, asked));
}

function texts<T>(known: Knowledge<T>, asked: Asked<T>, { statics }: NameEntry): Draft {
  const found = statics.flatMap(({ data, ttlSeconds }) =>
    data.type === 'txt' ? [{ text: data.text, ttlSeconds }] : [],
  );
  if (found.length === 0) return negative(known, asked, rcode.NOERROR);
  const ttl = sameTtl(known, found);
  const unique = [...new Set(found.map(({ text }) => text))];
  return positive(unique.map((text) => rr(asked.name, ttl, { type: rrType.TXT, data: strings(text) })));
}

/** Cut between characters, so that every string is text again. */
function strings(text: string): string[] {
  const parts = [''];
  for (const character of text) {
    const last = (parts.at(-1) ?? '') + character;
    if (Buffer.byteLength(last) > textOctets) parts.push(character);
    else parts[parts.length - 1] = last;
  }
  return parts;
}

/** A and AAAA of a name; for any other type it has nothing. */
function addresses<T>(known: Knowledge<T>, asked: Asked<T>, entry: NameEntry, selection: Selection): Draft {
  const rotation = rotationFor(known, asked, entry, selection);
  const { hidden } = selection;
  if (rotation === undefined) return { ...negative(known, asked, rcode.NOERROR, emptiness(selection)), hidden };
  return { rcode: rcode.NOERROR, answers: [], rotation, error: staleness(selection), hidden };
}

function rotationFor<T>(
  known: Knowledge<T>,
  { name, type }: Asked<T>,
  entry: NameEntry,
  { offers }: Selection,
): Rotation | undefined {
  if (type !== rrType.A && type !== rrType.AAAA) return undefined;
  const ttl = sameTtl(known, offers);
  const records = new Map<Address, Rr>();
  const shares: Share[] = [];
  for (const offer of offers) {
    const own: Rr[] = [];
    for (const address of offer.addresses) {
      if ((isIPv6(address) ? rrType.AAAA : rrType.A) !== type) continue;
      // Whoever offers the same address offers the same record.
      const record = records.get(address) ?? addressRr(name, ttl, address);
      records.set(address, record);
      own.push(record);
    }
    if (own.length > 0) shares.push({ records: own, weight: offer.weight, near: isNear(known, offer, offers) });
  }
  return rotationOf(shares, shownOf(known, entry));
}

/** Whether answers hold all addresses: as a container's label says, else as the server was told. */
function shownOf<T>({ options }: Knowledge<T>, { owners }: NameEntry): 'all' | 'one' {
  const wishes = owners.map(({ container }) => container.answers);
  if (wishes.includes('one')) return 'one';
  return wishes.includes('all') ? 'all' : options.answers;
}

function addressRecord(name: string, ttlSeconds: number, address: Address, type: number): Rr[] {
  const family = isIPv6(address) ? rrType.AAAA : rrType.A;
  return family === type ? [addressRr(name, ttlSeconds, address)] : [];
}

function staleness({ stale }: Selection): ExtendedError | undefined {
  return stale ? { code: extendedError.STALE_ANSWER, text: 'no host of these is heard' } : undefined;
}

function emptiness({ offers, shadowed }: Selection): ExtendedError | undefined {
  if (offers.length > 0 || !shadowed) return undefined;
  return { code: extendedError.OTHER, text: 'shadowed: the addresses belong to another network here' };
}

/** The addresses of a service's target, where it is a name of ours. */
function glueOf<T>(known: Knowledge<T>, asked: Asked<T>): (target: string) => Rr[] {
  return (target) => {
    const place = locate(target, known.domains, known.zone);
    return place ? glue(known, { ...asked, name: target, place }) : [];
  };
}

/** The addresses of a name of ours, for the additional section; only from our own data. */
function glue<T>(known: Knowledge<T>, asked: Asked<T>): Rr[] {
  return [rrType.A, rrType.AAAA].flatMap((type) => {
    const { answers, rotation } = compose(known, { ...asked, type });
    return [...answers.filter(({ owner }) => owner === asked.name), ...(rotation?.records ?? [])];
  });
}

/** RFC 8482 section 4.2: HINFO with the CPU field naming that document and an empty OS field. */
const minimalAny: NonNullable<RecordData['data']> = Buffer.concat([Buffer.of(7), Buffer.from('RFC8482'), Buffer.of(0)]);
