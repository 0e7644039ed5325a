import { parseAddress, parseName } from '../record.ts';
import { maxTtlSeconds, maxTxtCharacters } from '../record-limits.ts';
import { accepted, type Result, refused } from '../result.ts';
import { type Context, jsonText, warn } from './context.ts';
import { Failure, Refusal } from './failure.ts';
import { readHostsFile, writeHostsFile } from './hosts-file.ts';
import type { Imported, ImportedRecord } from './imported.ts';
import { Progress } from './progress.ts';
import type { RecordsReply, StaticReply, StatusReply } from './replies.ts';
import { counted } from './table.ts';
import { readWeaveReport } from './weave-file.ts';
import { readZoneFile, writeZoneFile } from './zone-file.ts';

export const exportFormats = ['hosts', 'zone'] as const;
/** Requests at once: those of one round reach the disk in a write or two. */
const atOnce = 32;

export const importFormats = ['hosts', 'zone', 'weave'] as const;

/** `weft export`: all records as a hosts file or a zone file. */
export async function exportRecords(
  context: Context,
  options: { format: (typeof exportFormats)[number]; static?: boolean },
): Promise<void> {
  const { records, domains } = await context.agent.getExactly<RecordsReply>('/v1/records');
  const { dns } = await context.agent.get<StatusReply>('/v1/status');
  const rows = records.filter(({ source, shadowed }) => (options.static ? source === 'static' : !shadowed));
  const zone = () => writeZoneFile(rows, domains[0] ?? '', dns?.ttlSeconds ?? 1);
  context.out(options.format === 'hosts' ? writeHostsFile(rows) : zone());
}

/** `weft import FILE`: makes static records of a hosts file, a zone file or the output of `weave report`. */
export async function importRecords(
  context: Context,
  file: string,
  options: { format?: (typeof importFormats)[number] } & PutOptions,
): Promise<void> {
  const { domains } = await context.agent.get<RecordsReply>('/v1/records');
  // Some editors put the mark of UTF-8 before a text.
  const text = (await context.readInput(file)).replace(/^\ufeff/, '');
  const { records, skipped } = read(text, options.format ?? recognise(text), domains[0] ?? '');
  const isOurs = ({ fullName }: ImportedRecord) => domains.some((domain) => fullName.endsWith(`.${domain}`));
  const foreign = new Set(records.filter((record) => !isOurs(record)).map(({ fullName }) => fullName));
  const remarks = [...skipped, ...[...foreign].map((name) => `${name} is not below ${domains.join(' or ')}`)];
  for (const remark of remarks) context.remark(`left out: ${remark}\n`);
  const ours = records.filter(isOurs);
  if (ours.length === 0) context.remark('nothing to import\n');
  const failed = await put(context, ours, options);
  if (failed > 0) throw new Failure(`${counted(failed, 'name')} could not be imported`);
}

