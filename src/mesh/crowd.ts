import { isIPv6 } from 'node:net';

/** Of those that wait, in order of arrival, whoever holds a place for the address that holds most. */
export function oldestOfMost<T extends { readonly address: string }>(waiting: Iterable<T>): T | undefined {
  const all = [...waiting];
  const byAddress = [...Map.groupBy(all, ({ address }) => address).values()];
  const byNetwork = Map.groupBy(all, ({ address }) => networkOf(address));
  const neighboursOf = ([first]: readonly T[]) => (first && byNetwork.get(networkOf(first.address))?.length) ?? 0;
  // Whoever has an IPv6 network has as many addresses as it likes: of equal ones it is that of the most crowded network.
  byAddress.sort((one, other) => other.length - one.length || neighboursOf(other) - neighboursOf(one));
  return byAddress[0]?.[0];
}

/** RFC 4291 section 2.5.1: the 64 bits of an IPv6 address before its interface identifier; all of an IPv4 address. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array.from({ length: Math.max(0, 8 - (before?.length ?? 0) - (after?.length ?? 0)) }, () => '0');
  return [...(before ?? []), ...zeros, ...(after ?? [])].slice(0, 4).join(':');
}
