import { isIPv4 } from 'node:net';
import type { Address, Cidr } from './record.ts';

/** The addresses of a subnet as numbers, from its first to its last. */
export interface AddressRange {
  readonly first: bigint;
  readonly last: bigint;
}

const ipv4Bits = 32;
const ipv6Bits = 128;
/** IPv4 lies behind all of IPv6 on the line of numbers, so that the two never meet. */
const ipv4First = 1n << BigInt(ipv6Bits);

/** Where the addresses of a subnet lie; its base may have bits set behind the prefix. */
export function rangeOf(subnet: Cidr): AddressRange {
  const [base = '', length = ''] = subnet.split('/');
  const freeBits = BigInt((isIPv4(base) ? ipv4Bits : ipv6Bits) - Number(length));
  const first = (numberOf(base) >> freeBits) << freeBits;
  return { first, last: first + (1n << freeBits) - 1n };
}

/** Whether the address lies in the subnet. */
export function contains(subnet: Cidr, address: Address): boolean {
  const { first, last } = rangeOf(subnet);
  const number = numberOf(address);
  return first <= number && number <= last;
}

/** Whether two ranges have an address in common. */
export function meet(one: AddressRange, other: AddressRange): boolean {
  return one.first <= other.last && other.first <= one.last;
}

function numberOf(address: string): bigint {
  if (isIPv4(address))
    return ipv4First + BigInt(address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0));
  const [before = '', after] = address.split('::');
  const [front, back] = [groupsOf(before), groupsOf(after ?? '')];
  // RFC 4291 section 2.2: `::` stands for as many groups of zeros as are left out.
  const zeros = '0000'.repeat(after === undefined ? 0 : 8 - front.length - back.length);
  return BigInt(`0x${front.join('')}${zeros}${back.join('')}`);
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':').map((group) => group.padStart(4, '0'));
}
