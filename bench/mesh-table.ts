import type { MeshReport } from './mesh.ts';
import type { Propagation } from './propagation.ts';

export type LabPropagation = Propagation & { readonly command: string };

/** Of the design; the table says where one is missed. */
const budgets = { propagationMs: 150, timesFresh: 2, joinMs: 3_000, joinMegabytes: 200 };

/** The report as Markdown tables, with each budget and whether it was kept. */
export function meshTable(report: MeshReport, lab: LabPropagation | undefined): string {
  const sections = [propagation(report, lab), churn(report), statics(report), joins(report), costs(report)];
  return sections
    .filter((lines) => lines.length > 2)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function propagation({ propagation = [] }: MeshReport, lab: LabPropagation | undefined): string[] {
  const labRow = lab && [
    `${lab.hosts} on the lab, since the engine's event (bench/results/propagation.json, \`${lab.command}\`)`,
    lab.sinceStarted.p50,
    judged(lab.sinceStarted.p99, budgets.propagationMs, 'ms'),
  ];
  return table(
    ['a change is on all hosts of', 'p50 ms', 'p99 ms'],
    [
      ...propagation.map(({ hosts, p50, p99, changes, arrivedEverywhere }) => [
        `${hosts} in simulation (${arrivedEverywhere} of ${changes} changes)`,
        p50,
        judged(p99, budgets.propagationMs, 'ms'),
      ]),
      ...(labRow ? [labRow] : []),
    ],
  );
}

function churn({ churn = [], sharedMap = [] }: MeshReport): string[] {
  return table(
    ['starts and stops on one host', 'state, octets', 'times a fresh one', 'largest on the way', 'heap grown, MB'],
    [
      ...churn.map((each) => [
        `Weft, ${count(each.events)}`,
        count(each.stateBytes),
        judged(each.timesFresh, budgets.timesFresh, ''),
        each.largestTimesFresh,
        each.heapGrownMegabytes,
      ]),
      ...sharedMap.map((each) => [
        `one shared Y.Map, ${count(each.events)}`,
        count(each.stateBytes),
        each.timesFresh,
        '',
        '',
      ]),
    ],
  );
}

function statics({ statics = [], sharedStatics = [] }: MeshReport): string[] {
  const row = (label: string) => (each: { changes: number; living: number; stateBytes: number }) => [
    `${label}, ${count(each.changes)}`,
    each.living,
    count(each.stateBytes),
  ];
  return table(
    ['changes of static records by three hosts', 'alive', 'state, octets'],
    [...statics.map(row('Weft, every edit signed')), ...sharedStatics.map(row('one shared Y.Map, unsigned'))],
  );
}

function joins({ joinReplicating = [], joinAnswering = [] }: MeshReport): string[] {
  return table(
    [
      'a joiner knows all',
      'pace of the machine',
      's after its first link',
      'its CPU s since then',
      'its neighbours’, on the same machine',
      's after its start',
      'its CPU s since then',
      'memory, MB',
      '12 s later',
      'peak',
    ],
    [...joinReplicating, ...joinAnswering].map((each) => [
      `${count(each.hosts)} hosts of ${each.containers}, ${each.answering ? 'with its name server' : 'replicating only'}`,
      each.pace,
      judged(each.msSinceFirstLink / 1000, budgets.joinMs / 1000, 's'),
      each.cpuSecondsSinceFirstLink,
      each.neighboursCpuSeconds,
      each.msSinceProcessStart / 1000,
      each.cpuSeconds,
      judged(each.rssMegabytes, budgets.joinMegabytes, 'MB'),
      each.rssLaterMegabytes,
      each.peakMegabytes,
    ]),
  );
}

function costs({ cost = [], fullState = [] }: MeshReport): string[] {
  return table(
    [
      'one host, each second',
      'links',
      'octets idle',
      'octets busy',
      'CPU ms idle',
      'CPU ms busy',
      'full state every 30 s',
    ],
    cost.map(({ hosts, links, idle, busy }) => {
      const naive = fullState.find((each) => each.hosts === hosts);
      return [
        `${count(hosts)} hosts`,
        links,
        count(idle.bytesPerSecond),
        count(busy.bytesPerSecond),
        idle.cpuMillisecondsPerSecond,
        busy.cpuMillisecondsPerSecond,
        naive ? `${count(naive.bytesPerSecond)} octets, ${naive.cpuMillisecondsPerSecond} CPU ms` : '',
      ];
    }),
  );
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

function judged(value: number, budget: number, unit: string): string {
  return value <= budget ? String(value) : `${value} (MISSED: ≤ ${budget} ${unit})`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
