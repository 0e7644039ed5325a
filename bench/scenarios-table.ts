import { type Cells, rows } from './scenarios-rows.ts';

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
    'start and end of a container before 1.11 (containers/aardvark-dns#389), which shows in questions that are lost.',
    '',
    'In the hot swap the new container is answered before the old one is told to stop, which then takes 4 seconds. Times of',
    'an end, a start and a failed check are those the engine gives; other times count from the moment of the command.',
    '',
  ].join('\n');
}
