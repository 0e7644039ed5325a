import { isIPv6 } from 'node:net';
import {
  type ContainerAddress,
  type Domain,
  fullName,
  type HostStatus,
  type NameEntry,
  type Owner,
  type StaticData,
  type StaticRecord,
} from '../record.ts';

/** One record of a name as operators see it: a row of `weft ls`. */
export interface RecordView {
  readonly name: string;
  readonly fullName: string;
  /** `A`, `AAAA`, `CNAME`, `SRV` or `TXT`. */
  readonly type: string;
  /** As a zone file has it; empty for a container that has no address. */
  readonly data: string;
  readonly source: 'container' | 'static';
  /** The first that applies: `static`, its host's `quiet`, `stale`, `restarting` or `unwatched`, `draining`, `paused`, `unhealthy`, `starting`, `running`. */
  readonly state: string;
  readonly container?: { readonly id: string; readonly name: string; readonly image: string };
  readonly host: { readonly id?: string; readonly name: string; readonly status?: HostStatus };
  readonly network?: string;
  readonly ttlSeconds?: number;
  readonly weight?: number;
  /** When the container started or the record was made, in milliseconds since 1970; for people. */
  readonly since: number;
  /** Why this host never answers with it; missing where it may. */
  readonly shadowed?: string;
  /** Services that its container offers by label, such as `_mongodb._tcp:27017`. */
  readonly services?: readonly string[];
}

/** Tells why this host never answers with an address. */
export type Shadow = (owner: Owner, address: ContainerAddress) => string | undefined;

/** The rows of one name: its containers' addresses, then its static records. */
export function viewRecords(entry: NameEntry, domain: Domain, shadow: Shadow): RecordView[] {
  const names = { name: entry.name, fullName: fullName(entry.name, domain) };
  return [
    ...entry.owners.flatMap((owner) => containerRows(owner, shadow).map((row) => ({ ...names, ...row }))),
    ...entry.statics.map((record) => ({ ...names, ...staticRow(record) })),
  ];
}

/** Puts names in the order of lists. */
export function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : Number(one.name > other.name);
}

/** The domain that full names are shown in. */
export function primaryDomain(domains: readonly Domain[]): Domain {
  const [primary] = domains;
  if (primary === undefined) throw new Error('an agent has at least one domain');
  return primary;
}

/** The record type and the data of a static record, as a zone file has them. */
export function zoneWords(data: StaticData): { type: string; data: string } {
  switch (data.type) {
    case 'address':
      return { type: addressType(data.address), data: data.address };
    case 'cname':
      return { type: 'CNAME', data: `${data.target}.` };
    case 'srv':
      return { type: 'SRV', data: `${data.priority} ${data.weight} ${data.port} ${data.target}.` };
    case 'txt':
      return { type: 'TXT', data: JSON.stringify(data.text) };
  }
}

type Row = Omit<RecordView, 'name' | 'fullName'>;

function containerRows(owner: Owner, shadow: Shadow): Row[] {
  const { container } = owner;
  const common = {
    source: 'container' as const,
    state: stateOf(owner),
    container: { id: container.id, name: container.name, image: container.image },
    host: { id: owner.host, name: owner.hostName, status: owner.hostStatus },
    ...(container.ttlSeconds !== undefined && { ttlSeconds: container.ttlSeconds }),
    ...(container.weight !== undefined && { weight: container.weight }),
    since: container.startedAt,
    ...(container.services && {
      services: container.services.map(({ service, protocol, port }) => `${service}.${protocol}:${port}`),
    }),
  };
  if (container.addresses.length === 0) return [{ ...common, type: 'A', data: '' }];
  return container.addresses.map((address) => {
    const reason = shadow(owner, address);
    const where = { type: addressType(address.address), data: address.address, network: address.networkName };
    return { ...common, ...where, ...(reason !== undefined && { shadowed: reason }) };
  });
}

function staticRow(record: StaticRecord): Row {
  return {
    ...zoneWords(record.data),
    source: 'static',
    state: 'static',
    host: { name: record.madeOn },
    ...(record.ttlSeconds !== undefined && { ttlSeconds: record.ttlSeconds }),
    since: record.madeAt,
  };
}

/** The state of a container's record. */
export function stateOf({ hostStatus, unwatched, container }: Owner): string {
  if (hostStatus !== 'self' && hostStatus !== 'alive') return hostStatus;
  if (unwatched) return 'unwatched';
  if (container.state !== 'running') return container.state;
  return container.health === 'unhealthy' || container.health === 'starting' ? container.health : 'running';
}

function addressType(address: string): string {
  return isIPv6(address) ? 'AAAA' : 'A';
}
