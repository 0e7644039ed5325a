import { poolOf } from '../pool.ts';
import {
  type ContainerAddress,
  type ContainerPort,
  type ContainerRecord,
  type HostId,
  type HostRecord,
  localNetworkKey,
  type Network,
  type NetworkKey,
  type StaticData,
  type StaticRecord,
  sharedNetworkKey,
} from '../record.ts';
import { type Result, refused } from '../result.ts';
import {
  address,
  asFields,
  BadField,
  cidr,
  type Fields,
  integer,
  list,
  name,
  number,
  oneOf,
  optional,
  readInto,
  readJson,
  text,
  textElement,
  wildcardName,
} from './json.ts';

/** A container's record and the Lamport number of its claim to addresses on networks that several hosts share. */
export interface ClaimedContainer {
  readonly record: ContainerRecord;
  readonly claim: number;
}

/** Longest record in characters: far above what Docker lets one container have, far below what hurts anyone. */
export const maxRecordLength = 32 * 1024;
/** Seconds; 2^31 - 1, the longest TTL there is (RFC 2181 section 8). */
const maxTtlSeconds = 2 ** 31 - 1;
const maxPort = 65_535;
/** A weight beyond this only hides all others. */
const maxWeight = 1_000_000;

export function containerToJson({ record, claim }: ClaimedContainer): string {
  return JSON.stringify(claim === 0 ? record : { ...record, claim });
}

/** Reads what `owner` says of one of its containers; a host speaks of its own local networks only. */
export function containerFromJson(json: string, id: string, owner: HostId): Result<ClaimedContainer> {
  if (json.length > maxRecordLength) return refused(`record is longer than ${maxRecordLength} characters`);
  return readJson(json, (fields) => ({
    record: readContainer(fields, id, owner),
    claim: optional(fields, 'claim', (all, key) => integer(all, key, 0, Number.MAX_SAFE_INTEGER)).claim ?? 0,
  }));
}

export function hostToJson(record: HostRecord): string {
  return JSON.stringify(record);
}

export function hostFromJson(json: string, owner: HostId): Result<HostRecord> {
  return readJson(json, (fields) => ({
    name: text(fields, 'name'),
    version: text(fields, 'version'),
    meshAddresses: list(fields, 'meshAddresses', textElement),
    ...optional(fields, 'address', address),
    networks: list(fields, 'networks', (value) => readNetwork(asFields('network', value), owner)),
    startedAt: number(fields, 'startedAt', 0, Number.MAX_SAFE_INTEGER),
    ...optional(fields, 'unwatched', onlyTrue),
  }));
}

export function staticToJson(record: StaticRecord): string {
  return JSON.stringify(record);
}

export function staticFromJson(json: string): Result<StaticRecord> {
  if (json.length > maxRecordLength) return refused(`record is longer than ${maxRecordLength} characters`);
  return readJson(json, (fields) => ({
    name: wildcardName(fields.name),
    data: readStaticData(asFields('data', fields.data)),
    ...optional(fields, 'ttlSeconds', readTtl),
    madeOn: text(fields, 'madeOn'),
    madeAt: number(fields, 'madeAt', 0, Number.MAX_SAFE_INTEGER),
  }));
}

function readContainer(fields: Fields, id: string, owner: HostId): ContainerRecord {
  if (fields.id !== id) throw new BadField('id is not that of its key');
  const record: ContainerRecord = {
    id,
    name: text(fields, 'name'),
    image: text(fields, 'image'),
    names: list(fields, 'names', name),
    addresses: list(fields, 'addresses', (value) => readContainerAddress(asFields('address', value), owner)),
    ...optional(fields, 'asksFrom', (all, key) => list(all, key, (value) => address({ address: value }, 'address'))),
    state: oneOf(fields, 'state', ['running', 'paused', 'draining']),
    health: oneOf(fields, 'health', ['none', 'starting', 'healthy', 'unhealthy']),
    startedAt: number(fields, 'startedAt', 0, Number.MAX_SAFE_INTEGER),
  };
  readInto(record, fields, 'skipped', readSkippedNames);
  readInto(record, fields, 'ports', readPorts);
  readInto(record, fields, 'services', readServices);
  readInto(record, fields, 'ttlSeconds', readTtl);
  readInto(record, fields, 'weight', readWeight);
  readInto(record, fields, 'answers', readAnswers);
  readInto(record, fields, 'prefer', readPrefer);
  return record;
}

