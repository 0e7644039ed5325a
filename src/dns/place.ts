import type { Domain, NameEntry, Owner } from '../record.ts';
import { reverseAddress } from './reverse.ts';
import { offersService, replicaLabels } from './service-records.ts';
import { knownOf, type Zone, type ZoneNode } from './zone.ts';

/** What a question's name stands for. */
export type Subject<T> =
  | { readonly type: 'apex' }
  /** The name of this server itself, which NS records at the apex give. */
  | { readonly type: 'nameserver' }
  /** `localhost`, which is the asker itself. */
  | { readonly type: 'loopback' }
  /** A name somebody has; `wildcard` where it stands for the one asked for. */
  | { readonly type: 'name'; readonly node: ZoneNode<T>; readonly entry: NameEntry; readonly wildcard: boolean }
  /** `_all.NAME`: every member, ready or not. */
  | { readonly type: 'members'; readonly node: ZoneNode<T>; readonly entry: NameEntry }
  /** `LABEL.NAME`: one member. */
  | { readonly type: 'replica'; readonly node: ZoneNode<T>; readonly entry: NameEntry }
  /** `_service._protocol.NAME`; `made` is what operators put at that very name. */
  | {
      readonly type: 'service';
      readonly service: string;
      readonly protocol: string;
      readonly parent: NameEntry | undefined;
      readonly made: NameEntry | undefined;
    }
  /** An address that is somebody's. */
  | { readonly type: 'reverse'; readonly address: string; readonly nodes: readonly ZoneNode<T>[] }
  /** Nothing is here, but something is below. */
  | { readonly type: 'empty' }
  | { readonly type: 'unknown' };

/** A name that we answer for, taken apart. */
export interface Place<T> {
  readonly subject: Subject<T>;
  /** Owner of the SOA record that goes with a negative answer. */
  readonly zone: string;
  /** The domain in which answers spell names. */
  readonly domain: Domain;
  /** The name below the domain. */
  readonly name: string;
}

/** Name servers are named as in other container domains, so that nobody's container is in the way. */
export const nameserverName = 'ns.dns';
const loopbackName = 'localhost';

/** Finds what a whole name stands for; undefined where it is not ours to answer. */
export function locate<T>(name: string, domains: readonly [Domain, ...Domain[]], zone: Zone<T>): Place<T> | undefined {
  const [primary] = domains;
  const domain = domainOf(name, domains);
  if (domain !== undefined) {
    const relative = name.slice(0, Math.max(0, name.length - domain.length - 1));
    return { subject: subjectOf(relative, zone), zone: domain, domain, name: relative };
  }
  // RFC 6761 section 6.3: nobody further up is asked for it. Of one label, it may be a container's.
  if (name.endsWith(`.${loopbackName}`) || (name === loopbackName && knownOf(zone.find(name)) === undefined))
    return { subject: { type: 'loopback' }, zone: loopbackName, domain: primary, name };
  // One label: looked up in the domain and never forwarded, whatever the search list of the asker left out.
  if (name !== '' && !name.includes('.')) {
    const subject = subjectOf(name, zone);
    // RFC 8020: no such name would mean that nothing below it exists either, and our names do.
    const above = subject.type === 'unknown' && domains.some((each) => each.endsWith(`.${name}`));
    return { subject: above ? { type: 'empty' } : subject, zone: '', domain: primary, name };
  }
  const address = reverseAddress(name);
  const nodes = address === undefined ? [] : zone.named(address).filter((node) => !node.name.startsWith('*.'));
  if (address === undefined || nodes.length === 0) return undefined;
  return { subject: { type: 'reverse', address, nodes }, zone: name, domain: primary, name };
}

/** The longest of our domains that the name is in. */
export function domainOf(name: string, domains: readonly Domain[]): Domain | undefined {
  let longest: Domain | undefined;
  for (const domain of domains) {
    const inside = name.endsWith(domain) && (name.length === domain.length || name.at(-domain.length - 1) === '.');
    if (inside && domain.length > (longest?.length ?? 0)) longest = domain;
  }
  return longest;
}

function subjectOf<T>(name: string, zone: Zone<T>): Subject<T> {
  if (name === '') return { type: 'apex' };
  const node = zone.find(name);
  const entry = knownOf(node);
  const service = serviceSubject(name, entry, zone);
  if (service) return service;
  if (entry) return { type: 'name', node: entry, entry, wildcard: false };
  const derived = derivedSubject(name, zone);
  if (derived) return derived;
  if (name === nameserverName) return { type: 'nameserver' };
  if (node || nameserverName.endsWith(`.${name}`)) return { type: 'empty' };
  const wildcard = knownOf(zone.wildcardFor(name));
  if (wildcard) return { type: 'name', node: wildcard, entry: wildcard, wildcard: true };
  return { type: 'unknown' };
}

function serviceSubject<T>(name: string, made: NameEntry | undefined, zone: Zone<T>): Subject<T> | undefined {
  const [service = '', protocol = ''] = name.split('.', 2);
  if (!service.startsWith('_') || !protocol.startsWith('_')) return undefined;
  const parent = knownOf(zone.find(name.slice(service.length + protocol.length + 2)));
  const offered = parent?.owners.some((owner) => offersService(owner, service, protocol));
  const onlyServices = made?.statics.every(({ data }) => data.type === 'srv') && made.owners.length === 0;
  return offered || onlyServices ? { type: 'service', service, protocol, parent, made } : undefined;
}

/** Names that exist because of another one: members, replicas, and the node above a service. */
function derivedSubject<T>(name: string, zone: Zone<T>): Subject<T> | undefined {
  const dot = name.indexOf('.');
  const label = name.slice(0, dot);
  const node = dot < 0 ? undefined : zone.find(name.slice(dot + 1));
  if (node === undefined || node.owners.length === 0) return undefined;
  if (label === '_all') return { type: 'members', node, entry: node };
  if (label.startsWith('_'))
    return node.owners.some((owner) => offersProtocol(owner, label)) ? { type: 'empty' } : undefined;
  const owners = node.owners.filter((owner) => replicaLabels(owner).includes(label));
  return owners.length > 0 ? { type: 'replica', node, entry: { name: node.name, owners, statics: [] } } : undefined;
}

function offersProtocol(owner: Owner, protocol: string): boolean {
  return offersService(owner, undefined, protocol);
}
