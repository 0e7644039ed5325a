import { BlockList, isIP, isIPv4 } from 'node:net';

/** Says who may have questions forwarded: this host itself, and ranges. */
export class Permission {
  readonly #isOwn: (address: string) => boolean;
  readonly #isAllowed: (address: string) => boolean;
  #ranges: BlockList;

  constructor(ranges: readonly string[], isOwn: (address: string) => boolean, isAllowed: (address: string) => boolean) {
    this.#ranges = blockList(ranges);
    this.#isOwn = isOwn;
    this.#isAllowed = isAllowed;
  }

  setRanges(ranges: readonly string[]): void {
    this.#ranges = blockList(ranges);
  }

  allows(asker: string): boolean {
    const address = plainAddress(asker);
    if (!isIP(address)) return false;
    if (this.#isAllowed(address)) return true;
    return this.#ranges.check(address, family(address)) || this.#isOwn(address);
  }
}

/** Without the zone, and an IPv4 address as such, however the socket wrote it. */
export function plainAddress(address: string): string {
  const [plain = address] = address.split('%');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  return mapped ?? plain;
}

/** `ADDRESS/LENGTH` each; what is none is left out. The loopback is always in it. */
function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ['127.0.0.0/8', '::1/128', ...ranges]) {
    const [base = '', length = ''] = range.split('/');
    const bits = isIPv4(base) ? 32 : 128;
    if (isIP(base) && /^\d+$/.test(length) && Number(length) <= bits)
      list.addSubnet(base, Number(length), family(base));
  }
  return list;
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
