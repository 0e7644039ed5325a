import { type Address, isOverlay, type NameEntry, type Owner, type StaticRecord } from '../record.ts';
import type { Client } from './client.ts';
import type { Verdict } from './explanation.ts';
import type { Host } from './host.ts';
import { isPublished } from './service-records.ts';

/** What one owner of a name, or an operator, offers to one asker. */
export interface Offer {
  /** Undefined for what an operator made. */
  readonly owner: Owner | undefined;
  readonly addresses: readonly Address[];
  /** The port that stands for a container's port where the offer leads to its host instead. */
  readonly publishedOnly: boolean;
  readonly weight: number;
  readonly ttlSeconds: number | undefined;
}

/** One address of a name, and what became of it. */
export interface Considered {
  readonly owner: Owner | undefined;
  readonly made: StaticRecord | undefined;
  readonly address: Address;
  readonly network: string | undefined;
  readonly verdict: Verdict;
  readonly reason: string;
}

/** Who of a name's owners is answered to one asker. */
export interface Selection {
  readonly offers: readonly Offer[];
  /** Every offer is of a host that is not heard of. */
  readonly stale: boolean;
  /** Some address was left out because it would lead somewhere else. */
  readonly shadowed: boolean;
  /** Local containers that are left out here but would see themselves. */
  readonly hidden: ReadonlySet<string>;
}

/** Conditions in the order in which they are given up when nobody meets them; failure alone never empties an answer. */
const steps = ['ready', 'unhealthy', 'paused', 'quiet', 'draining'] as const;
type Standing = (typeof steps)[number];

/** An address of an owner and what leads there, or why nothing does. */
interface Reached {
  readonly address: Address;
  readonly network: string | undefined;
  readonly way: keyof typeof ways;
  /** The network that the reason names. */
  readonly about: string;
}

interface Candidate {
  readonly owner: Owner;
  readonly standing: Standing;
  readonly reached: readonly Reached[];
  /** Those that may be answered. */
  readonly addresses: readonly Address[];
}

interface Decision {
  readonly candidates: readonly Candidate[];
  /** Of these, those that nobody stands before, and of those the ones that have weight. */
  readonly good: readonly Candidate[];
  readonly chosen: readonly Candidate[];
}

/**
 * The answer's first two steps, owners and reach, for one name and one asker. With `notReady`, owners that would wait or
 * stop are taken as well.
 */
export function select(entry: NameEntry, client: Client, host: Host, notReady = false): Selection {
  const { candidates, chosen } = decide(entry, client, host, notReady);
  const offers = chosen.map(offerOf);
  for (const made of entry.statics) if (isAddress(made)) offers.push(madeOffer(made));
  return {
    offers,
    stale: offers.length === chosen.length && chosen.length > 0 && chosen.every((each) => !isHeard(each.owner)),
    shadowed: candidates.some(({ reached }) => reached.some(({ way }) => way === 'shadowed')),
    hidden: hiddenHere(candidates, chosen, host),
  };
}

/** What became of every address, and why: the same decision in words. */
export function consider(entry: NameEntry, client: Client, host: Host, notReady = false): Considered[] {
  const { candidates, good, chosen } = decide(entry, client, host, notReady);
  const left = candidates.filter((candidate) => !chosen.includes(candidate));
  return [
    ...chosen.flatMap((each) => considered(each)),
    ...left.flatMap((each) => rejected(each, good.includes(each))),
    ...entry.statics.filter(isAddress).map(madeConsidered),
  ];
}

/** The only place where this is decided, for answers and for their explanation. */
function decide({ owners, statics }: NameEntry, client: Client, host: Host, notReady: boolean): Decision {
  if (owners.length === 0) return undecided;
  const candidates = owners.map((owner) => candidateOf(owner, client, host));
  const isMade = statics.some(isAddress);
  const reachable = candidates.filter(({ addresses }) => addresses.length > 0);
  const level = isMade ? 'ready' : steps.find((step) => reachable.some((each) => each.standing === step));
  const good = reachable.filter((each) => notReady || each.standing === level || isSelf(each.owner, client));
  const isWeighted = isMade || good.some(({ owner }) => weightOf(owner) > 0);
  const weighty = good.filter(({ owner }) => weightOf(owner) > 0 || isSelf(owner, client));
  return { candidates, good, chosen: isWeighted ? weighty : good };
}

const undecided: Decision = { candidates: [], good: [], chosen: [] };

function hiddenHere(candidates: readonly Candidate[], chosen: readonly Candidate[], host: Host): ReadonlySet<string> {
  if (candidates.length === chosen.length) return nobody;
  const left = candidates.filter((each) => each.owner.host === host.id && !chosen.includes(each));
  return new Set(left.map(({ owner }) => owner.container.id));
}

const nobody: ReadonlySet<string> = new Set();

