import { flagDefaults } from './config.ts';
import { type Address, parseAddress, parseDomain, quote } from './record.ts';
import { accepted, type Result, refused } from './result.ts';

// What the values of flags may be, each with the one function that reads it.

/** An IP address and a port. */
export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** Where the API listens: a socket file or an address. */
export type ApiAddress = { readonly type: 'unix'; readonly path: string } | ({ readonly type: 'tcp' } & Endpoint);

/** Servers that one domain's questions go to. */
export interface DomainUpstreams {
  readonly domain: string;
  readonly upstreams: readonly Endpoint[];
}

/** Reads `IP`, `IP:PORT` or `[IPv6]:PORT`. */
export function parseEndpoint(text: string, defaultPort: number): Result<Endpoint> {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const plain = /^([^:]*)(?::(\d+))?$/.exec(text);
  const [host = text, port] = (bracketed ?? plain)?.slice(1) ?? [];
  const address = parseAddress(host);
  if (!address.ok) return refused(`${quote(text)} must be an IP address with an optional port, such as 192.0.2.7:53`);
  const number = port === undefined ? accepted(defaultPort) : wholeNumber(0, 65_535)(port);
  return number.ok ? accepted({ address: address.value, port: number.value }) : refused(`port ${number.problem}`);
}

/** Reads `unix:PATH`, `/PATH`, `IP:PORT` or `http://IP:PORT`. */
export function parseApiAddress(text: string): Result<ApiAddress> {
  if (/^(unix:)?\//.test(text)) return parseSocketPath(text.replace(/^unix:/, '').replace(/^\/\/+/, '/'));
  const endpoint = parseEndpoint(text.replace(/^http:\/\//, '').replace(/\/$/, ''), flagDefaults.apiPort);
  if (endpoint.ok) return accepted({ type: 'tcp', ...endpoint.value });
  return refused(`${quote(text)} must be unix:/PATH or IP:PORT, such as unix:/run/weft/weft.sock or 127.0.0.1:6784`);
}

/** unix(7): a socket's path has 108 octets, the last of them 0. */
function parseSocketPath(path: string): Result<ApiAddress> {
  const octets = Buffer.byteLength(path);
  if (octets > 107) return refused(`${quote(path)} has ${octets} octets; the path of a socket may have 107`);
  return accepted({ type: 'unix', path });
}

/** Reads an agent's address: a host name or IP address with an optional port. */
export function parsePeer(text: string): Result<string> {
  const hostAndPort = /^(?:\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(?::(\d{1,5}))?$/i.exec(text);
  const valid = parseAddress(text).ok || (hostAndPort !== null && Number(hostAndPort[2] ?? 1) <= 65_535);
  return valid ? accepted(text) : refused(`${quote(text)} must be host[:port], such as 10.0.0.1 or 10.0.0.1:6783`);
}

/** Where others dial: a host and no wildcard, which leads each of them to itself. */
export function parseAdvertised(text: string): Result<string> {
  if (/^(0\.0\.0\.0|\[?::\]?)(:\d+)?$/.test(text))
    return refused(`${quote(text)} must be an address that other hosts can dial`);
  return parsePeer(text);
}

export function parseDomainUpstream(text: string): Result<DomainUpstreams> {
  const [domainText = '', endpointText = ''] = text.split('=', 2);
  const domain = parseDomain(domainText);
  const endpoint = parseEndpoint(endpointText, flagDefaults.dnsPort);
  if (!domain.ok || !endpoint.ok)
    return refused(`${quote(text)} must be DOMAIN=IP[:PORT], such as corp.example=192.0.2.53`);
  return accepted({ domain: domain.value, upstreams: [endpoint.value] });
}

/** DNS leaves 63 characters for a label, and the host's name is shown in tables. */
export function parseHostName(text: string): Result<string> {
  if (/^[\w.-]{1,63}$/.test(text)) return accepted(text);
  return refused(`${quote(text)} must be 1 to 63 letters, digits, ".", "_" or "-"`);
}

export function mustParseApiAddress(text: string): ApiAddress {
  const parsed = parseApiAddress(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export function anyText(text: string): Result<string> {
  return text === '' ? refused('must not be empty') : accepted(text);
}

export function regularExpression(text: string): Result<RegExp> {
  try {
    return accepted(new RegExp(text.replaceAll('(?P<', '(?<')));
  } catch (error) {
    return refused(`${quote(text)} is no regular expression: ${error instanceof Error ? error.message : error}`);
  }
}

export function wholeNumber(least: number, most: number): (text: string) => Result<number> {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return accepted(value);
    return refused(`${quote(text)} must be a whole number from ${least} to ${most}`);
  };
}

export function oneOf<const T extends string>(choices: readonly T[]): (text: string) => Result<T> {
  return (text) => {
    const choice = choices.find((each) => each === text);
    return choice === undefined ? refused(`${quote(text)} must be one of ${choices.join(', ')}`) : accepted(choice);
  };
}
