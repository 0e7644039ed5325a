/** Bars of one unit under a title, longest first; `ours` in colour. */
export interface BarGroup {
  readonly title: string;
  readonly bars: readonly { readonly label: string; readonly value: number; readonly ours: boolean }[];
}

const barHeight = 22;
const gap = 8;
const titleHeight = 34;
const groupGap = 16;
const chartWidth = 460;
const valueWidth = 80;
/** Of a letter at 13 px, generously. */
const letterWidth = 7;

/** Groups of bars below each other; plain SVG that reads on light and dark pages. */
export function barChart(groups: readonly BarGroup[]): string {
  const longest = Math.max(...groups.flatMap(({ bars }) => bars.map(({ label }) => label.length)), 0);
  const labelWidth = Math.max(110, longest * letterWidth + 8);
  const parts: string[] = [];
  let top = 0;
  for (const group of groups) {
    parts.push(drawGroup(group, top, labelWidth));
    top += titleHeight + group.bars.length * (barHeight + gap) + groupGap;
  }
  const [width, height] = [labelWidth + chartWidth + valueWidth, top];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="13" fill="#868e96">${parts.join('')}</svg>\n`;
}

function drawGroup({ title, bars }: BarGroup, top: number, labelWidth: number): string {
  const sorted = bars.toSorted((one, other) => other.value - one.value);
  const most = Math.max(...sorted.map(({ value }) => value), 1);
  const rows = sorted.map(({ label, value, ours }, index) => {
    const y = top + titleHeight + index * (barHeight + gap);
    const width = Math.max(1, Math.round((value / most) * chartWidth));
    return [
      `<text x="${labelWidth - 8}" y="${y + 16}" text-anchor="end">${label}</text>`,
      `<rect x="${labelWidth}" y="${y}" width="${width}" height="${barHeight}" rx="3" fill="${ours ? '#0b7285' : '#adb5bd'}"/>`,
      `<text x="${labelWidth + width + 6}" y="${y + 16}">${value.toLocaleString('en')}</text>`,
    ].join('');
  });
  return `<text x="0" y="${top + 18}">${title}</text>${rows.join('')}`;
}
