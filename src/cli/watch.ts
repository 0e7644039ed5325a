import { setTimeout as pause } from 'node:timers/promises';
import { type Context, jsonText, type Terminal } from './context.ts';
import { decode } from './decode.ts';
import { readEvents, type StreamEvent } from './events.ts';
import { Failure, Refusal } from './failure.ts';
import { addressCell, recordTable } from './ls.ts';
import type { RecordRow, WatchEvent } from './replies.ts';

/** An agent that restarts is back within a second or two. */
const reconnectMs = 1_000;
/** ECMA-48: cursor to the top left, erase from there to the end of the screen. */
const redraw = '\u001b[H\u001b[J';

/**
 * `weft watch [NAME…]`: on a terminal the table of `weft ls`, redrawn as it changes; elsewhere a line for each record
 * that comes or goes; with `json` each event on a line. Outlives the agent's restarts; ends when interrupted.
 */
export async function watch(context: Context, names: readonly string[], options: { json?: boolean }): Promise<void> {
  const known = new Map<string, readonly RecordRow[]>();
  const query = names.map((name) => `name=${encodeURIComponent(name)}`).join('&');
  let lastId: string | undefined;
  let isGone = false;
  while (!context.interrupted.aborted) {
    try {
      for await (const event of events(context, `/v1/watch?${query}`, lastId)) {
        lastId = event.id;
        if (isGone) context.remark('the agent is back\n');
        isGone = false;
        show(context, known, event, options.json ?? false);
      }
    } catch (error) {
      // The first time there must be an agent; afterwards it may be restarting.
      if (lastId === undefined || !isAbsence(error)) throw error;
    }
    if (context.interrupted.aborted) return;
    if (!isGone) context.remark('the agent is gone; waiting for it\n');
    isGone = true;
    await pause(reconnectMs, undefined, { signal: context.interrupted }).catch(() => undefined);
  }
}

async function* events(context: Context, path: string, lastId: string | undefined): AsyncIterable<StreamEvent> {
  const reply = await context.agent.open(path, lastId === undefined ? {} : { 'last-event-id': lastId });
  const end = () => reply.destroy();
  context.interrupted.addEventListener('abort', end, { once: true });
  try {
    yield* readEvents(reply);
  } catch (error) {
    // A stream that breaks is what an agent that ends looks like.
    if (!context.interrupted.aborted) context.remark(`${error instanceof Error ? error.message : error}\n`);
  } finally {
    context.interrupted.removeEventListener('abort', end);
    reply.destroy();
  }
}

function show(context: Context, known: Map<string, readonly RecordRow[]>, event: StreamEvent, json: boolean): void {
  const change = decode<WatchEvent>(event.data);
  if (json) {
    context.out(`${jsonText({ event: event.type, ...change })}\n`);
    return;
  }
  const lines = merge(known, change, event.type === 'snapshot', context.now());
  const { terminal } = context;
  if (terminal === undefined) {
    context.out(lines.join(''));
    return;
  }
  const rows = [...known.keys()].sort().flatMap((name) => known.get(name) ?? []);
  context.out(`${redraw}${fitted(recordTable(rows, context.now()), terminal)}`);
}

/** As much of a table as the terminal shows: whatever scrolled out of it would be beyond the next redrawing. */
function fitted(table: string, { rows, columns }: Terminal): string {
  const lines = table.split('\n').slice(0, -1);
  // The cursor stands in a line of its own below.
  const shown = rows > 0 && lines.length > rows - 1 ? lines.slice(0, Math.max(1, rows - 2)) : lines;
  const left = lines.length - shown.length;
  const all = left > 0 ? [...shown, `… and ${left} more; \`weft watch NAME…\` shows some only`] : shown;
  return all.map((line) => `${columns > 0 ? line.slice(0, columns) : line}\n`).join('');
}

/** Brings what is known up to date; returns a line for each record that came or went. A snapshot tells of all names. */
function merge(known: Map<string, readonly RecordRow[]>, { names }: WatchEvent, whole: boolean, now: number): string[] {
  const told = new Set(names.map(({ name }) => name));
  const gone = whole ? [...known.keys()].filter((name) => !told.has(name)) : [];
  return [...names, ...gone.map((name) => ({ name, records: [] }))].flatMap(({ name, records }) => {
    const lines = differences(known.get(name) ?? [], records, now);
    if (records.length > 0) known.set(name, records);
    else known.delete(name);
    return lines;
  });
}

function differences(before: readonly RecordRow[], after: readonly RecordRow[], now: number): string[] {
  const time = new Date(now).toISOString();
  const line = (sign: string) => (row: RecordRow) =>
    `${time} ${sign} ${row.name} ${addressCell(row)} ${row.state} on ${row.host.name}\n`;
  const missing = (from: readonly RecordRow[], these: readonly RecordRow[]) =>
    from.filter((row) => !these.some((each) => keyOf(each) === keyOf(row)));
  return [...missing(before, after).map(line('-')), ...missing(after, before).map(line('+'))];
}

function keyOf({ type, data, state, host, container }: RecordRow): string {
  return [type, data, state, host.name, container?.id].join(' ');
}

/** What an agent says of the request will be no different the next time; that it breaks off may. */
function isAbsence(error: unknown): boolean {
  return error instanceof Failure && !(error instanceof Refusal);
}
