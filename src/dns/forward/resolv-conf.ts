import { isIP } from 'node:net';
import type { Endpoint } from './options.ts';

/** What a resolv.conf names, and the lines of it that name nothing. */
export interface ResolvConf {
  readonly upstreams: readonly Endpoint[];
  readonly unreadable: readonly string[];
}

/** Reads the `nameserver` lines of resolv.conf(5); all else in it concerns resolvers, not forwarders. */
export function parseResolvConf(text: string): ResolvConf {
  const upstreams: Endpoint[] = [];
  const unreadable: string[] = [];
  for (const line of text.split('\n')) {
    const address = /^nameserver[ \t]+([^\s#;]+)/.exec(line)?.[1];
    if (address === undefined) continue;
    if (isIP(address)) upstreams.push({ address, port: dnsPort });
    else unreadable.push(address.slice(0, maxQuoted));
  }
  return { upstreams: upstreams.slice(0, maxUpstreams), unreadable: unreadable.slice(0, maxUpstreams) };
}

const dnsPort = 53;
/** libc reads three; a few more do no harm, and a file gone wild must not make us ask hundreds. */
const maxUpstreams = 8;
/** Longer than any address. */
const maxQuoted = 60;
