import type { ContainerPort, NameEntry, Owner } from '../record.ts';
import type { Offer } from './selection.ts';

/** Labels longer than this are cut by nobody; they are not used. */
const maxLabelCharacters = 63;
/** As the engine shortens ids for people. */
const shortIdCharacters = 12;

/** Whether a container offers a service; without `service`, any by that protocol. */
export function offersService(owner: Owner, service: string | undefined, protocol: string): boolean {
  return portsOf(owner, service, protocol).length > 0;
}

/** The ports behind an offer's service, as they are reached: the host's where the offer leads to the host. */
export function servicePorts(offer: Offer, service: string, protocol: string): number[] {
  const { owner, publishedOnly } = offer;
  if (owner === undefined) return [];
  const ports = portsOf(owner, service, protocol);
  if (!publishedOnly) return ports;
  return ports.flatMap((port) => {
    const own = owner.container.ports?.filter((each) => each.port === port && `_${each.protocol}` === protocol);
    return own?.find(isPublished)?.hostPort ?? [];
  });
}

/** Whether others reach the port at its host: who is published on the loopback only is for the host itself. */
export function isPublished({ hostPort, hostAddress }: ContainerPort): boolean {
  return hostPort !== undefined && !(hostAddress?.startsWith('127.') || hostAddress === '::1');
}

/**
 * The labels that tell one owner of a name from the others, the most lasting first: the container's name, its host's,
 * both together, its short id.
 */
export function replicaLabels({ container, hostName }: Owner): string[] {
  const labels = [container.name, hostName, `${container.name}-${hostName}`].map(labelOf);
  return [...labels, container.id.slice(0, shortIdCharacters)].filter((label) => label !== '');
}

/**
 * A label for each owner of a name that is nobody else's there: it stays when the container is replaced.
 * `isTaken` tells of labels that stand for something else.
 */
export function replicaNames(entry: NameEntry, isTaken: (label: string) => boolean): Map<Owner, string> {
  const labels = entry.owners.map((owner) => [...new Set(replicaLabels(owner))]);
  const holders = new Map<string, number>();
  for (const label of labels.flat()) holders.set(label, (holders.get(label) ?? 0) + 1);
  return new Map(
    entry.owners.map((owner, index) => {
      const own = labels[index] ?? [];
      return [owner, own.find((label) => holders.get(label) === 1 && !isTaken(label)) ?? own.at(-1) ?? ''];
    }),
  );
}

/** Ports by the name of a service, or, as `_PORT`, by their own number. */
function portsOf({ container }: Owner, service: string | undefined, protocol: string): number[] {
  const named = (container.services ?? []).filter(
    (each) => each.protocol === protocol && (service === undefined || each.service === service),
  );
  const numbered = (container.ports ?? []).filter(
    (each) => `_${each.protocol}` === protocol && (service === undefined || `_${each.port}` === service),
  );
  return [...new Set([...named, ...numbered].map(({ port }) => port))];
}

function labelOf(text: string): string {
  const label = text
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return label.length > maxLabelCharacters ? '' : label;
}
