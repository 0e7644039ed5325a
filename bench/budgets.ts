import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { median } from './quantiles.ts';

/**
 * What Weft promises in figures, beside what the last results say: the table that the README shows. A test compares the
 * two; `node bench/budgets.ts` prints the table.
 */

const measuredInTurns = z.object({
  name: z.string(),
  perCpuSecond: z.number(),
  ofEcho: z.object({ median: z.number() }),
});
const waited = z.object({ calm: z.object({ p99Ms: z.number() }), mostStolen: z.number() });
const underChurn = z.object({
  questionsPerSecond: z.number(),
  changesPerSecond: z.number(),
  changes: waited,
  withoutChanges: waited,
  echo: waited,
});
type UnderChurn = z.output<typeof underChurn>;
const joined = z.object({
  pace: z.number(),
  msSinceFirstLink: z.number(),
  rssMegabytes: z.number(),
  peakMegabytes: z.number(),
});
type Joined = z.infer<typeof joined>;
const results = {
  turns: read('dns-beside-echo', z.object({ rows: z.array(measuredInTurns) })),
  churn: read('dns-churn', z.object({ full: underChurn, proportional: underChurn })),
  propagation: read('propagation', z.object({ sinceStarted: z.object({ p50: z.number(), p99: z.number() }) })),
  mesh: read(
    'mesh',
    z.object({
      churn: z.tuple([z.object({ events: z.number(), timesFresh: z.number() })]),
      joinReplicating: z.array(joined),
      joinAnswering: z.array(joined),
    }),
  ),
  agent: read(
    'agent',
    z.object({
      floor: z.object({ nodeWithThread: z.object({ megabytes: z.number() }) }),
      agent: z.object({ megabytes: z.number(), ownMegabytes: z.number(), firstAnswerMs: z.number() }),
    }),
  ),
};

interface Row {
  readonly promise: string;
  readonly measured: string;
  readonly kept: boolean;
  readonly script: string;
}

