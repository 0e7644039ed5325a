import { z } from 'zod';
import { type Cidr, parseAddress, parseCidr } from '../../src/record.ts';
import { contains } from '../../src/subnet.ts';
import { type DigAnswer, digOptions, parseDig } from '../support/lab/dig.ts';
import type { LabHost } from '../support/lab/host.ts';
import { getFromSocket, requestFromSocket } from '../support/lab/socket-request.ts';

/**
 * What should be answered, worked out from nothing but what the engines say themselves, by the rules of the design and
 * not by the code of the agents; and what is answered.
 */

const domain = 'weave.local';
/** Of a container's id: this much of it is one of its names. */
export const shortIdLength = 12;

interface Network {
  readonly name: string;
  readonly subnets: readonly Cidr[];
}

interface Place {
  readonly network: string;
  readonly address: string;
}

/** A container that runs, as its engine tells. */
interface Running {
  readonly host: LabHost;
  readonly names: readonly string[];
  readonly places: readonly Place[];
  readonly standing: 'ready' | 'unhealthy' | 'paused';
  readonly publishes: boolean;
}

/** All that the engines of these hosts run at this moment. */
export interface EngineTruth {
  readonly running: readonly Running[];
  readonly networks: ReadonlyMap<LabHost, readonly Network[]>;
}

/** Who asks: the host itself, or a container of it that is on one network. */
export interface Asker {
  readonly host: LabHost;
  readonly container: string | undefined;
  readonly network: string | undefined;
}

/** An answer in one word for each part: the response code and the addresses in order. */
export type Said = string;

export async function readEngines(hosts: readonly LabHost[]): Promise<EngineTruth> {
  const running = (await Promise.all(hosts.map(runningOn))).flat();
  const networks = await Promise.all(hosts.map(async (host) => [host, await networksOf(host)] as const));
  return { running, networks: new Map(networks) };
}

/** What an asker should be answered about a name without its domain. */
export function expectedAnswer(truth: EngineTruth, asker: Asker, name: string): Said {
  const owners = truth.running.filter(({ names }) => names.includes(name));
  const offers = owners.map((owner) => ({ owner, addresses: reach(truth, asker, owner) }));
  const reachable = offers.filter(({ addresses }) => addresses.length > 0);
  const level = (['ready', 'unhealthy', 'paused'] as const).find((step) =>
    reachable.some(({ owner }) => owner.standing === step),
  );
  const chosen = reachable.filter(({ owner }) => owner.standing === level);
  const known = truth.running.some(({ names }) => names.some((each) => `.${each}`.endsWith(`.${name}`)));
  return said(known ? 'NOERROR' : 'NXDOMAIN', new Set(chosen.flatMap(({ addresses }) => addresses)));
}

/** What an asker is answered about each of these names, over UDP. */
export async function givenAnswers(asker: Asker, names: readonly string[]): Promise<Said[]> {
  const { host, container } = asker;
  const questions = names.flatMap((name) => ['-t', 'A', '-q', `${name}.${domain}.`]);
  const { stdout, stderr } =
    container === undefined
      ? await host.machine.attempt(['dig', `@${host.gateway}`, ...digOptions, ...questions])
      : await host.inside(container, ['dig', ...digOptions, ...questions]);
  const answers = answersIn(stdout).map(fromDig);
  if (answers.length === names.length) return answers;
  // An engine that was killed does not always bring an asker back; and a busy machine cannot always start a process.
  if (container !== undefined) await requestFromSocket(host.engineSocket, 'POST', `/containers/${container}/start`);
  return names.map(() => `not asked: ${stderr.trim()}`);
}

/** The containers that have an address of a host's network, by what a question for the address's name is answered. */
export function expectedReverse(truth: EngineTruth, host: LabHost): Map<string, readonly string[]> {
  const local = truth.running.filter((each) => each.host === host);
  const addresses = local.flatMap(({ places }) => places.map(({ address }) => address));
  const named = (address: string) => local.filter(({ places }) => places.some((place) => place.address === address));
  return new Map(addresses.map((address) => [address, named(address).flatMap(({ names }) => names)]));
}

/** The names that a host gives to each of these addresses, without the domain. */
export async function givenNames(host: LabHost, addresses: readonly string[]): Promise<string[][]> {
  const questions = addresses.flatMap((address) => ['-t', 'PTR', '-q', reverseName(address)]);
  const { stdout } = await host.machine.attempt(['dig', `@${host.gateway}`, ...digOptions, ...questions]);
  return answersIn(stdout).map(({ answer }) => answer.map(({ data }) => data.replace(`.${domain}.`, '')));
}

function reverseName(address: string): string {
  return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
}

/** What dig says to several questions, one after another. */
function answersIn(text: string): DigAnswer[] {
  return text
    .split(/^(?=;; Got answer:|;; connection timed out|;; communications error)/m)
    .filter((part) => part.startsWith(';;'))
    .map(parseDig);
}

function fromDig({ rcode, answer }: DigAnswer): Said {
  return said(
    rcode,
    answer.map(({ data }) => data),
  );
}

