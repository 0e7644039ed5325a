import { isIP } from 'node:net';
import { type Context, outJson } from './context.ts';
import { exitCodes, Failure } from './failure.ts';
import { shortCell } from './ls.ts';
import type { ExplainReply } from './replies.ts';
import { mustBeAddress } from './static-records.ts';
import { age, table } from './table.ts';

export interface ExplainOptions {
  readonly from?: string;
  readonly json?: boolean;
}

/** `weft explain NAME [--from IP]`: why each record of a name is answered or not, and what became of the name lately. */
export async function explain(context: Context, name: string, { from, json }: ExplainOptions): Promise<void> {
  if (isIP(name) !== 0)
    throw new Failure(`"${name}" is an address: "weft lookup ${name}" tells its names`, exitCodes.wrongUsage);
  const query = from === undefined ? '' : `?from=${encodeURIComponent(mustBeAddress(from))}`;
  const reply = await context.agent.get<ExplainReply>(`/v1/explain/${encodeURIComponent(name)}${query}`);
  if (json) return outJson(context, reply);
  const paragraphs = [
    `${context.paint.bold(reply.fullName)}, asked by ${reply.asker}: ${reply.outcome}\n`,
    recordsText(reply, context),
    [...(reply.notes ?? []), ...hints(reply, name)].map((note) => `note: ${note}\n`).join(''),
    historyText(reply, context),
  ];
  context.out(paragraphs.filter((paragraph) => paragraph !== '').join('\n'));
}

function recordsText({ records }: ExplainReply, context: Context): string {
  if (records.length === 0) return '';
  const header = ['ANSWERED', 'RECORD', 'CONTAINER', 'SAID BY', 'AGE', 'REASON'];
  return table(
    header,
    records.map((record) => [
      record.answered ? 'yes' : 'no',
      shortCell(record),
      record.container ?? '-',
      record.source,
      record.since === undefined ? '-' : age(context.now() - record.since),
      record.reason,
    ]),
  );
}

/** Where to go on from here: an alias leads elsewhere, and a name with dots may have been meant whole. */
function hints({ name, records }: ExplainReply, asked: string): string[] {
  const alias = records.find(({ type, answered }) => type === 'CNAME' && answered);
  if (alias) return [`it is an alias: whoever asks for an address gets those of ${alias.data.replace(/\.$/, '')}`];
  if (records.length > 0 || asked.toLowerCase() !== name || !/^([^_].*\.|localhost$)/.test(name)) return [];
  return [`only names of the mesh are explained; if ${name} itself was meant: "weft lookup ${name}."`];
}

function historyText({ history }: ExplainReply, context: Context): string {
  const lines = history.flatMap(({ at, added, removed }) => {
    const when = `${age(context.now() - at)} ago`;
    return [...removed.map((record) => `${when}  - ${record}\n`), ...added.map((record) => `${when}  + ${record}\n`)];
  });
  return lines.join('');
}
