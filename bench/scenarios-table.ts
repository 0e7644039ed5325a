import { type Cells, rows } from './scenarios-rows.ts';
import { isFailure } from './scenarios-words.ts';

/** For each core; three hosts, their engines and their askers alone stay below. */
const busy = 2;

/** One peer's part of the table. */
export interface Column {
  readonly title: string;
  readonly setup: string;
  readonly cells: Cells;
}

/** On what, when and how busy. */
export interface MeasuredOn {
  readonly command: string;
  readonly date: string;
  readonly machine: string;
  readonly cores: number;
  readonly loadAverage: number;
  /** Of the programs beside Weft, as they say it. */
  readonly versions: readonly string[];
}

/** The page docs/scenarios.md. */
export function scenarioTable(measuredOn: MeasuredOn, columns: readonly Column[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    '# The same scenarios with Weft and beside it',
    '',
    `Made by \`${measuredOn.command}\` on ${measuredOn.date}: real containers on three hosts of the lab, one run for all columns,`,
    `the same program asking 200 times a second in each. Machine: ${measuredOn.machine};`,
    `load average at the end ${measuredOn.loadAverage}. Every "cannot" is what a try showed, not what was believed.`,
    ...remarks(measuredOn, columns),
    '',
    line(['', ...columns.map(({ title }) => title)]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map(([row, name]) => line([name, ...columns.map(({ cells }) => cells[row] ?? 'not tried')])),
    '',
    '## How each is set up',
    '',
    ...columns.map(({ title, setup }) => `- **${title}**: ${setup}.`),
    '',
    `Versions: ${measuredOn.versions.join(', ')}, as Debian has them. aardvark-dns closes all its sockets for a moment at each`,
    'start and end of a container before 1.11 (containers/aardvark-dns#389), which shows in questions that are lost. Netavark lets',
    "the bridge's hardware address change with the containers before 1.9 (containers/netavark#833), which can silence a name server on",
    'it for many seconds; here the address is fixed, as later versions do it, so that this does not count against aardvark-dns.',
    '',
    'In the hot swap the new container is answered before the old one is told to stop, which then takes 4 seconds. Times of',
    'an end, a start and a failed check are those the engine gives; other times count from the moment of the command.',
    '',
  ].join('\n');
}

/** A loaded machine lets all of them look slower than they are; it must be said where it is so. */
function remarks({ loadAverage, cores }: MeasuredOn, columns: readonly Column[]): string[] {
  const failed = columns.flatMap(({ cells }) => Object.values(cells)).filter(isFailure).length;
  return [
    ...(loadAverage > busy * cores
      ? ['The machine was busy with other work too: read the times as upper bounds.']
      : []),
    ...(failed > 0 ? [`Rows that failed: ${failed}; the reason is in the cell, and may be the try's own.`] : []),
  ];
}