function candidateOf(owner: Owner, client: Client, host: Host): Candidate {
  const reached = reach(owner, client, host);
  const addresses = reached.filter(isAnswered).map(({ address }) => address);
  return { owner, standing: standingOf(owner), reached, addresses };
}

function isAnswered({ way }: Reached): boolean {
  return ways[way].verdict === 'answered';
}

function offerOf({ owner, addresses, reached }: Candidate): Offer {
  const publishedOnly = reached.some(({ way }) => way === 'published');
  return { owner, addresses, publishedOnly, weight: weightOf(owner), ttlSeconds: owner.container.ttlSeconds };
}

function weightOf({ container }: Owner): number {
  return container.weight ?? 1;
}

/** The addresses on networks that the asker shares; else routable ones; else, of published ports, the host's. */
function reach(owner: Owner, client: Client, host: Host): Reached[] {
  const { addresses } = owner.container;
  const shared = addresses.some(({ network }) => client.group.networks.has(network));
  const own = addresses.map(({ address, network, networkName }): Reached => {
    const record = { address, network: networkName };
    if (client.group.networks.has(network)) return { ...record, way: 'shared', about: networkName };
    if (shared) return { ...record, way: 'farther', about: networkName };
    if (isOverlay(network)) return { ...record, way: 'apart', about: networkName };
    const shadow = host.shadowOf(address, network);
    if (shadow === undefined) return { ...record, way: 'routed', about: networkName };
    return { ...record, way: 'shadowed', about: shadow };
  });
  return own.some(isAnswered) ? own : [...own, ...publishedAt(owner)];
}

function publishedAt(owner: Owner): Reached[] {
  const port = owner.container.ports?.find(isPublished);
  const address = port?.hostAddress ?? owner.hostAddress;
  if (port === undefined || address === undefined) return [];
  return [{ address, network: undefined, way: 'published', about: '' }];
}

function standingOf({ hostStatus, unwatched, container }: Owner): Standing {
  if (container.state === 'draining') return 'draining';
  if (hostStatus === 'quiet' || hostStatus === 'stale' || unwatched) return 'quiet';
  if (container.state === 'paused') return 'paused';
  return container.health === 'unhealthy' || container.health === 'starting' ? 'unhealthy' : 'ready';
}

function isSelf(owner: Owner, client: Client): boolean {
  return owner.container.id === client.container;
}

function isHeard(owner: Owner): boolean {
  return owner.hostStatus !== 'quiet' && owner.hostStatus !== 'stale';
}

function isAddress(made: StaticRecord): made is StaticRecord & { readonly data: { readonly address: Address } } {
  return made.data.type === 'address';
}

function madeOffer({ data, ttlSeconds }: StaticRecord & { readonly data: { readonly address: Address } }): Offer {
  return { owner: undefined, addresses: [data.address], publishedOnly: false, weight: 1, ttlSeconds };
}

function madeConsidered(made: StaticRecord & { readonly data: { readonly address: Address } }): Considered {
  const reason = `made by an operator on ${made.madeOn}`;
  return { owner: undefined, made, address: made.data.address, network: undefined, verdict: 'answered', reason };
}

const ways = {
  shared: { verdict: 'answered', reason: (network) => `on the asker's network ${network}` },
  routed: { verdict: 'answered', reason: (network) => `reachable by routing, network ${network}` },
  published: {
    verdict: 'answered',
    reason: () => 'no address of its own is reachable; its host publishes its ports',
  },
  farther: { verdict: 'farther', reason: () => 'another address is on a network the asker shares' },
  apart: { verdict: 'apart', reason: (network) => `only containers on the overlay ${network} reach it` },
  shadowed: { verdict: 'shadowed', reason: (network) => `here its subnet belongs to the network ${network}` },
} as const satisfies Record<string, { readonly verdict: Verdict; readonly reason: (network: string) => string }>;

const sentences = {
  ready: 'others are preferred',
  unhealthy: 'its health check does not pass and others do',
  paused: 'it is paused and others run',
  quiet: 'nobody hears its host, or sees whether it runs, and others are heard',
  draining: 'it is stopping and others stay',
} as const satisfies Record<Standing, string>;

function considered({ owner, reached }: Candidate): Considered[] {
  return reached.map(({ address, network, way, about }) => {
    const { verdict, reason } = ways[way];
    return { owner, made: undefined, address, network, verdict, reason: reason(about) };
  });
}

/** What an owner that was left out looks like: its reachable addresses take the verdict of the whole. */
function rejected(candidate: Candidate, forWeight: boolean): Considered[] {
  const { standing } = candidate;
  const outcome: Pick<Considered, 'verdict' | 'reason'> =
    forWeight || standing === 'ready'
      ? { verdict: 'weightless', reason: 'its weight is 0 and others are left' }
      : { verdict: standing, reason: sentences[standing] };
  return considered(candidate).map((each) => (each.verdict === 'answered' ? { ...each, ...outcome } : each));
}
