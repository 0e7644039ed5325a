import type { NameEntry } from '../record.ts';
import { type Asked, isNear, type Knowledge, negative, positive, sameTtl, targetName } from './asked.ts';
import { type Draft, type Rr, rr } from './draft.ts';
import { weightParts } from './rotation.ts';
import { select } from './selection.ts';
import { replicaNames, servicePorts } from './service-records.ts';
import { maxNameOctets, rcode, rrType } from './wire.ts';

/** A replica that is far gets its turn after the near ones (RFC 2782: lower is first). */
const srvPriority = { near: 0, far: 10 } as const;

interface ServiceTarget {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
  readonly ttlSeconds: number | undefined;
}

/** RFC 2782: every target once, with the addresses that `glueOf` knows of it in the additional section. */
export function serviceAnswer<T>(
  known: Knowledge<T>,
  asked: Asked<T>,
  found: readonly ServiceTarget[],
  glueOf: (target: string) => Rr[],
): Draft {
  if (found.length === 0) return negative(known, asked, rcode.NOERROR);
  const ttl = sameTtl(known, found);
  const spelled = found.map((each) => ({
    ...each,
    target: targetName(each.target, asked.place.domain, known.domains),
  }));
  const unique = [
    ...new Map(spelled.map((each) => [`${each.priority} ${each.weight} ${each.port} ${each.target}`, each])).values(),
  ];
  const answers = unique.map(({ priority, weight, port, target }) =>
    rr(asked.name, ttl, { type: rrType.SRV, priority, weight, port, target }),
  );
  const targets = [...new Set(unique.map(({ target }) => target))];
  return positive(answers, targets.flatMap(glueOf));
}

/** What the replicas of a name offer of a service: each under a name of its own, which stays the same. */
export function replicaServices<T>(
  known: Knowledge<T>,
  { client, place }: Asked<T>,
  parent: NameEntry,
  service: string,
  protocol: string,
): ServiceTarget[] {
  const { offers } = select(parent, client, known.host);
  const wholeName = (label: string) => `${label}.${parent.name}.${place.domain}`;
  const isUsed = (label: string) => known.zone.find(`${label}.${parent.name}`) !== undefined;
  const labels = replicaNames(parent, (label) => isUsed(label) || !fits(wholeName(label)));
  const prefersLocal = offers.some(({ owner }) => owner?.container.prefer === 'local');
  const scale = offers.every(({ weight }) => Number.isInteger(weight)) ? 1 : weightParts;
  return offers.flatMap((offer) => {
    const label = offer.owner ? labels.get(offer.owner) : undefined;
    const target = wholeName(label ?? '');
    // Below the longest of names there is no room for another label.
    if (!fits(target)) return [];
    const far = prefersLocal && !isNear(known, offer, offers);
    return servicePorts(offer, service, protocol).map((port) => ({
      priority: far ? srvPriority.far : srvPriority.near,
      weight: Math.min(Math.max(Math.round(offer.weight * scale), 0), 0xffff),
      port,
      target,
      ttlSeconds: offer.ttlSeconds,
    }));
  });
}

/** RFC 1035 section 2.3.4: on the wire a name has one octet more before it, and one behind it. */
function fits(name: string): boolean {
  return name.length + 2 <= maxNameOctets;
}

/** What operators set as SRV. */
export function madeServices({ statics }: NameEntry): ServiceTarget[] {
  return statics.flatMap(({ data, ttlSeconds }) => (data.type === 'srv' ? [{ ...data, ttlSeconds }] : []));
}
