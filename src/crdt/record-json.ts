import { isDeepStrictEqual } from 'node:util';
import type { ContainerParts, Kind, Place } from '../held-container.ts';
import { poolOf } from '../pool.ts';
import type {
  ContainerPort,
  ContainerRecord,
  HostId,
  HostRecord,
  Name,
  Network,
  StaticData,
  StaticRecord,
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
  ownName,
  readInto,
  readJson,
  text,
  textElement,
  wildcardName,
} from './json.ts';
import { readNetworkKey, toldNetwork } from './network-key.ts';

/** A container's record and the Lamport number of its claim to addresses on networks that several hosts share. */
export interface ClaimedContainer {
  readonly record: ContainerRecord;
  readonly claim: number;
}

/** The same as it was read: in the parts in which it is kept, with one copy of what many containers have alike. */
export interface ToldContainer extends ContainerParts, Pick<ClaimedContainer, 'claim'> {
  readonly names: readonly Name[];
}

/** Longest record in characters: far above what Docker lets one container have, far below what hurts anyone. */
export const maxRecordLength = 32 * 1024;
/** Seconds; 2^31 - 1, the longest TTL there is (RFC 2181 section 8). */
const longestTtlSeconds = 2 ** 31 - 1;
const maxPort = 65_535;
/** A weight beyond this only hides all others. */
const maxWeight = 1_000_000;

/** What `owner` says of a container of its own. Its id is left out: that is in the key; so is who it is, in its networks. */
export function containerToJson({ record, claim }: ClaimedContainer, owner: HostId): string {
  const { id: _, ...rest } = record;
  const addresses = record.addresses.map((each) => ({ ...each, network: toldNetwork(each.network, owner) }));
  return JSON.stringify({ ...rest, addresses, ...(claim === 0 ? {} : { claim }) });
}

/** Reads what `owner` says of one of its containers. */
export function containerFromJson(json: string, id: string, owner: HostId): Result<ToldContainer> {
  if (json.length > maxRecordLength) return refused(`record is longer than ${maxRecordLength} characters`);
  return readJson(json, (fields) => readContainer(fields, id, owner));
}

export function hostToJson(record: HostRecord, owner: HostId): string {
  const networks = record.networks.map((each) => ({ ...each, key: toldNetwork(each.key, owner) }));
  return JSON.stringify({ ...record, networks });
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

function readContainer(fields: Fields, id: string, owner: HostId): ToldContainer {
  const placed = list(fields, 'addresses', (value) => asFields('address', value));
  const at = placed.map((each) => address(each, 'address'));
  const places = placesIn(placed, owner);
  if (fields.asksFrom !== undefined)
    at.push(...list(fields, 'asksFrom', (value) => address({ address: value }, 'address')));
  return {
    id,
    name: text(fields, 'name'),
    names: list(fields, 'names', (value) => (isStartOf(id, value) ? ownName(value) : name(value))),
    startedAt: number(fields, 'startedAt', 0, Number.MAX_SAFE_INTEGER),
    claim: fields.claim === undefined ? 0 : integer(fields, 'claim', 0, Number.MAX_SAFE_INTEGER),
    kind: kindIn(fields),
    places,
    at,
  };
}

/** Whether it is its short id: a name that no other container has. */
function isStartOf(id: string, value: unknown): boolean {
  return typeof value === 'string' && id.startsWith(value);
}

/** What containers of one image have alike, mostly; a later version's fields are to keep nothing from being shared. */
const kindKeys = [
  'image',
  'state',
  'health',
  'skipped',
  'ports',
  'services',
  'ttlSeconds',
  'weight',
  'answers',
  'prefer',
] as const satisfies readonly (keyof Kind)[];
const placeKeys = ['network', 'networkName', 'subnet'] as const satisfies readonly (keyof Place)[];

const pooledKind = poolOf((json): Kind => readKind(JSON.parse(json)));
const pooledPlaces = poolOf((json): readonly Place[] => readPlaces(JSON.parse(json)));
/** What was read last of an image, and of a network: the next container mostly has the same, and that is seen at once. */
const lastOfImage = poolOf((): { kind?: Kind } => ({}));
const lastOfNetwork = poolOf(
  (): { read?: { readonly told: readonly Fields[]; readonly places: readonly Place[] } } => ({}),
);

function kindIn(fields: Fields): Kind {
  const last = lastOfImage(text(fields, 'image'));
  if (last.kind === undefined || !hasAll(kindKeys, fields, last.kind))
    last.kind = pooledKind(JSON.stringify(only(kindKeys, fields)));
  return last.kind;
}

function placesIn(placed: readonly Fields[], owner: HostId): readonly Place[] {
  const [first] = placed;
  if (first === undefined) return nowhere;
  const last = lastOfNetwork(`${owner} ${text(first, 'network')}`);
  const isSame = (told: readonly Fields[]) =>
    placed.length === told.length && placed.every((fields, index) => hasAll(placeKeys, fields, told[index]));
  if (last.read === undefined || !isSame(last.read.told)) {
    const told = placed.map((each) => only(placeKeys, each));
    last.read = { told, places: pooledPlaces(JSON.stringify({ owner, told })) };
  }
  return last.read.places;
}

const nowhere: readonly never[] = [];

/** Whether each of these fields is as it was read before. */
function hasAll<K extends string>(
  keys: readonly K[],
  fields: Fields,
  read: { readonly [key in K]?: unknown } | undefined,
): boolean {
  return read !== undefined && keys.every((key) => isDeepStrictEqual(fields[key], read[key]));
}

function only(keys: readonly string[], fields: Fields): Fields {
  return Object.fromEntries(keys.map((key) => [key, fields[key]]));
}

function readKind(fields: Fields): Kind {
  const kind: Kind = {
    image: text(fields, 'image'),
    state: oneOf(fields, 'state', ['running', 'paused', 'draining']),
    health: oneOf(fields, 'health', ['none', 'starting', 'healthy', 'unhealthy']),
  };
  readInto(kind, fields, 'skipped', readSkippedNames);
  readInto(kind, fields, 'ports', readPorts);
  readInto(kind, fields, 'services', readServices);
  readInto(kind, fields, 'ttlSeconds', readTtl);
  readInto(kind, fields, 'weight', readWeight);
  readInto(kind, fields, 'answers', readAnswers);
  readInto(kind, fields, 'prefer', readPrefer);
  return kind;
}

function readSkippedNames(fields: Fields, key: string) {
  return list(fields, key, readSkipped);
}

function readPorts(fields: Fields, key: string) {
  return pooledPorts(JSON.stringify(fields[key]));
}

/** Containers of one image that differ otherwise, by state or health, mostly expose the same. */
const pooledPorts = poolOf((json): readonly ContainerPort[] => list({ ports: JSON.parse(json) }, 'ports', readPort));

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

function readPlaces({ owner, told }: { readonly owner: HostId; readonly told: readonly Fields[] }): readonly Place[] {
  return told.map((fields) => {
    const network = readNetworkKey(fields, 'network', owner);
    const networkName = text(fields, 'networkName');
    // Written out: a field that is put to a finished object takes 32 octets more than one that it is made with.
    if (fields.subnet === undefined) return { network, networkName };
    return { network, networkName, subnet: cidr(fields.subnet) };
  });
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
  return integer(fields, key, 0, longestTtlSeconds);
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
