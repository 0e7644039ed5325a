import { BlockList, isIPv4 } from 'node:net';

/** The addresses of one subnet of the embedded engine: the lowest free one is given, as soon as it is free again. */
export class AddressPool {
  readonly prefixLength: number;
  readonly gateway: string;
  readonly #base: string;
  readonly #subnet = new BlockList();
  readonly #taken = new Set<number>([0, 1]);

  /** `subnet` begins at a multiple of 65,536 (IPv4) or ends in `::` (IPv6), such as `127.11.0.0/16` or `fd00::/64`. */
  constructor(subnet: string) {
    const [base = '', length = ''] = subnet.split('/');
    this.#base = base;
    this.prefixLength = Number(length);
    this.#subnet.addSubnet(base, this.prefixLength, isIPv4(base) ? 'ipv4' : 'ipv6');
    this.gateway = this.#address(1);
  }

  take(): string {
    let number = 2;
    while (this.#taken.has(number)) number += 1;
    const address = this.#address(number);
    if (!this.#subnet.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')) throw new Error('no free address is left');
    this.#taken.add(number);
    return address;
  }

  giveBack(address: string): void {
    for (const number of this.#taken) if (number > 1 && this.#address(number) === address) this.#taken.delete(number);
  }

  #address(number: number): string {
    if (!isIPv4(this.#base)) return `${this.#base}${number.toString(16)}`;
    const octets = this.#base.split('.').map(Number);
    const [a = 0, b = 0, c = 0, d = 0] = octets;
    const last = c * 256 + d + number;
    return `${a}.${b}.${Math.floor(last / 256)}.${last % 256}`;
  }
}
