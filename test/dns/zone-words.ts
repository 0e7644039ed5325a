import { dnsDefaults, forwardDefaults } from '../../src/config.ts';
import type { DnsOptions } from '../../src/dns/options.ts';
import {
  type Address,
  type Cidr,
  type ContainerAddress,
  type Domain,
  type HostId,
  type HostStatus,
  localNetworkKey,
  type Name,
  type NamedContainer,
  type NameEntry,
  type Network,
  type NetworkKey,
  type Owner,
  type StaticData,
  type StaticRecord,
} from '../../src/record.ts';

// The words in which the tests of the name server speak of hosts, containers and records.

export const hostA = `12D3KooW${'A'.repeat(44)}` as HostId;
export const hostB = `12D3KooW${'B'.repeat(44)}` as HostId;
export const hostC = `12D3KooW${'C'.repeat(44)}` as HostId;

/** Each host's bridge, with subnets that differ. */
export const bridgeA = network(hostA, 'bridge', '10.1.0.0/16');
export const bridgeB = network(hostB, 'bridge', '10.2.0.0/16');
export const bridgeC = network(hostC, 'bridge', '10.3.0.0/16');

export function network(host: HostId, name: string, ...subnets: string[]): Network {
  const gateways = subnets.map((subnet) => subnet.replace(/0\/.*$/, '1') as Address);
  return { key: localNetworkKey(host, name), name, driver: 'bridge', subnets: subnets as Cidr[], gateways };
}

export function on(network: { key: NetworkKey; name: string }, address: string): ContainerAddress {
  return { address: address as Address, network: network.key, networkName: network.name };
}

let lastId = 0;

/** A healthy, running container; its id is its own. */
export function container(
  name: string,
  addresses: readonly ContainerAddress[],
  more: Partial<NamedContainer> = {},
): NamedContainer {
  const id = `${(++lastId).toString(16).padStart(12, '0')}${'f'.repeat(52)}`;
  return { id, name, image: 'example', addresses, state: 'running', health: 'none', startedAt: 0, ...more };
}

export function owner(
  host: HostId,
  record: NamedContainer,
  more: { hostStatus?: HostStatus; hostAddress?: Address; hostName?: string; unwatched?: true } = {},
): Owner {
  const hostName = { [hostA]: 'host-a', [hostB]: 'host-b', [hostC]: 'host-c' }[host] ?? 'host';
  return { host, hostName, hostStatus: host === hostA ? 'self' : 'alive', container: record, ...more };
}

export function made(name: string, data: StaticData, ttlSeconds?: number): StaticRecord {
  const record = { name: name as Name, data, madeOn: 'host-a', madeAt: 0 };
  return ttlSeconds === undefined ? record : { ...record, ttlSeconds };
}

export function address(text: string): StaticData {
  return { type: 'address', address: text as Address };
}

/** What is known of a name. */
export function entry(name: string, owners: readonly Owner[] = [], statics: readonly StaticRecord[] = []): NameEntry {
  return { name: name as Name, owners, statics };
}

/** The entry with owners as anybody else would tell of them, whatever an answering thread keeps. */
export function spelledOut({ name, owners, statics }: NameEntry): NameEntry {
  return { name, owners: owners.map(plainOwner), statics };
}

function plainOwner({ host, hostName, hostStatus, hostAddress, unwatched, container }: Owner): Owner {
  const { id, name, image, addresses, asksFrom, state, health, startedAt } = container;
  const { skipped, ports, services, ttlSeconds, weight, answers, prefer } = container;
  const always = { id, name, image, addresses, state, health, startedAt };
  const sometimes = { asksFrom, skipped, ports, services, ttlSeconds, weight, answers, prefer };
  const plain = { ...always, ...withoutUndefined(sometimes) };
  return { host, hostName, hostStatus, container: plain, ...withoutUndefined({ hostAddress, unwatched }) };
}

function withoutUndefined<T extends object>(fields: T): T {
  for (const key in fields) if (fields[key] === undefined) delete fields[key];
  return fields;
}

/** A name with static addresses only. */
export function fixed(name: string, ...addresses: string[]): NameEntry {
  return entry(
    name,
    [],
    addresses.map((each) => made(name, address(each))),
  );
}

export function dnsOptions(more: Partial<DnsOptions> = {}): DnsOptions {
  return {
    domains: ['weave.local' as Domain],
    listen: [{ address: '127.0.0.1' as Address, port: 0 }],
    ttlSeconds: 1,
    negativeTtlSeconds: dnsDefaults.negativeTtlSeconds,
    answers: 'all',
    hostId: hostA,
    queryLogEvery: 0,
    allow: [],
    cookieSecret: 'e5e973e5a6b2a43f48e7dc849e37bfcf',
    limits: { ...dnsDefaults.limits, drainMs: 0 },
    forward: {
      upstreams: [],
      perDomain: [],
      allowed: [],
      listen: [],
      ...forwardDefaults,
    },
    ...more,
  };
}
