import { isIPv4 } from 'node:net';

/** The octets of an IPv4 or IPv6 address. */
export function addressOctets(address: string): Buffer {
  if (isIPv4(address)) return writeIpv4(address, Buffer.alloc(4), 0);
  const [before = '', after] = address.split('::');
  const head = groupsOf(before);
  const tail = after === undefined ? [] : groupsOf(after);
  const zeros = Array<number>(Math.max(0, 8 - head.length - tail.length)).fill(0);
  return Buffer.from([...head, ...zeros, ...tail].flatMap((group) => [group >> 8, group & 0xff]));
}

/** Writes the octets of an IPv4 address; returns where to. */
export function writeIpv4(address: string, octets: Buffer, at: number): Buffer {
  let part = at;
  octets.fill(0, at, at + 4);
  for (let index = 0; index < address.length; index++) {
    const code = address.charCodeAt(index);
    if (code === dot) part++;
    else octets[part] = (octets[part] ?? 0) * 10 + code - zero;
  }
  return octets;
}

const dot = 0x2e;
const zero = 0x30;

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
