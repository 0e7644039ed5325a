/** One bar of the chart. */
export interface Bar {
  readonly server: string;
  readonly perCpuSecond: number;
}

const barHeight = 22;
const gap = 8;
const labelWidth = 110;
const chartWidth = 460;

/** Answers per CPU-second as bars, longest first; plain SVG that reads on light and dark pages. */
export function chart(bars: readonly Bar[]): string {
  const sorted = [...bars].sort((one, other) => other.perCpuSecond - one.perCpuSecond);
  const most = Math.max(...sorted.map(({ perCpuSecond }) => perCpuSecond), 1);
  const height = 40 + sorted.length * (barHeight + gap);
  const rows = sorted.map(({ server, perCpuSecond }, index) => {
    const y = 34 + index * (barHeight + gap);
    const width = Math.max(1, Math.round((perCpuSecond / most) * chartWidth));
    const colour = server === 'Weft' ? '#0b7285' : '#adb5bd';
    return [
      `<text x="${labelWidth - 8}" y="${y + 16}" text-anchor="end">${server}</text>`,
      `<rect x="${labelWidth}" y="${y}" width="${width}" height="${barHeight}" rx="3" fill="${colour}"/>`,
      `<text x="${labelWidth + width + 6}" y="${y + 16}">${perCpuSecond.toLocaleString('en')}</text>`,
    ].join('');
  });
  const width = labelWidth + chartWidth + 80;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="13" fill="#868e96"><text x="0" y="18">Answers per CPU-second, 1,000 names of three addresses</text>${rows.join('')}</svg>\n`;
}
