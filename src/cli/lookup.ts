import { isIP } from 'node:net';
import { parseName, quote } from '../record.ts';
import { type Context, outJson } from './context.ts';
import { harmless } from './decode.ts';
import { exitCodes, Failure } from './failure.ts';
import type { NameReply, StatusReply } from './replies.ts';
import { type LookupResult, type LookupType, lookUp, lookupTypes, reverseName } from './resolver.ts';

/** `weft lookup NAME [TYPE]`: asks the agent's own name server, as a container would; an address asks for its names. */
export async function lookup(
  context: Context,
  text: string,
  typeText: string | undefined,
  options: { json?: boolean },
): Promise<void> {
  const asked = typeText === undefined ? undefined : readType(typeText);
  const { server, domains } = await nameServer(context);
  const reverse = isIP(text) !== 0 && (asked === undefined || asked === 'PTR');
  const name = reverse ? reverseName(text) : await wholeName(context, text, domains);
  const types: readonly LookupType[] = reverse ? ['PTR'] : asked === undefined ? ['A', 'AAAA'] : [asked];
  const results = await Promise.all(types.map((type) => lookUp(server, name, type)));
  const answers = results.flatMap((result) => (result.ok ? result.answers : []));
  if (options.json) outJson(context, { name, types, server, answers, ...failureOf(results) });
  // Whoever owns a name chooses what it says.
  else context.out(answers.map((answer) => `${harmless(answer)}\n`).join(''));
  if (answers.length > 0) return;
  if (failureOf(results).code === 'EBADNAME') throw new Failure(whyNoName(name), exitCodes.wrongUsage);
  throw new Failure(sentence(results, name, types, server));
}

/** `weft dns-lookup NAME`: weave's; prints addresses only, and nothing at all where there are none. */
export async function dnsLookup(context: Context, text: string): Promise<void> {
  const { server, domains } = await nameServer(context);
  const name = await wholeName(context, text, domains);
  const result = await lookUp(server, name, 'A');
  if (!result.ok && !['ENOTFOUND', 'ENODATA'].includes(result.code))
    throw new Failure(sentence([result], name, ['A'], server));
  context.out((result.ok ? result.answers : []).map((answer) => `${answer}\n`).join(''));
}

interface NameServer {
  /** `IP:PORT`. */
  readonly server: string;
  readonly domains: readonly string[];
  readonly hosts: StatusReply['hosts'];
}

/** Where the agent answers questions, and for which domains. */
export async function nameServer({ agent }: Context): Promise<NameServer> {
  const { dns, domains, readiness, hosts } = await agent.get<StatusReply>('/v1/status');
  if (dns === undefined) throw new Failure('this agent answers no questions: it was started with --no-dns');
  const [server] = dns.listen;
  if (server === undefined) throw new Failure(readiness.reasons.join('; ') || 'this agent answers no questions yet');
  return { server, domains, hosts };
}

/** Completes a name as a container's search domain would: a known one, a single label or a service is ours. */
async function wholeName({ agent }: Context, text: string, domains: readonly string[]): Promise<string> {
  const bare = text.replace(/\.$/, '');
  const inside = domains.some((domain) => bare.toLowerCase() === domain || bare.toLowerCase().endsWith(`.${domain}`));
  if (inside || bare !== text) return bare;
  if (!bare.includes('.') || bare.startsWith('_')) return `${bare}.${domains[0]}`;
  const known = await agent.find<NameReply>(`/v1/names/${encodeURIComponent(bare)}`);
  return known?.fullName ?? bare;
}

function readType(text: string): LookupType {
  const type = lookupTypes.find((each) => each === text.toUpperCase());
  if (type) return type;
  throw new Failure(`record type "${text}" must be one of ${lookupTypes.join(', ')}`, exitCodes.wrongUsage);
}

function failureOf(results: readonly LookupResult[]): { readonly code?: string } {
  const failed = results.find((result) => !result.ok);
  return results.some((result) => result.ok) || !failed || failed.ok ? {} : { code: failed.code };
}

function sentence(results: readonly LookupResult[], name: string, types: readonly string[], server: string): string {
  const { code } = failureOf(results);
  switch (code) {
    case 'ENOTFOUND':
      return `there is no name ${name} (NXDOMAIN)`;
    case 'ENODATA':
    case undefined:
      return `${name} has no ${types.join(' or ')} record`;
    case 'EREFUSED':
      return `the name server at ${server} refuses to answer for ${name}`;
    case 'ESERVFAIL':
      return `the name server at ${server} could not find out about ${name} (SERVFAIL)`;
    case 'EBADNAME':
      return whyNoName(name);
    default:
      return `the name server at ${server} does not answer (${code})`;
  }
}

function whyNoName(name: string): string {
  const parsed = parseName(name, [], true);
  return parsed.ok ? `name ${quote(name)} cannot be asked for` : parsed.problem;
}
