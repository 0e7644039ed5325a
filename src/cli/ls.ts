import { isIP } from 'node:net';
import { quote } from '../record.ts';
import { type Context, outJson } from './context.ts';
import { Failure } from './failure.ts';
import type { HostsReply, NameReply, RecordRow, RecordsReply } from './replies.ts';
import { age, table } from './table.ts';

/** What `--state` takes: the states of records, and `shadowed`. */
export const states = [
  'running',
  'starting',
  'unhealthy',
  'paused',
  'draining',
  'quiet',
  'restarting',
  'stale',
  'unwatched',
  'static',
  'shadowed',
] as const;

/** What `--type` takes. */
export const types = ['A', 'AAAA', 'CNAME', 'SRV', 'TXT'] as const;

export interface LsOptions {
  readonly json?: boolean;
  readonly host?: string;
  readonly state?: string;
  readonly type?: string;
}

/** `weft ls [NAME]`: the records of all names, or of one, or of those that a pattern such as `web*` fits. */
export async function ls(context: Context, name: string | undefined, options: LsOptions): Promise<void> {
  const all = name === undefined ? await everyRecord(context) : await recordsOf(context, name);
  const records = all.filter((record) => matches(record, options));
  if (records.length === 0 && options.host !== undefined) await mustBeHost(context, options.host);
  if (options.json) return outJson(context, { records });
  if (records.length === 0)
    return context.remark(all.length === 0 && name === undefined ? 'nothing has a name yet\n' : 'no record matches\n');
  const rows = withServices(records).filter(({ type }) => options.type === undefined || type === options.type);
  context.out(recordTable(rows, context.now()));
}

/** The table of `weft ls` and `weft watch`. */
export function recordTable(records: readonly RecordRow[], now: number): string {
  const header = ['NAME', 'ADDRESS', 'CONTAINER', 'IMAGE', 'HOST', 'NETWORK', 'STATE', 'AGE'];
  return table(
    header,
    records.map((record) => [
      record.name,
      shortCell(record),
      record.container?.name ?? '-',
      record.container?.image ?? '-',
      record.host.name,
      record.network ?? '-',
      record.shadowed === undefined ? record.state : `${record.state}, shadowed`,
      age(now - record.since),
    ]),
  );
}

/** The content of a record; its type only where it is no address. */
export function addressCell({ type, data }: Pick<RecordRow, 'type' | 'data'>): string {
  if (data === '') return '-';
  return type === 'A' || type === 'AAAA' ? data : `${type} ${data}`;
}

/** The same for a table, which one long text would make wide for all rows. */
export function shortCell(record: Pick<RecordRow, 'type' | 'data'>): string {
  const cell = addressCell(record);
  return record.type === 'TXT' && cell.length > widestText ? `${cell.slice(0, widestText - 1)}…` : cell;
}

/** Wider than any address, and leaves room for the other columns of a usual terminal. */
const widestText = 48;

/** Records, and a row for each service of a container's, once for each name; what they lead to depends on who asks. */
function withServices(records: readonly RecordRow[]): RecordRow[] {
  const told = new Set<string>();
  return records.flatMap((record) => {
    const key = `${record.name} ${record.container?.id}`;
    if (record.services === undefined || told.has(key)) return [record];
    told.add(key);
    const services = record.services.map((text) => {
      const [service = '', port = ''] = text.split(':');
      return { ...record, name: `${service}.${record.name}`, type: 'SRV', data: `port ${port}` };
    });
    return [record, ...services];
  });
}

async function everyRecord({ agent }: Context): Promise<readonly RecordRow[]> {
  return (await agent.get<RecordsReply>('/v1/records')).records;
}

async function recordsOf(context: Context, name: string): Promise<readonly RecordRow[]> {
  const { agent } = context;
  if (name.includes('*')) {
    const fits = pattern(name);
    return (await everyRecord(context)).filter((record) => fits.test(record.name) || fits.test(record.fullName));
  }
  const reply = await agent.find<NameReply>(`/v1/names/${encodeURIComponent(name)}`);
  if (reply === undefined) throw new Failure(`nobody has the name ${name}${hintOf(name)}`);
  return reply.records;
}

function hintOf(name: string): string {
  return isIP(name) === 0 ? '' : `; "weft lookup ${name}" tells the names of an address`;
}

/** `*` stands for anything, as in a shell; everything else for itself, in any case. */
function pattern(name: string): RegExp {
  const parts = name.replace(/\.$/, '').split('*').map(RegExp.escape);
  return new RegExp(`^${parts.join('.*')}$`, 'i');
}

function matches(record: RecordRow, { host, state, type }: LsOptions): boolean {
  const onHost = host === undefined || isOf(record, host);
  const inState = state === undefined || record.state === state || (state === 'shadowed' && !!record.shadowed);
  const ofType = type === undefined || record.type === type || (type === 'SRV' && record.services !== undefined);
  return onHost && inState && ofType;
}

function isOf({ host }: RecordRow, text: string): boolean {
  return host.name === text || host.id === text;
}

/** Throws where nobody is called so: neither a host of the mesh, nor one that left and whose operators made records. */
async function mustBeHost(context: Context, host: string): Promise<void> {
  const { hosts } = await context.agent.get<HostsReply>('/v1/hosts');
  if (hosts.some(({ id, record }) => id === host || record?.name === host)) return;
  if ((await everyRecord(context)).some((record) => isOf(record, host))) return;
  const names = hosts.map(({ id, record }) => record?.name ?? id);
  throw new Failure(`there is no host ${quote(host)}; those there are: ${names.join(', ')}`);
}
