import { isIP, isIPv4, isIPv6 } from 'node:net';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { quote } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';

/** RFC 1123 section 2.1: what a host's own name looks like. */
const hostPattern = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?$/i;

/**
 * Reads where a host can be dialled: `IP`, `IP:PORT`, `[IPv6]:PORT`, a host name with or without a port; and, for
 * transports of libp2p that know neither, a multiaddress such as `/memory/a`. The result is the one spelling of it.
 */
export function parseDialAddress(text: string, defaultPort: number): Result<string> {
  const trimmed = text.trim();
  if (trimmed.startsWith('/')) return parseMultiaddr(trimmed);
  const { host, port } = splitPort(trimmed);
  const number = port === undefined ? defaultPort : Number(port);
  const validPort = port === undefined || (/^\d{1,5}$/.test(port) && number >= 1 && number <= 65_535);
  if (!validPort) return refused(`address ${quote(text)} must have a port from 1 to 65535`);
  if (isIP(host) !== 0) return accepted(joinPort(host, number));
  // What is all digits and dots was meant as an IP address, whatever a resolver would make of it.
  if (!hostPattern.test(host) || /^[\d.]+$/.test(host))
    return refused(`address ${quote(text)} must be an IP address or a host name, with a port or without`);
  return accepted(joinPort(host.toLowerCase(), number));
}

/** What libp2p dials or listens on for an address that `parseDialAddress` accepted. */
export function toMultiaddr(address: string): Multiaddr {
  if (address.startsWith('/')) return multiaddr(address);
  const { host, port = '0' } = splitPort(address);
  const kind = isIPv4(host) ? 'ip4' : isIPv6(host) ? 'ip6' : 'dns';
  return multiaddr(`/${kind}/${host}/tcp/${port}`);
}

/** `IP:PORT` or `[IP]:PORT` of a multiaddress over TCP; any other as libp2p writes it, without the peer's id. */
export function fromMultiaddr(address: Multiaddr): string {
  const parts = address.getComponents();
  const host = parts.find(({ name }) => /^(ip4|ip6|dns|dns4|dns6)$/.test(name))?.value;
  const port = parts.find(({ name }) => name === 'tcp')?.value;
  if (host !== undefined && port !== undefined) return joinPort(host, Number(port));
  return address.toString().replace(/\/p2p\/[^/]+$/, '');
}

/** The address without its port, and without brackets. */
export function hostOf(address: string): string {
  return splitPort(address).host;
}

export function portOf(address: string): number {
  return Number(splitPort(address).port ?? 0);
}

/** Whether it has to be looked up, and may lead elsewhere at another time. */
export function isHostName(address: string): boolean {
  return !address.startsWith('/') && isIP(hostOf(address)) === 0;
}

export function joinPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this host itself, or only this link, reaches the address. */
export function isLocalOnly(host: string): boolean {
  return isLoopback(host) || /^169\.254\./.test(host) || /^fe[89ab][0-9a-f]:/i.test(host);
}

export function isLoopback(host: string): boolean {
  return /^127\./.test(host) || host === '::1';
}

function splitPort(text: string): { readonly host: string; readonly port?: string } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) return { host: bracketed[1] ?? '', port: bracketed[2] };
  if (isIPv6(text)) return { host: text };
  const colon = text.lastIndexOf(':');
  return colon < 0 ? { host: text } : { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

/** What others may have us dial by a multiaddress: a socket on this host's own disk is none of it. */
const dialled = /^(ip4|ip6|dns|dns4|dns6|memory)$/;

function parseMultiaddr(text: string): Result<string> {
  try {
    const address = multiaddr(text);
    if (dialled.test(address.getComponents()[0]?.name ?? '')) return accepted(address.toString());
  } catch {
    // It is none.
  }
  return refused(`address ${quote(text)} must be IP:PORT`);
}
