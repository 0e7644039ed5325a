import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { HttpProblem } from './problem.ts';

/** Where the API listens: a socket file or an address. */
export type ApiAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'tcp'; readonly address: string; readonly port: number };

/** Who can reach an address: users whom the socket file's mode lets in, this host, or anybody. */
export type Reach = 'file' | 'host' | 'network';

export function reachOf(address: ApiAddress): Reach {
  if (address.type === 'unix') return 'file';
  return isLoopback(address.address) ? 'host' : 'network';
}

/** The parts of a request that decide whether it is let in. */
export interface Caller {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
}

/** What is asked of callers. */
export interface Admission {
  readonly token: string | undefined;
  /** The route holds no secret: it asks for no token. */
  readonly open?: boolean | undefined;
}

/**
 * Throws where a caller is not let in. On this host's own addresses a browser is the danger: a page of another site
 * reaches them by a name that resolves to 127.0.0.1 (DNS rebinding: the Host header tells) or by posting to them
 * (the Origin header tells). From the network only the token counts.
 */
export function admit(reach: Reach, caller: Caller, { token, open = false }: Admission): void {
  if (reach === 'network' && !open && !bears(caller.authorization, token))
    // RFC 9110 section 15.5.2: a 401 names the scheme it asks for.
    throw new HttpProblem(401, 'this address asks for a bearer token: the one in the file of --api-token-file', {
      'www-authenticate': 'Bearer',
    });
  if (reach === 'host' && !isLocalName(hostPart(caller.host)))
    throw new HttpProblem(421, 'the Host header must be an IP address or localhost, against DNS rebinding');
  if (caller.origin !== undefined && !sameSite(caller.origin, caller.host))
    throw new HttpProblem(403, 'pages of other sites may not call this API');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopback(address: string): boolean {
  return loopback.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function bears(authorization: string | undefined, token: string | undefined): boolean {
  const given = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (given === undefined || token === undefined) return false;
  return timingSafeEqual(digest(given), digest(token));
}

/** Of one length, so that comparing takes the same time whatever was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function isLocalName(host: string): boolean {
  return isIP(host) !== 0 || host === 'localhost' || host.endsWith('.localhost');
}

function hostPart(header: string | undefined): string {
  return (header ?? '')
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}

function sameSite(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}