/** The table in Markdown; what is not kept is bold. */
export function budgetTable(): string {
  const rows = [...speed(), ...mesh(), ...agent()].map(({ promise, measured, kept, script }) => [
    promise,
    kept ? measured : `**${measured}**`,
    `\`npm run ${script}\``,
  ]);
  const head = ['promised', 'measured', 'by'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function speed(): Row[] {
  const rows = results.turns.rows.filter(({ name }) => name.startsWith('Weft'));
  const shares = rows.map(({ ofEcho }) => ofEcho.median);
  const answers = rows.map(({ perCpuSecond }) => perCpuSecond);
  const [fewest, most] = [Math.min(...answers), Math.max(...answers)];
  const { full, proportional } = results.churn;
  return [
    {
      promise: 'answers per CPU-second with 1,000 names within 5 % of a bare `node:dgram` echo',
      measured: `${shares.map((share) => share.toFixed(2)).join(', ')} of it with ${rows.map(sizeOf).join(', ')} names`,
      kept: rows.every((row) => sizeOf(row) !== '1,000' || row.ofEcho.median >= 0.95),
      script: 'bench:dns-beside-echo',
    },
    {
      promise: 'as many with 100,000 names as with 10, within 5 %',
      measured: `${((1 - fewest / most) * 100).toFixed(1)} % between the most and the fewest`,
      kept: fewest >= 0.95 * most,
      script: 'bench:dns-beside-echo',
    },
    {
      promise: '99 % of 20,000 answers a second within 1 ms while 1,000 records change each second',
      measured: `${waits(full)}; of ${workOf(proportional)}, as much for this machine: ${waits(proportional)}`,
      kept: full.changes.calm.p99Ms <= 1,
      script: 'bench:dns-churn',
    },
  ];
}

function waits(measured: UnderChurn): string {
  const { changes, withoutChanges, echo } = measured;
  const [changing, without, bare] = [changes, withoutChanges, echo].map(({ calm }) => tenths(calm.p99Ms));
  return `${changing} ms (${without} without changes, ${bare} the echo; others took up to ${taken(measured)} % of the processors)`;
}

function workOf({ questionsPerSecond, changesPerSecond }: UnderChurn): string {
  return `${questionsPerSecond.toLocaleString('en')} with ${changesPerSecond.toLocaleString('en')} changes`;
}

/** Percent of the processors that others had at most in the rounds that count. */
function taken({ changes, withoutChanges, echo }: UnderChurn): string {
  return tenths(Math.max(...[changes, withoutChanges, echo].map(({ mostStolen }) => mostStolen)) * 100);
}

function mesh(): Row[] {
  const { p50, p99 } = results.propagation.sinceStarted;
  const { churn, joinReplicating, joinAnswering } = results.mesh;
  const [{ events, timesFresh }] = churn;
  return [
    {
      promise: 'a started container is answered on every host within 150 ms, 99 % of the time',
      measured: `${tenths(p99)} ms, the median ${tenths(p50)}`,
      kept: p99 <= 150,
      script: 'bench:propagation',
    },
    {
      promise: `${events.toLocaleString('en')} starts and stops leave at most twice the state of a fresh host`,
      measured: `${timesFresh} times`,
      kept: timesFresh <= 2,
      script: 'bench:mesh',
    },
    joining('knows them all', joinReplicating),
    joining('knows them all and answers', joinAnswering),
  ];
}

/** The medians of several joins, each into a mesh of its own. */
function joining(what: string, runs: readonly Joined[]): Row {
  const [seconds, paces, inProportion, megabytes, peaks] = [
    runs.map(({ msSinceFirstLink }) => msSinceFirstLink / 1000),
    runs.map(({ pace }) => pace),
    runs.map(({ msSinceFirstLink, pace }) => (msSinceFirstLink / 1000) * pace),
    runs.map(({ rssMegabytes }) => rssMegabytes),
    runs.map(({ peakMegabytes }) => peakMegabytes),
  ];
  return {
    promise: `a host that joins 1,000 hosts of 50 containers ${what} within 3 s, in 200 MB`,
    measured: `${spread(seconds, 's', hundredths)} in ${runs.length} joins, at ${spread(paces, 'times', hundredths)} the pace: in proportion ${spread(inProportion, 's', hundredths)}; ${spread(megabytes, 'MB')}, at the peak ${spread(peaks, 'MB')}`,
    kept: median(seconds) <= 3 && median(megabytes) <= 200,
    script: 'bench:mesh',
  };
}

/** The median, and from where to where they go. */
function spread(values: readonly number[], unit: string, show = tenths): string {
  return `${show(median(values))} ${unit} (${show(Math.min(...values))} to ${show(Math.max(...values))})`;
}

function agent(): Row[] {
  const { megabytes, ownMegabytes, firstAnswerMs } = results.agent.agent;
  const floor = results.agent.floor.nodeWithThread.megabytes;
  return [
    {
      promise: 'an agent with 10,000 records takes 110 MB',
      measured: `${megabytes} MB, ${ownMegabytes} of them its own; Node with an empty thread takes ${floor}`,
      kept: megabytes <= 110,
      script: 'bench:agent',
    },
    {
      promise: 'it answers within 1 s of its start',
      measured: `${hundredths(firstAnswerMs / 1000)} s`,
      kept: firstAnswerMs <= 1_000,
      script: 'bench:agent',
    },
  ];
}

/** Of `Weft, 1,000 names`. */
function sizeOf({ name }: { readonly name: string }): string {
  return name.replace(/^Weft, | names$/g, '');
}

function hundredths(value: number): string {
  return value.toFixed(2);
}

function tenths(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

function read<T>(name: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(new URL(`results/${name}.json`, import.meta.url), 'utf8')));
}

if (import.meta.main) console.log(budgetTable());
