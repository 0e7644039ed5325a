import type { Address, NameEntry, StaticRecord } from '../record.ts';
import { innateAddresses, type Knowledge } from './asked.ts';
import type { Client } from './client.ts';
import type { ExplainedRecord, Explanation } from './explanation.ts';
import { locate, type Place } from './place.ts';
import { type Considered, consider, type Selection, select } from './selection.ts';

/** Why a name is answered to one asker the way it is, from the same selection that answers are made of. */
export function explain<T>(known: Knowledge<T>, name: string, client: Client): Explanation {
  const { whole, place } = find(known, name);
  const entry = place && entryOf(place);
  const notReady = place?.subject.type === 'members';
  const selection = entry && select(entry, client, known.host, notReady);
  const innate = place ? innateAddresses(known, place) : [];
  const addresses = selection ? [...new Set(selection.offers.flatMap((offer) => offer.addresses))] : innate;
  const records = entry ? explained(entry, consider(entry, client, known.host, notReady)) : [];
  const outcome = outcomeOf(place, addresses, records);
  return {
    name: whole,
    asker: {
      address: client.address,
      ...(client.container === undefined ? {} : { container: client.container }),
      networks: [...client.group.networks],
    },
    outcome,
    summary: summaryOf(whole, outcome, addresses, selection, entry),
    addresses,
    ttlSeconds: ttlOf(known, selection),
    records,
  };
}

/** The name as it would be asked for; people leave the domain away. */
function find<T>(known: Knowledge<T>, name: string): { whole: string; place: Place<T> | undefined } {
  const { domains, zone } = known;
  const whole = name.toLowerCase().replace(/\.$/, '');
  const place = locate(whole, domains, zone);
  if (place !== undefined && place.zone !== '') return { whole, place };
  const longer = `${whole}.${domains[0]}`;
  const inside = locate(longer, domains, zone);
  if (place !== undefined || (inside && inside.subject.type !== 'unknown')) return { whole: longer, place: inside };
  return { whole, place };
}

function entryOf<T>({ subject }: Place<T>): NameEntry | undefined {
  switch (subject.type) {
    case 'name':
    case 'members':
    case 'replica':
      return subject.entry;
    case 'service':
      return subject.parent ?? subject.made;
    default:
      return undefined;
  }
}

function explained(entry: NameEntry, considered: readonly Considered[]): ExplainedRecord[] {
  const others = entry.statics.filter(({ data }) => data.type !== 'address');
  const lonely = entry.owners.length === 0 && entry.statics.length === others.length;
  return [...considered.map(fromConsidered), ...others.map((made) => fromOther(made, lonely))];
}

function fromConsidered({ owner, made, address, network, verdict, reason }: Considered): ExplainedRecord {
  const source = owner
    ? ({
        type: 'container',
        host: owner.host,
        hostName: owner.hostName,
        hostStatus: owner.hostStatus,
        id: owner.container.id,
        container: owner.container.name,
        startedAt: owner.container.startedAt,
      } as const)
    : ({ type: 'static', madeOn: made?.madeOn ?? '', madeAt: made?.madeAt ?? 0 } as const);
  const data = { type: 'address', address } as const;
  return { source, data, ...(network === undefined ? {} : { network }), verdict, reason };
}

function fromOther({ data, madeOn, madeAt }: StaticRecord, lonely: boolean): ExplainedRecord {
  const source = { type: 'static', madeOn, madeAt } as const;
  if (data.type === 'cname' && !lonely)
    return { source, data, verdict: 'overridden', reason: 'an alias counts only where the name has nothing else' };
  return { source, data, verdict: 'answered', reason: `made by an operator on ${madeOn}` };
}

function outcomeOf<T>(
  place: Place<T> | undefined,
  addresses: readonly Address[],
  records: readonly ExplainedRecord[],
): Explanation['outcome'] {
  if (place === undefined) return 'forwarded';
  if (place.subject.type === 'unknown') return 'unknown';
  if (['apex', 'nameserver', 'reverse'].includes(place.subject.type) || addresses.length > 0) return 'exists';
  return records.some(({ verdict, data }) => verdict === 'answered' && data.type !== 'address') ? 'exists' : 'empty';
}

function summaryOf(
  name: string,
  outcome: Explanation['outcome'],
  addresses: readonly Address[],
  selection: Selection | undefined,
  entry: NameEntry | undefined,
): string {
  switch (outcome) {
    case 'forwarded':
      return `${name} is not ours; the question goes to the upstream resolvers.`;
    case 'unknown':
      return `Nobody has ${name}; the answer is NXDOMAIN.`;
    case 'exists':
      return addresses.length === 0
        ? `${name} has records, but none is an address.`
        : `${name} has ${count(addresses.length, 'address', 'addresses')} for this asker${selection?.stale ? ', all of hosts that are not heard' : ''}.`;
    case 'empty':
      return entry === undefined
        ? `${name} has no records itself, only names below it.`
        : `${name} has ${count(entry.owners.length, 'owner', 'owners')}, but none that this asker can reach.`;
  }
}

function ttlOf<T>({ options }: Knowledge<T>, selection: Selection | undefined): number {
  return Math.min(
    ...(selection?.offers ?? []).map(({ ttlSeconds }) => ttlSeconds ?? options.ttlSeconds),
    ...(selection?.offers.length ? [] : [options.ttlSeconds]),
  );
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