function readSkippedNames(fields: Fields, key: string) {
  return list(fields, key, readSkipped);
}

/** Containers of one image expose the same ports, and most keep them for life: read once, and kept once. */
const pooledPorts = poolOf((json): readonly ContainerPort[] => list({ ports: JSON.parse(json) }, 'ports', readPort));

function readPorts(fields: Fields, key: string) {
  return pooledPorts(JSON.stringify(fields[key]));
}

function readServices(fields: Fields, key: string) {
  return list(fields, key, readService);
}

function readWeight(fields: Fields, key: string) {
  return number(fields, key, 0, maxWeight);
}

function readAnswers(fields: Fields, key: string) {
  return oneOf<'all' | 'one'>(fields, key, ['all', 'one']);
}

function readPrefer(fields: Fields, key: string) {
  return oneOf<'any' | 'local'>(fields, key, ['any', 'local']);
}

function readContainerAddress(fields: Fields, owner: HostId): ContainerAddress {
  const read: ContainerAddress = {
    address: address(fields, 'address'),
    network: readNetworkKey(fields, 'network', owner),
    networkName: text(fields, 'networkName'),
  };
  if (fields.subnet === undefined) return read;
  // Written out: a field that is put to a finished object takes 32 octets more than one that it is made with.
  const { address: at, network, networkName } = read;
  return { address: at, network, networkName, subnet: cidr(fields.subnet) };
}

function readNetworkKey(fields: Fields, key: string, owner: HostId): NetworkKey {
  const value = text(fields, key);
  if (isNetworkKey(value, owner)) return value;
  throw new BadField(`${key} is neither a shared network nor one of its own host`);
}

function isNetworkKey(text: string, owner: HostId): text is NetworkKey {
  return text.startsWith(localNetworkKey(owner, '')) || text.startsWith(sharedNetworkKey(''));
}

function readNetwork(fields: Fields, owner: HostId): Network {
  return {
    key: readNetworkKey(fields, 'key', owner),
    name: text(fields, 'name'),
    driver: text(fields, 'driver'),
    subnets: list(fields, 'subnets', cidr),
    gateways: list(fields, 'gateways', (value) => address({ gateway: value }, 'gateway')),
  };
}

function readPort(value: unknown): ContainerPort {
  const fields = asFields('port', value);
  const port: ContainerPort = {
    port: integer(fields, 'port', 1, maxPort),
    protocol: oneOf(fields, 'protocol', ['tcp', 'udp', 'sctp']),
  };
  readInto(port, fields, 'hostPort', (all, key) => integer(all, key, 1, maxPort));
  readInto(port, fields, 'hostAddress', address);
  return port;
}

function readService(value: unknown) {
  const fields = asFields('service', value);
  return {
    service: text(fields, 'service'),
    protocol: text(fields, 'protocol'),
    port: integer(fields, 'port', 0, maxPort),
  };
}

function readSkipped(value: unknown) {
  const fields = asFields('skipped name', value);
  return { text: text(fields, 'text'), reason: text(fields, 'reason') };
}

function onlyTrue(fields: Fields, key: string): true {
  if (fields[key] !== true) throw new BadField(`${key} is not true`);
  return true;
}

function readTtl(fields: Fields, key: string): number {
  return integer(fields, key, 0, maxTtlSeconds);
}

function readStaticData(fields: Fields): StaticData {
  const type = oneOf(fields, 'type', ['address', 'cname', 'srv', 'txt']);
  switch (type) {
    case 'address':
      return { type, address: address(fields, 'address') };
    case 'cname':
      return { type, target: name(fields.target) };
    case 'txt':
      return { type, text: text(fields, 'text') };
    case 'srv':
      return {
        type,
        priority: integer(fields, 'priority', 0, maxPort),
        weight: integer(fields, 'weight', 0, maxPort),
        port: integer(fields, 'port', 0, maxPort),
        target: name(fields.target),
      };
  }
}