function recognise(text: string): (typeof importFormats)[number] {
  if (text.trimStart().startsWith('{')) return 'weave';
  // What a comment says in passing, such as "in the first column", is no record.
  return /^\$(ORIGIN|TTL)|^[^#;]*\sIN\s+[A-Z]+\s/im.test(text) ? 'zone' : 'hosts';
}

function read(text: string, format: (typeof importFormats)[number], domain: string): Imported {
  switch (format) {
    case 'weave':
      return readWeaveReport(text);
    case 'zone':
      return readZoneFile(text, domain);
    case 'hosts':
      return readHostsFile(text, domain);
  }
}

interface PutOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds all records of a name and time to live in one request; tells of each name that the agent refuses. */
async function put(context: Context, records: readonly ImportedRecord[], options: PutOptions): Promise<number> {
  const groups = [...Map.groupBy(records, ({ fullName, ttlSeconds }) => `${fullName} ${ttlSeconds}`).values()];
  // What is only a list would be worth nothing without its lines.
  const progress = options.dryRun ? undefined : new Progress(context, records.length);
  let failed = 0;
  let warning: string | undefined;
  try {
    for (let begun = 0; begun < groups.length; begun += atOnce) {
      const some = groups.slice(begun, begun + atOnce);
      const outcomes = await Promise.allSettled(some.map((group) => putGroup(context, group, options)));
      const added = some.filter((_, index) => outcomes[index]?.status === 'fulfilled').flat();
      if (options.json || !progress?.replacesLines)
        context.out(added.map((record) => addedLine(record, options)).join(''));
      for (const [index, outcome] of outcomes.entries())
        if (outcome.status === 'rejected') failed += refusedOrThrow(context, some[index] ?? [], outcome.reason);
        else warning ??= outcome.value;
      progress?.advance(some.flat().length);
    }
  } finally {
    progress?.end();
    warn(context, warning);
  }
  return failed;
}

/** Returns what is wrong although it was done. */
async function putGroup(
  { agent }: Context,
  group: readonly ImportedRecord[],
  options: PutOptions,
): Promise<string | undefined> {
  mustBeRight(group);
  if (options.dryRun) return undefined;
  const path = `/v1/static/${encodeURIComponent(group[0]?.fullName ?? '')}`;
  return (await agent.put<StaticReply>(path, bodyOf(group))).warning;
}

/** Refuses what can be told to be wrong without the agent, so that a dry run tells of it too. */
function mustBeRight(group: readonly ImportedRecord[]): void {
  const wrong = group.flatMap(partsOf).find((each) => !each.ok);
  if (wrong?.ok === false) throw new Refusal(wrong.problem);
  if (group.some(({ content }) => content.type === 'cname') && new Set(group.map(contentText)).size > 1)
    throw new Refusal('an alias must be alone, and the file has more of this name (RFC 1034 section 3.6.2)');
}

function partsOf({ fullName, content, ttlSeconds = 0 }: ImportedRecord): Result<unknown>[] {
  const name = parseName(fullName, [], true);
  const ttl = mustBe(ttlSeconds <= maxTtlSeconds, `the time to live is longer than ${maxTtlSeconds} seconds, a week`);
  switch (content.type) {
    case 'address':
      return [name, ttl, parseAddress(content.address)];
    case 'cname':
      return [name, ttl, parseName(content.target, [])];
    case 'srv':
      return [
        name,
        ttl,
        ...[content.priority, content.weight, content.port].map(mustFit),
        parseName(content.target, []),
      ];
    case 'txt':
      return [
        name,
        ttl,
        mustBe(content.text.length <= maxTxtCharacters, `a text may have at most ${maxTxtCharacters} characters`),
      ];
  }
}

/** RFC 2782: the numbers of a service have 16 bits. */
function mustFit(number: number): Result<true> {
  const fits = Number.isInteger(number) && number >= 0 && number <= 65_535;
  return mustBe(fits, 'SRV takes PRIORITY WEIGHT PORT TARGET, the first three from 0 to 65535');
}

function mustBe(holds: boolean, problem: string): Result<true> {
  return holds ? accepted(true) : refused(problem);
}

function addedLine(record: ImportedRecord, { dryRun = false, json }: PutOptions): string {
  if (json) return `${jsonText({ added: !dryRun, ...record })}\n`;
  return `${dryRun ? 'would add' : 'added'} ${record.fullName} ${contentText(record)}\n`;
}

/** Says why a name was refused and counts as one; throws what is not the name's fault. */
function refusedOrThrow(context: Context, group: readonly ImportedRecord[], error: unknown): number {
  if (!(error instanceof Refusal)) throw error;
  context.remark(`${group[0]?.fullName}: ${error.message}\n`);
  return 1;
}

function bodyOf(group: readonly ImportedRecord[]) {
  const contents = group.map(({ content }) => content);
  const addresses = contents.flatMap((each) => (each.type === 'address' ? [each.address] : []));
  const txt = contents.flatMap((each) => (each.type === 'txt' ? [each.text] : []));
  const srv = contents.flatMap(({ type, ...fields }) => (type === 'srv' ? [fields] : []));
  const cname = contents.find((each) => each.type === 'cname');
  const ttl = group[0]?.ttlSeconds;
  return {
    ...(addresses.length > 0 && { addresses }),
    ...(txt.length > 0 && { txt }),
    ...(srv.length > 0 && { srv }),
    ...(cname && { cname: cname.target }),
    ...(ttl !== undefined && { ttl }),
  };
}

function contentText({ content }: ImportedRecord): string {
  switch (content.type) {
    case 'address':
      return content.address;
    case 'cname':
      return `CNAME ${content.target}.`;
    case 'srv':
      return `SRV ${content.priority} ${content.weight} ${content.port} ${content.target}.`;
    case 'txt':
      return `TXT ${jsonText(content.text)}`;
  }
}