function said(rcode: string, addresses: Iterable<string>): Said {
  return [rcode, ...[...addresses].toSorted()].join(' ');
}

/** The addresses that the asker shares a network with; else those that are nobody else's here; else its host's. */
function reach({ networks }: EngineTruth, asker: Asker, owner: Running): string[] {
  const sharesHost = owner.host === asker.host;
  const shared = owner.places.filter(
    ({ network }) => sharesHost && (asker.network === undefined || asker.network === network),
  );
  if (shared.length > 0) return shared.map(({ address }) => address);
  const here = networks.get(asker.host) ?? [];
  const isElsewhere = (place: Place) =>
    !here.some(
      ({ name, subnets }) => !(sharesHost && name === place.network) && subnets.some((each) => isIn(each, place)),
    );
  const routed = owner.places.filter(isElsewhere).map(({ address }) => address);
  return routed.length === 0 && owner.publishes ? [owner.host.address] : routed;
}

function isIn(subnet: Cidr, { address }: Place): boolean {
  const parsed = parseAddress(address);
  return parsed.ok && contains(subnet, parsed.value);
}

const networkListing = z.array(
  z.object({
    Name: z.string(),
    Driver: z.string(),
    IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string() })).nullish() }),
  }),
);

async function networksOf(host: LabHost): Promise<Network[]> {
  const networks = networkListing.parse(await engine(host, '/networks'));
  return networks.map(({ Name, IPAM }) => ({
    name: Name,
    subnets: (IPAM.Config ?? [])
      .map(({ Subnet }) => parseCidr(Subnet))
      .flatMap((each) => (each.ok ? [each.value] : [])),
  }));
}

const inspection = z.object({
  Id: z.string(),
  Name: z.string(),
  State: z.object({
    Running: z.boolean(),
    Paused: z.boolean(),
    Restarting: z.boolean(),
    StartedAt: z.string(),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
  Config: z.object({ Hostname: z.string(), Labels: z.record(z.string(), z.string()).nullish() }),
  HostConfig: z.object({ NetworkMode: z.string() }),
  NetworkSettings: z.object({
    Networks: z.record(z.string(), z.object({ IPAddress: z.string(), Aliases: z.array(z.string()).nullish() })),
    Ports: z.record(z.string(), z.array(z.unknown()).nullish()).nullish(),
  }),
});
type Inspection = z.infer<typeof inspection>;

async function runningOn(host: LabHost): Promise<Running[]> {
  const listed = z.array(z.object({ Id: z.string() })).parse(await engine(host, '/containers/json'));
  const inspected = await Promise.all(listed.map(({ Id }) => engine(host, `/containers/${Id}/json`)));
  const all = inspected.flatMap((each) => (each === undefined ? [] : [inspection.parse(each)]));
  return all
    .filter(({ State }) => State.Running && !State.Restarting)
    .map((container) => ({
      host,
      names: namesOf(container),
      places: placesOf(host, container, all),
      standing: standingOf(container),
      publishes: Object.values(container.NetworkSettings.Ports ?? {}).some((bindings) => bindings?.length),
    }));
}

function namesOf({ Id, Name, Config, HostConfig, NetworkSettings }: Inspection): string[] {
  const id = Id.slice(0, shortIdLength);
  const { NetworkMode } = HostConfig;
  const borrowed = NetworkMode === 'host' || NetworkMode.startsWith('container:');
  const aliases = Object.values(NetworkSettings.Networks).flatMap(({ Aliases }) => Aliases ?? []);
  const label = Config.Labels?.['weft.name'];
  return [
    ...new Set([Name.slice(1), id, ...aliases, ...(label ? [label] : []), ...(borrowed ? [] : [Config.Hostname])]),
  ];
}

/** A container in the network of another one has the places of that run of it which it joined; the host's place stays. */
function placesOf(host: LabHost, container: Inspection, all: readonly Inspection[]): Place[] {
  const { HostConfig, NetworkSettings } = container;
  const joined = all.find(({ Id }) => HostConfig.NetworkMode === `container:${Id}`);
  if (joined !== undefined) {
    const isThatRun = Date.parse(joined.State.StartedAt) <= Date.parse(container.State.StartedAt);
    return placesOf(host, joined, all).filter(({ network }) => isThatRun || network === 'host');
  }
  if (HostConfig.NetworkMode === 'host') return [{ network: 'host', address: host.address }];
  return Object.entries(NetworkSettings.Networks).flatMap(([network, { IPAddress }]) =>
    IPAddress === '' ? [] : [{ network, address: IPAddress }],
  );
}

function standingOf({ State }: Inspection): Running['standing'] {
  if (State.Paused) return 'paused';
  return ['starting', 'unhealthy'].includes(State.Health?.Status ?? '') ? 'unhealthy' : 'ready';
}

/** Undefined for what is gone since it was listed. */
async function engine(host: LabHost, path: string): Promise<unknown> {
  const { status, body } = await getFromSocket(host.engineSocket, path);
  return status === 200 ? JSON.parse(body) : undefined;
}
