import type { NameEntry, Owner } from '../record.ts';
import { type Asked, type Knowledge, negative, positive, sameTtl } from './asked.ts';
import { type Draft, rr } from './draft.ts';
import { consider } from './selection.ts';
import { rcode, rrType } from './wire.ts';

/** Every name of an address, those of the container that the asker would reach there; its own name first. */
export function pointers<T>(
  known: Knowledge<T>,
  asked: Asked<T>,
  { address, nodes }: { address: string; nodes: readonly NameEntry[] },
): Draft {
  if (asked.type !== rrType.PTR) return negative(known, asked, rcode.NOERROR);
  const found = nodes.flatMap((entry) => nameOf(known, asked, entry, address));
  if (found.length === 0) return negative(known, asked, rcode.NOERROR);
  const sorted = found.sort((one, other) => Number(other.own) - Number(one.own) || (one.name < other.name ? -1 : 1));
  const ttl = sameTtl(known, sorted);
  return positive(
    sorted.map(({ name }) => rr(asked.name, ttl, { type: rrType.PTR, domain: `${name}.${asked.place.domain}` })),
  );
}

function nameOf<T>({ host }: Knowledge<T>, { client }: Asked<T>, entry: NameEntry, address: string) {
  const answered = consider(entry, client, host, true).filter(
    (each) => each.address === address && each.verdict !== 'shadowed',
  );
  if (answered.length === 0) return [];
  const own = answered.some(({ owner }) => isOwnName(owner, entry));
  const ttls = answered.map(({ owner, made }) => owner?.container.ttlSeconds ?? made?.ttlSeconds);
  return [{ name: entry.name, own, ttlSeconds: ttls.find((ttl) => ttl !== undefined) }];
}

function isOwnName(owner: Owner | undefined, { name }: NameEntry): boolean {
  return owner?.container.name.toLowerCase() === name;
}
