import { isIP } from 'node:net';
import { parseAddress } from '../record.ts';
import { maxTtlSeconds } from '../record-limits.ts';
import { type Context, outJson, warn } from './context.ts';
import { exitCodes, Failure, Refusal } from './failure.ts';
import { addressCell } from './ls.ts';
import type { RecordRow, RemovedReply, StaticReply } from './replies.ts';

export interface AddOptions {
  readonly json?: boolean;
  readonly ttl?: string;
  readonly cname?: string;
  readonly srv?: readonly string[];
  readonly txt?: readonly string[];
  readonly replace?: boolean;
}

/** `weft add NAME [IP…]`: makes static records, for the whole mesh. */
export async function add(context: Context, name: string, ips: readonly string[], options: AddOptions): Promise<void> {
  if (isIP(name) !== 0)
    throw new Failure(
      `"${name}" is an address: give the name first, as in "weft add db ${name}"`,
      exitCodes.wrongUsage,
    );
  const body = {
    ...(ips.length > 0 && { addresses: ips.map(mustBeAddress) }),
    ...(options.cname !== undefined && { cname: options.cname }),
    ...(options.srv && { srv: options.srv.map(readService) }),
    ...(options.txt && { txt: options.txt }),
  };
  if (Object.keys(body).length === 0)
    throw new Failure(
      'give an address, --cname, --srv or --txt, such as "weft add db 192.0.2.7"',
      exitCodes.wrongUsage,
    );
  const ttl = options.ttl === undefined ? {} : { ttl: readTtl(options.ttl) };
  const query = options.replace ? '?replace=true' : '';
  const reply = await context.agent.put<StaticReply>(`${staticPath(name)}${query}`, { ...body, ...ttl });
  warn(context, reply.warning);
  if (options.json) return outJson(context, reply);
  context.out([...reply.records.map((record) => line('added', record)), ...removals(reply.removed)].join(''));
}

/** `weft rm NAME [IP…]`: removes all static records of a name, or these addresses. */
export async function rm(
  context: Context,
  name: string,
  ips: readonly string[],
  options: { json?: boolean },
): Promise<void> {
  const addresses = ips.map(mustBeAddress);
  const paths = addresses.map((address) => `${staticPath(name)}/${encodeURIComponent(address)}`);
  const removed: RecordRow[] = [];
  const missing: string[] = [];
  let warning: string | undefined;
  for (const path of paths.length > 0 ? paths : [staticPath(name)]) {
    const outcome = await context.agent.delete<RemovedReply>(path).catch(notThere);
    if (outcome instanceof Refusal) {
      missing.push(outcome.message);
      continue;
    }
    removed.push(...outcome.removed);
    warning ??= outcome.warning;
    if (!options.json) context.out(removals(outcome.removed).join(''));
  }
  warn(context, warning);
  if (options.json) outJson(context, { removed });
  if (missing.length > 0) throw new Failure(missing.join('\n'));
}

/** One address that is not there keeps no other from being removed; anything else that goes wrong does. */
function notThere(error: unknown): Refusal {
  if (error instanceof Refusal && error.exitCode === exitCodes.failed) return error;
  throw error;
}

function staticPath(name: string): string {
  return `/v1/static/${encodeURIComponent(name)}`;
}

function removals(records: readonly RecordRow[]): string[] {
  return records.map((record) => line('removed', record));
}

function line(verb: string, record: RecordRow): string {
  return `${verb} ${record.fullName} ${addressCell(record)}\n`;
}

/** The address in its one spelling; wrong usage where it is none. */
export function mustBeAddress(text: string): string {
  const address = parseAddress(text);
  if (!address.ok) throw new Failure(address.problem, exitCodes.wrongUsage);
  return address.value;
}

function readTtl(text: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) <= maxTtlSeconds) return Number(text);
  throw new Failure(
    `--ttl: "${text}" must be a whole number of seconds from 0 to ${maxTtlSeconds}`,
    exitCodes.wrongUsage,
  );
}

/** `PORT TARGET`, or all four fields of RFC 2782: `PRIORITY WEIGHT PORT TARGET`. */
function readService(text: string) {
  const fields = text.trim().split(/\s+/);
  const [priority, weight, port, target] = fields.length === 2 ? ['0', '0', ...fields] : fields;
  const numbers = [priority, weight, port].map((each) => (/^\d{1,5}$/.test(each ?? '') ? Number(each) : Number.NaN));
  if (target === undefined || fields.length > 4 || numbers.some((number) => !(number <= 65_535)))
    throw new Failure(
      `--srv: "${text}" must be "PORT TARGET" or "PRIORITY WEIGHT PORT TARGET", such as "27017 node0"`,
      exitCodes.wrongUsage,
    );
  return { priority: numbers[0], weight: numbers[1], port: numbers[2], target };
}
