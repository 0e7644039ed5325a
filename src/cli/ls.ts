import { type Context, outJson } from './context.ts';
import { Failure } from './failure.ts';
import type { NameReply, RecordRow, RecordsReply } from './replies.ts';
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

export interface LsOptions {
  readonly json?: boolean;
  readonly host?: string;
  readonly state?: string;
}

/** `weft ls [NAME]`: the records of all names, or of one. */
export async function ls(context: Context, name: string | undefined, options: LsOptions): Promise<void> {
  const all = name === undefined ? await everyRecord(context) : await recordsOf(context, name);
  const records = all.filter((record) => matches(record, options));
  if (options.json) return outJson(context, { records });
  if (records.length === 0)
    return context.remark(all.length === 0 ? 'nothing has a name yet\n' : 'no record matches\n');
  context.out(recordTable(records, context.now()));
}

/** The table of `weft ls` and `weft watch`. */
export function recordTable(records: readonly RecordRow[], now: number): string {
  const header = ['NAME', 'ADDRESS', 'CONTAINER', 'IMAGE', 'HOST', 'NETWORK', 'STATE', 'AGE'];
  return table(
    header,
    records.map((record) => [
      record.name,
      addressCell(record),
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

async function everyRecord({ agent }: Context): Promise<readonly RecordRow[]> {
  return (await agent.get<RecordsReply>('/v1/records')).records;
}

async function recordsOf({ agent }: Context, name: string): Promise<readonly RecordRow[]> {
  const reply = await agent.find<NameReply>(`/v1/names/${encodeURIComponent(name)}`);
  if (reply === undefined) throw new Failure(`nobody has the name ${name}`);
  return reply.records;
}

function matches(record: RecordRow, { host, state }: LsOptions): boolean {
  const onHost = host === undefined || record.host.name === host || record.host.id === host;
  const inState = state === undefined || record.state === state || (state === 'shadowed' && !!record.shadowed);
  return onHost && inState;
}
