import { type Domain, type Name, parseName, quote, type SkippedName } from '../record.ts';
import { type Result, refused } from '../result.ts';
import { rewriteName } from './hostname.ts';
import { type Inspection, joinedContainer } from './inspection.ts';
import { labelList, labels as labelNames } from './labels.ts';
import type { HostnameRules } from './options.ts';

/** What a container is called, and what it could not be called. */
export interface ContainerNames {
  readonly names: readonly Name[];
  readonly skipped: readonly SkippedName[];
}

/** The engine's short form of an id, by which a container also knows itself. */
const shortIdLength = 12;
/** More names than anyone gives one container by hand; each may be repeated to every host of the mesh. */
const maxNames = 64;
/** Enough to see what is wrong. */
const maxSkipped = 16;

/**
 * Every name of a container: its own, as rewritten by weave's rules, its host name if the user set it, its aliases,
 * those of Compose, Swarm and labels, and its short id.
 */
export function namesOf(inspection: Inspection, domains: readonly Domain[], rules: HostnameRules): ContainerNames {
  const offers = [
    ...offered([inspection.name, rewriteName(inspection.name, inspection.labels, rules) ?? ''], domains),
    ...hostname(inspection, domains),
    ...offered(
      inspection.endpoints.flatMap((endpoint) => endpoint.aliases),
      domains,
    ),
    ...offered([...composeNames(inspection), ...swarmNames(inspection)], domains),
    ...offered(labelledNames(inspection), domains),
    ...offered([inspection.id.slice(0, shortIdLength)], domains),
  ];
  const names = new Set(offers.flatMap(({ result }) => (result.ok ? [result.value] : [])));
  const skipped = offers.flatMap(({ text, result }) => (result.ok ? [] : [{ text, reason: result.problem }]));
  return {
    names: [...names].slice(0, maxNames),
    skipped: [...unique(skipped), ...overflow(names.size)].slice(0, maxSkipped),
  };
}

interface Offer {
  readonly text: string;
  readonly result: Result<Name>;
}

function offered(texts: readonly string[], domains: readonly Domain[]): Offer[] {
  return texts.filter((text) => text !== '').map((text) => ({ text, result: parseName(text, domains) }));
}

/**
 * The host name, where the user chose it: the engine's own choice is the short id, or that of the namespace it shares.
 * One label is a name of ours; more of them must lie in one of our domains.
 */
function hostname(inspection: Inspection, domains: readonly Domain[]): Offer[] {
  const { id, domainname, hostUts, networkMode } = inspection;
  const borrowed = hostUts || networkMode === 'host' || joinedContainer(inspection) !== undefined;
  if (borrowed || inspection.hostname === '' || inspection.hostname === id.slice(0, shortIdLength)) return [];
  const text = domainname === '' ? inspection.hostname : `${inspection.hostname}.${domainname}`;
  const whole = text.replace(/\.$/, '').includes('.');
  const ours = domains.some((domain) => `.${text.toLowerCase().replace(/\.$/, '')}`.endsWith(`.${domain}`));
  if (!whole || ours) return offered([text], domains);
  const reason = `host name ${quote(text)} is outside ${domains.join(' and ')}; give more names with the label weft.name`;
  return [{ text, result: refused(reason) }];
}

/** `service` and `service.project`; a container of `docker compose run` does not stand for its service. */
function composeNames({ labels }: Inspection): string[] {
  const service = labels.get('com.docker.compose.service');
  const project = labels.get('com.docker.compose.project');
  const oneOff = labels.get('com.docker.compose.oneoff')?.toLowerCase() === 'true';
  if (!service || oneOff) return [];
  return project ? [service, `${service}.${project}`] : [service];
}

/** The service, and `service.slot`, which the next task in that slot will have too; tasks are `service.slot.id`. */
function swarmNames({ labels }: Inspection): string[] {
  const service = labels.get('com.docker.swarm.service.name');
  const task = labels.get('com.docker.swarm.task.name');
  if (!service) return [];
  const slot = task?.startsWith(`${service}.`) ? task.slice(service.length + 1).split('.')[0] : undefined;
  return slot ? [service, `${service}.${slot}`] : [service];
}

/** `weft.name`, and what dnsdock and coredns-dockerdiscovery read, so that people can move over. */
function labelledNames({ labels }: Inspection): string[] {
  const name = labels.get('com.dnsdock.name') ?? '';
  const image = labels.get('com.dnsdock.image') ?? '';
  return [
    ...labelList(labels, labelNames.name),
    ...(name && image ? [name, `${name}.${image}`] : [name, image]),
    ...labelList(labels, 'com.dnsdock.alias'),
    ...labelList(labels, 'coredns.dockerdiscovery.host'),
  ];
}

function unique(skipped: readonly SkippedName[]): SkippedName[] {
  return [...new Map(skipped.map((each) => [each.text, each])).values()];
}

function overflow(count: number): SkippedName[] {
  if (count <= maxNames) return [];
  return [{ text: `${count - maxNames} names`, reason: `a container has at most ${maxNames} names` }];
}
