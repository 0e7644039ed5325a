import { isIPv4 } from 'node:net';
import { parseAddress } from '../record.ts';
import { folded, nameOctets } from './wire.ts';

/** The address that a name in `in-addr.arpa` (RFC 1035 section 3.5) or `ip6.arpa` (RFC 3596 section 2.5) stands for. */
export function reverseAddress(name: string): string | undefined {
  if (name.endsWith('.in-addr.arpa')) {
    const address = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.');
    return isIPv4(address) ? address : undefined;
  }
  if (!name.endsWith('.ip6.arpa')) return undefined;
  const digits = name.slice(0, -'.ip6.arpa'.length).split('.').reverse();
  if (digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit))) return undefined;
  const address = parseAddress(digits.join('').replace(/.{4}(?=.)/g, '$&:'));
  return address.ok ? address.value : undefined;
}

/** Whether the name in a packet ends in `arpa`, under which addresses are turned into names (RFC 3172). */
export function isReverse(packet: Uint8Array, nameEnd: number): boolean {
  const start = nameEnd - reverseEnd.length;
  for (let at = 0; at < reverseEnd.length; at++) if (folded[packet[start + at] ?? 0] !== reverseEnd[at]) return false;
  return true;
}

const reverseEnd = nameOctets('arpa');
