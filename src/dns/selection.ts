import { type Address, isOverlay, type NameEntry, type Owner, type StaticRecord } from '../record.ts';
import type { Client } from './client.ts';
import type { Verdict } from './explanation.ts';
import type { Host } from './host.ts';

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

/** Who of a name's owners is answered to one asker, and why. */
export interface Selection {
  readonly offers: readonly Offer[];
  readonly considered: readonly Considered[];
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

interface Candidate {
  readonly offer: Offer;
  readonly owner: Owner;
  readonly standing: Standing;
  readonly considered: readonly Considered[];
}

/**
 * The answer's first two steps, owners and reach, for one name and one asker: the only place where this is decided,
 * for answers and for their explanation. With `notReady`, owners that would wait or stop are taken as well.
 */
export function select(entry: NameEntry, client: Client, host: Host, notReady = false): Selection {
  const candidates = entry.owners.map((owner) => candidateOf(owner, client, host));
  const made = entry.statics.flatMap(offerOf);
  const reachable = candidates.filter((candidate) => candidate.offer.addresses.length > 0);
  const level = made.length > 0 ? 'ready' : steps.find((step) => reachable.some((each) => each.standing === step));
  const good = reachable.filter((each) => notReady || each.standing === level || isSelf(each.owner, client));
  const weighty = good.filter((each) => each.offer.weight > 0 || isSelf(each.owner, client));
  const chosen = weighty.length + made.length > 0 ? weighty : good;
  const left = candidates.filter((candidate) => !chosen.includes(candidate));
  return {
    offers: [...chosen, ...made].map((each) => each.offer),
    considered: [
      ...chosen.flatMap((each) => each.considered),
      ...left.flatMap((each) => rejected(each, good.includes(each))),
      ...made.map((each) => each.considered),
    ],
    stale: made.length === 0 && chosen.length > 0 && chosen.every((each) => !isHeard(each.owner)),
    shadowed: candidates.some((each) => each.considered.some(({ verdict }) => verdict === 'shadowed')),
    hidden: new Set(left.filter(({ owner }) => owner.host === host.id).map(({ owner }) => owner.container.id)),
  };
}

function candidateOf(owner: Owner, client: Client, host: Host): Candidate {
  const considered = reach(owner, client, host);
  const answered = considered.filter(({ verdict }) => verdict === 'answered');
  const { weight = 1, ttlSeconds } = owner.container;
  const publishedOnly = answered.length > 0 && answered.every(({ network }) => network === undefined);
  const addresses = answered.map(({ address }) => address);
  const offer = { owner, addresses, publishedOnly, weight, ttlSeconds };
  return { offer, owner, standing: standingOf(owner), considered };
}

/** The addresses on networks that the asker shares; else routable ones; else, of published ports, the host's. */
function reach(owner: Owner, client: Client, host: Host): Considered[] {
  const { addresses } = owner.container;
  const shared = addresses.some(({ network }) => client.group.networks.has(network));
  const own = addresses.map(({ address, network, networkName }): Considered => {
    const record = { owner, made: undefined, address, network: networkName };
    if (client.group.networks.has(network))
      return { ...record, verdict: 'answered', reason: `on the asker's network ${networkName}` };
    if (shared) return { ...record, verdict: 'farther', reason: 'another address is on a network the asker shares' };
    if (isOverlay(network))
      return { ...record, verdict: 'apart', reason: `only containers on the overlay ${networkName} reach it` };
    const shadow = host.shadowOf(address, network);
    if (shadow === undefined)
      return { ...record, verdict: 'answered', reason: `reachable by routing, network ${networkName}` };
    return { ...record, verdict: 'shadowed', reason: `here its subnet belongs to the network ${shadow}` };
  });
  if (own.some(({ verdict }) => verdict === 'answered')) return own;
  return [...own, ...publishedAt(owner)];
}

function publishedAt(owner: Owner): Considered[] {
  const port = owner.container.ports?.find(({ hostPort }) => hostPort !== undefined);
  const address = port?.hostAddress ?? owner.hostAddress;
  if (port === undefined || address === undefined) return [];
  const reason = 'no address of its own is reachable; its host publishes its ports';
  return [{ owner, made: undefined, address, network: undefined, verdict: 'answered', reason }];
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

function offerOf(made: StaticRecord): { readonly offer: Offer; readonly considered: Considered }[] {
  if (made.data.type !== 'address') return [];
  const { address } = made.data;
  const offer = {
    owner: undefined,
    addresses: [address],
    publishedOnly: false,
    weight: 1,
    ttlSeconds: made.ttlSeconds,
  };
  const reason = `made by an operator on ${made.madeOn}`;
  const considered = { owner: undefined, made, address, network: undefined, verdict: 'answered', reason } as const;
  return [{ offer, considered }];
}

const sentences = {
  ready: 'others are preferred',
  unhealthy: 'its health check does not pass and others do',
  paused: 'it is paused and others run',
  quiet: 'nobody hears its host, or sees whether it runs, and others are heard',
  draining: 'it is stopping and others stay',
} as const satisfies Record<Standing, string>;

/** What an owner that was left out looks like: its reachable addresses take the verdict of the whole. */
function rejected({ considered, standing }: Candidate, forWeight: boolean): Considered[] {
  const outcome: Pick<Considered, 'verdict' | 'reason'> =
    forWeight || standing === 'ready'
      ? { verdict: 'weightless', reason: 'its weight is 0 and others are left' }
      : { verdict: standing, reason: sentences[standing] };
  return considered.map((each) => (each.verdict === 'answered' ? { ...each, ...outcome } : each));
}
