import { Resolver } from 'node:dns/promises';

/** What a DNS question brought: the records as a zone file has them, or the code of why there are none. */
export type LookupResult =
  | { readonly ok: true; readonly answers: readonly string[] }
  | { readonly ok: false; readonly code: string };

/** The record types that can be asked for. */
export const lookupTypes = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const;
export type LookupType = (typeof lookupTypes)[number];

/** An agent on this host answers within a millisecond, its upstreams within seconds. */
const timeoutMs = 3_000;
const tries = 2;

/** Asks one DNS server, `IP:PORT`, one question. */
export async function lookUp(server: string, name: string, type: LookupType): Promise<LookupResult> {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  resolver.setServers([loopbackOf(server)]);
  try {
    return { ok: true, answers: await ask(resolver, name, type) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EUNKNOWN';
    return { ok: false, code };
  }
}

/** One that answers at every address answers here too; what is asked at 0.0.0.0 is answered from another address. */
function loopbackOf(server: string): string {
  return server.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
}

/** The name whose PTR record tells the names of an address (RFC 1035 section 3.5, RFC 3596 section 2.5). */
export function reverseName(address: string): string {
  if (!address.includes(':')) return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
  return `${[...expand(address)].reverse().join('.')}.ip6.arpa`;
}

async function ask(resolver: Resolver, name: string, type: LookupType): Promise<string[]> {
  switch (type) {
    case 'A':
      return resolver.resolve4(name);
    case 'AAAA':
      return resolver.resolve6(name);
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${exchange}.`);
    case 'SRV':
      return (await resolver.resolveSrv(name)).map(
        ({ priority, weight, port, name: target }) => `${priority} ${weight} ${port} ${target}.`,
      );
    case 'TXT':
      return (await resolver.resolveTxt(name)).map((strings) =>
        strings.map((text) => JSON.stringify(utf8(text))).join(' '),
      );
    case 'SOA':
      return [soaText(await resolver.resolveSoa(name))];
    case 'CNAME':
      return dotted(await resolver.resolveCname(name));
    case 'NS':
      return dotted(await resolver.resolveNs(name));
    case 'PTR':
      return dotted(await resolver.resolvePtr(name));
  }
}

/** Node reads each octet of a text as a character; Weft's own texts are UTF-8, as nearly all are. */
function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

function soaText({ nsname, hostmaster, serial, refresh, retry, expire, minttl }: Soa): string {
  return `${nsname}. ${hostmaster}. ${serial} ${refresh} ${retry} ${expire} ${minttl}`;
}

type Soa = Awaited<ReturnType<Resolver['resolveSoa']>>;

function dotted(names: readonly string[]): string[] {
  return names.map((name) => `${name}.`);
}

/** The 32 hexadecimal digits of an IPv6 address in its short spelling. */
function expand(address: string): string {
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const missing = address.includes('::') ? 8 - groups(head).length - groups(tail).length : 0;
  const all = [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)];
  return all.map((group) => group.padStart(4, '0')).join('');
}
