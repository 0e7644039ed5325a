import { isIP } from 'node:net';
import { calledBy } from '../called.ts';
import { type Context, warn } from './context.ts';
import { exitCodes, Failure } from './failure.ts';
import { nameServer } from './lookup.ts';
import type { RecordRow, RecordsReply, StatusReply } from './replies.ts';
import { mustBeAddress } from './static-records.ts';

/** What `dns-add` and `dns-remove` are about, in weave's grammar: `[IP…] CONTAINER [-h FQDN]` or `IP… -h FQDN`. */
interface Target {
  readonly container: string;
  readonly ips: readonly string[];
  /** What the container's addresses are called already. */
  readonly own: readonly RecordRow[];
  readonly domain: string;
}

/** `weft dns-add`: gives addresses a name; says nothing when all is well. */
export async function dnsAdd(context: Context, words: readonly string[], fqdn: string | undefined): Promise<void> {
  const { own, ...target } = await readTarget(context, words, fqdn);
  const name = fqdn ?? `${own[0]?.container?.name ?? target.container}.${target.domain}`;
  // Weft names containers by itself: a static record of the same would only outlive the container.
  const isThere = (ip: string) => own.some((row) => row.data === ip && row.fullName === name.replace(/\.$/, ''));
  const ips = target.ips.filter((ip) => !isThere(ip));
  await tellOfEach(context, 'PUT', { ...target, ips }, `?fqdn=${encodeURIComponent(name)}`);
}

/** `weft dns-remove`: takes names that were added by hand from addresses. */
export async function dnsRemove(context: Context, words: readonly string[], fqdn: string | undefined): Promise<void> {
  const target = await readTarget(context, words, fqdn);
  await tellOfEach(context, 'DELETE', target, fqdn === undefined ? '' : `?fqdn=${encodeURIComponent(fqdn)}`);
}

/** Tells the agent of one address after another; says once what is wrong although it was done. */
async function tellOfEach(
  context: Context,
  method: 'PUT' | 'DELETE',
  { container, ips }: Pick<Target, 'container' | 'ips'>,
  query: string,
): Promise<void> {
  let warning: string | undefined;
  for (const ip of ips) {
    const said = await context.agent.tell(method, `${namePath(container, ip)}${query}`);
    warning ??= said;
  }
  warn(context, warning);
}

/**
 * `weft dns-args`: the flags that make `docker run` use the agent, on one line without its end; nothing without DNS, and
 * a remark why, for the container starts all the same.
 */
export async function dnsArgs(context: Context): Promise<void> {
  const found = await nameServer(context).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.exitCode !== exitCodes.failed) throw error;
    context.remark(`weft: no --dns: ${error.message}\n`);
  });
  if (!found) return;
  const bound = found.server.replace(/:\d+$/, '').replace(/[[\]]/g, '');
  const address = ['0.0.0.0', '::'].includes(bound) ? gatewayOf(found.hosts, isIP(bound)) : bound;
  if (address === undefined)
    return context.remark(
      `weft: no --dns: it answers at ${bound}, every address of this host, and no bridge of containers is known here; ` +
        'give docker run one of them\n',
    );
  const port = /:(\d+)$/.exec(found.server)?.[1];
  if (port !== '53') context.remark(`weft: it answers at port ${port}, and containers ask at port 53 only\n`);
  context.out(`--dns=${address} --dns-search=${found.domains[0]}`);
}

/** What the engine's default bridge, or else another network of this host, has for its containers to ask. */
function gatewayOf(hosts: StatusReply['hosts'], family: number): string | undefined {
  const networks = hosts.find(({ status }) => status === 'self')?.record?.networks ?? [];
  const bridgeFirst = [...networks].sort((a, b) => Number(b.name === 'bridge') - Number(a.name === 'bridge'));
  return bridgeFirst.flatMap(({ gateways }) => gateways).find((gateway) => isIP(gateway) === family);
}

async function readTarget(context: Context, words: readonly string[], fqdn: string | undefined): Promise<Target> {
  const given = words.filter((word) => isIP(word) !== 0);
  const [container, ...more] = words.filter((word) => isIP(word) === 0);
  const stray = more[0] ?? (container !== undefined && words.at(-1) !== container ? container : undefined);
  if (stray !== undefined) throw wrongUsage(`"${stray}" is out of place: give IP addresses first, then one container`);
  const { records, domains } = await context.agent.get<RecordsReply>('/v1/records');
  const domain = domains[0] ?? '';
  if (container === undefined) {
    if (given.length === 0 || fqdn === undefined) throw wrongUsage('give a container, or addresses and -h FQDN');
    return { container: 'weave:extern', ips: given, own: [], domain };
  }
  if (container === '') throw wrongUsage('the name of the container is empty');
  const called = calledBy(container, records, (row) => row.container);
  if (!called.ok) throw wrongUsage(called.problem);
  const own = called.value;
  // One that was typed wrong must not be taken for a container, and the others be given the name without it.
  if (own.length === 0 && /^\d+(\.\d+)+$|:/.test(container)) mustBeAddress(container);
  const ips = given.length > 0 ? given : [...new Set(own.map((row) => row.data).filter((data) => isIP(data) !== 0))];
  // A container that is gone has no addresses to find out; with them it may still be cleaned up after.
  if (ips.length === 0) throw new Failure(`${container} container is not running.`);
  return { container, ips, own, domain };
}

function namePath(container: string, ip: string): string {
  return `/name/${encodeURIComponent(container)}/${encodeURIComponent(ip)}`;
}

function wrongUsage(problem: string): Failure {
  return new Failure(problem, exitCodes.wrongUsage);
}
