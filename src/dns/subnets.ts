import { BlockList, isIPv6 } from 'node:net';
import type { Cidr } from '../record.ts';

/** A set of subnets, made ready once for many look-ups. */
export class Subnets {
  private readonly list = new BlockList();

  constructor(subnets: readonly (Cidr | string)[]) {
    for (const subnet of subnets) {
      const [base = '', length = ''] = subnet.split('/');
      this.list.addSubnet(base, Number(length), familyOf(base));
    }
  }

  has(address: string): boolean {
    return this.list.check(address, familyOf(address));
  }
}

/** The address as records spell it: without a scope, and IPv4 as IPv4 where a socket of both families gave it mapped. */
export function plainAddress(address: string): string {
  const bare = address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
  const scope = bare.indexOf('%');
  return scope < 0 ? bare : bare.slice(0, scope);
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
