import type { EngineView, LinkView, Problem } from './api/control.ts';
import type { HostView, QuarantinedRecord } from './crdt/directory.ts';
import { sharedSubnets } from './shared-subnets.ts';

/** All that can be wrong with an agent, as the rooms tell it. */
export interface Symptoms {
  readonly now: readonly HostView[];
  readonly links: readonly LinkView[];
  /** Undefined where no engine is watched. */
  readonly engine: EngineView | undefined;
  /** Why questions are not answered; undefined while they are, or are not meant to be. */
  readonly dns: Problem | undefined;
  /** Why nothing can be kept on disk, in a sentence. */
  readonly storage: string | undefined;
  readonly quarantine: readonly QuarantinedRecord[];
  readonly preserving: boolean;
  readonly duplicateIdentity: boolean;
  /** Only this machine can link, since the mesh has no secret. */
  readonly loopbackOnly: boolean;
}

/** What an operator should know, worst first: what keeps names from being answered, then what may be wrong in them. */
export function diagnose(symptoms: Symptoms): Problem[] {
  return [
    ...(symptoms.dns === undefined ? [] : [symptoms.dns]),
    ...engineProblems(symptoms),
    ...meshProblems(symptoms),
    ...hostProblems(symptoms),
    ...recordProblems(symptoms),
    ...storageProblems(symptoms),
  ];
}

function engineProblems({ engine }: Symptoms): Problem[] {
  if (engine === undefined || engine.connected) return [];
  return [
    {
      problem: `The container engine is not reached: ${engine.problem ?? 'not connected yet'}`,
      remedy: 'Start it, or name its socket with --docker-host; it is taken up when it appears.',
    },
  ];
}

function meshProblems({ links, duplicateIdentity, preserving, loopbackOnly }: Symptoms): Problem[] {
  const problems: Problem[] = [];
  if (duplicateIdentity)
    problems.push({
      problem: "Another agent uses this host's identity",
      remedy: 'A data directory was copied: stop this agent, remove its identity file and start it again.',
    });
  if (preserving)
    problems.push({
      problem: 'Most hosts went quiet together: this host may be the one that is cut off, and keeps answering for them',
      remedy: 'Check the network of this host; `weft status connections` shows the links.',
    });
  for (const link of links.filter((each) => each.state === 'refused'))
    problems.push({
      problem: `This host is ${link.error ?? `refused by ${link.address}`}`,
      remedy: 'Give both the same secret: `weft token` there, `weft up --join TOKEN` here.',
    });
  problems.push(...unreached(links));
  if (loopbackOnly)
    problems.push({
      problem: 'The mesh has no secret and listens on loopback only',
      remedy: 'Give one with --secret-file, WEFT_SECRET or --join.',
    });
  return problems;
}

/**
 * Peers that were named and never answered, while this host has no link: who they are is not known, so no host is quiet
 * for them. With a link, a seed that is gone does no harm.
 */
function unreached(links: readonly LinkView[]): Problem[] {
  if (links.some(({ state }) => state === 'established')) return [];
  const targets = links.filter(
    ({ peer, outbound, state, error }) => outbound && peer === undefined && state !== 'refused' && error !== undefined,
  );
  return targets.map(({ address, error }) => ({
    problem: `The peer ${address} has not been reached: ${error}`,
    remedy: `Start its agent, or correct the address: \`weft forget ${address}\`, then \`weft connect\`.`,
  }));
}

function hostProblems({ now }: Symptoms): Problem[] {
  const quiet = now.filter((host) => host.status === 'quiet');
  const problems = quiet.map((host) => ({
    problem: `Host ${host.record?.name ?? host.id} is quiet${agoOf(host)}: ${hiddenOf(host)} while others are left`,
    remedy: `Start its agent, or \`weft forget ${host.record?.name ?? host.id}\` when it is gone for good.`,
  }));
  return [...problems, ...unwatchedHosts(now), ...subnetProblems(now)];
}

/** Hosts whose agents are heard and whose engines are gone. */
function unwatchedHosts(hosts: readonly HostView[]): Problem[] {
  const unwatched = hosts.filter(
    ({ record, status, records }) => record?.unwatched && status !== 'quiet' && records > 0,
  );
  return unwatched.map((host) => ({
    problem: `The container engine of host ${host.record?.name ?? host.id} has been away for long: ${hiddenOf(host)} while others are left`,
    remedy: 'Start the engine there; its containers may still run, but nobody can see it.',
  }));
}

function recordProblems({ quarantine }: Symptoms): Problem[] {
  return quarantine.map(({ host, key, problem }) => ({
    problem: `The record ${key} of host ${host} is bad and not used: ${problem}`,
    remedy: 'Update Weft on that host, or remove what makes the record.',
  }));
}

function storageProblems({ storage }: Symptoms): Problem[] {
  if (storage === undefined) return [];
  return [
    { problem: `Nothing can be kept on disk: ${storage}`, remedy: 'Make room or make the data directory writable.' },
  ];
}

/** As many hosts as one line names; `weft status --json` has the networks of all. */
const maxHostsNamed = 12;

function subnetProblems(hosts: readonly HostView[]): Problem[] {
  const placed = hosts.flatMap(({ id, record }) => (record === undefined ? [] : [{ id, record }]));
  return sharedSubnets(placed).map(({ subnet, places }) => {
    const named = places
      .slice(0, maxHostsNamed)
      .map(({ host, networks }) => `${host} (network ${networks.join(', ')})`);
    const others = places.length - named.length;
    const all = others > 0 ? [...named, `${others} others`] : named;
    return {
      problem: `Hosts ${all.slice(0, -1).join(', ')} and ${all.at(-1)} share the subnet ${subnet}: addresses in it are shadowed`,
      remedy: 'Give each its own range: `bip` in daemon.json for the bridge, `--subnet` for a network.',
    };
  });
}

function hiddenOf({ records }: HostView): string {
  return records === 1 ? 'its 1 record is hidden' : `its ${records} records are hidden`;
}

function agoOf({ heardMsAgo }: HostView): string {
  return heardMsAgo === undefined ? '' : `, last heard ${Math.round(heardMsAgo / 1000)} s ago`;
}
