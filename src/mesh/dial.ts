import type { Multiaddr } from '@multiformats/multiaddr';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type HostId, parseHostId } from '../record.ts';
import { hostOf, isHostName, joinPort, portOf, toMultiaddr } from './address.ts';
import { raceAddresses } from './dial-race.ts';
import type { Links } from './links.ts';
import type { Listening } from './listening.ts';
import { type DialProblem, describeDialError, isSelfDial, OtherHostError, PartedError } from './problem.ts';
import type { DialOutcome, Target } from './target.ts';

/** What of a node is needed to dial. */
export interface DialNode {
  dial(address: Multiaddr, options: { readonly signal: AbortSignal }): Promise<{ readonly remotePeer: object }>;
}

type DialLinks = Pick<Links, 'get' | 'isBanned' | 'takeAnswer'>;

export interface DialParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly listening: Pick<Listening, 'addresses'>;
  /** Every address that a host name stands for now; none where nobody knows. Never throws. */
  readonly lookUp: (name: string) => Promise<readonly string[]>;
}

/** Dials a target at all its addresses; never throws. */
export async function dialTarget(
  target: Target,
  node: DialNode,
  links: DialLinks,
  parts: DialParts,
): Promise<DialOutcome> {
  const outcome = await tryTarget(target, node, links, parts);
  if ('problem' in outcome && isNews(outcome.problem, target))
    parts.log.warn({ peer: target.peer, address: target.addresses[0] }, outcome.problem);
  if (outcome.type === 'self' && !isHostName(target.key) && !parts.listening.addresses().includes(target.key))
    parts.log.warn({ address: target.key }, doubleProblem);
  return outcome;
}

/**
 * Whether a problem is worth a line in the log: once for each new reason, since it is tried again every second, and of
 * many addresses the first. Of a host that never was linked one line is enough: whoever invents hosts fills no disk.
 */
function isNews(problem: string, { seed, proven, addresses, failures, problem: before }: Target): boolean {
  if (!seed && !proven) return before === undefined;
  return problem !== before && (failures === 0 || addresses.length <= addressesAtOnce);
}

const doubleProblem =
  'who answers there has the identity of this host: that is a way back to it, or a host with a copy of its data directory';

async function tryTarget(target: Target, node: DialNode, links: DialLinks, parts: DialParts): Promise<DialOutcome> {
  // At an operator's address there may be another host by now.
  if (!target.seed && target.peer !== undefined && links.isBanned(target.peer))
    return describeDialError(new PartedError(target.addresses[0] ?? target.key), target.key);
  const problems: DialProblem[] = [];
  let ours = false;
  const attempt = async (address: string, signal: AbortSignal): Promise<DialOutcome> => {
    try {
      const peer = await reach(address, signal, node, links);
      if (!target.seed && peer !== target.peer) throw new OtherHostError(address);
      return { type: 'linked', peer };
    } catch (error) {
      // What others call the address of another host may be one of ours here; of a seed it says that it is no use.
      if (target.seed && isSelfDial(error)) ours = true;
      else problems.push(describeDialError(error, target.seed ? target.key : address));
      throw error;
    }
  };
  const addresses = target.seed ? await placesOf(target.key, parts) : addressesInTurn(target);
  try {
    return await raceAddresses(addresses, parts.clock, attempt);
  } catch {
    if (ours && problems.length === 0) return { type: 'self' };
    return problems.find(({ type }) => type === 'refused') ?? problems[0] ?? noAddress;
  }
}

/** One name may stand for all hosts of a mesh, this one among them: then the others are to be tried, too. */
async function placesOf(address: string, { lookUp }: DialParts): Promise<readonly string[]> {
  if (!isHostName(address)) return [address];
  const found = await lookUp(hostOf(address));
  return found.length > 1 ? found.map((each) => joinPort(each, portOf(address))) : [address];
}

/**
 * Those of a host's addresses that one dial tries. It tells them itself: one that tells dozens where nobody answers is
 * given up after a second and a half like any other, and the next dial goes on where this one ended.
 */
function addressesInTurn({ addresses, failures }: Target): readonly string[] {
  const from = (failures * addressesAtOnce) % addresses.length;
  return [...addresses.slice(from), ...addresses.slice(0, from)].slice(0, addressesAtOnce);
}

/** A host with IPv4 and IPv6 on two networks has as many. */
const addressesAtOnce = 4;

const noAddress: DialProblem = { type: 'failed', problem: 'it tells no address where it can be dialled' };

/** Who answers at an address, linked by now. */
async function reach(address: string, signal: AbortSignal, node: DialNode, links: DialLinks): Promise<HostId> {
  links.takeAnswer(address);
  try {
    const { remotePeer } = await node.dial(toMultiaddr(address), { signal });
    const peer = parseHostId(remotePeer.toString());
    if (!peer.ok) throw new Error(peer.problem);
    return peer.value;
  } catch (error) {
    // Denied because we are linked with whoever answers there: as good as a link made now.
    const answered = links.takeAnswer(address);
    if (answered !== undefined && links.get(answered) !== undefined) return answered;
    throw answered !== undefined && links.isBanned(answered) ? new PartedError(address) : error;
  }
}
