import { barChart } from './bar-chart.ts';

/** One bar of the chart. */
export interface Bar {
  readonly server: string;
  readonly perCpuSecond: number;
}

/** Answers per CPU-second as bars, longest first. */
export function chart(bars: readonly Bar[]): string {
  const title = 'Answers per CPU-second, 1,000 names of three addresses';
  return barChart([
    {
      title,
      bars: bars.map(({ server, perCpuSecond }) => ({ label: server, value: perCpuSecond, ours: server === 'Weft' })),
    },
  ]);
}
