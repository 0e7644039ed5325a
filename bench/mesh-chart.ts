import { type BarGroup, barChart } from './bar-chart.ts';
import type { MeshReport } from './mesh.ts';

/** What one host costs in the largest mesh that was measured, and what is kept after churn, beside naive designs. */
export function meshChart(report: MeshReport): string {
  const { cost = [], fullState = [] } = report;
  const [[churn], [sharedMap]] = [report.churn ?? [], report.sharedMap ?? []];
  const [[statics], [sharedStatics]] = [report.statics ?? [], report.sharedStatics ?? []];
  const groups: (BarGroup | undefined)[] = [
    costGroup(cost, fullState, 'bytesPerSecond', 'Octets a second of one host'),
    costGroup(cost, fullState, 'cpuMillisecondsPerSecond', 'CPU milliseconds a second of one host'),
    churn &&
      sharedMap && {
        title: 'State after starts and stops on one host, times that of a fresh one',
        bars: [
          { label: `Weft, ${churn.events.toLocaleString('en')} events`, value: churn.timesFresh, ours: true },
          {
            label: `one Y.Map, ${sharedMap.events.toLocaleString('en')} events`,
            value: sharedMap.timesFresh,
            ours: false,
          },
        ],
      },
    statics &&
      sharedStatics && {
        title: `Octets kept of ${statics.living} static records after ${statics.changes.toLocaleString('en')} changes`,
        bars: [
          { label: 'Weft, signed', value: statics.stateBytes, ours: true },
          { label: 'one shared Y.Map, unsigned', value: sharedStatics.stateBytes, ours: false },
        ],
      },
  ];
  return barChart(groups.filter((group) => group !== undefined));
}

function costGroup(
  costs: NonNullable<MeshReport['cost']>,
  fullState: NonNullable<MeshReport['fullState']>,
  key: 'bytesPerSecond' | 'cpuMillisecondsPerSecond',
  title: string,
): BarGroup | undefined {
  const ours = costs.at(-1);
  const naive = fullState.find(({ hosts }) => hosts === ours?.hosts);
  if (ours === undefined || naive === undefined) return undefined;
  return {
    title: `${title}, ${ours.hosts.toLocaleString('en')} hosts of ${ours.containers} containers`,
    bars: [
      { label: 'Weft, idle', value: ours.idle[key], ours: true },
      { label: 'Weft, 100 changes a second', value: ours.busy[key], ours: true },
      { label: 'full state every 30 s', value: naive[key], ours: false },
    ],
  };
}
