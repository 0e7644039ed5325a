/** Colours text; on anything but a terminal it returns it as it is. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly dim: (text: string) => string;
}

export const noColours: Paint = { bold: same, red: same, green: same, yellow: same, dim: same };

/** ECMA-48 section 8.3.117 (SGR): the number that begins a rendition; 0 ends all. */
export const ansiColours: Paint = { bold: sgr(1), red: sgr(31), green: sgr(32), yellow: sgr(33), dim: sgr(2) };

function sgr(code: number): (text: string) => string {
  return (text) => `\u001b[${code}m${text}\u001b[0m`;
}

function same(text: string): string {
  return text;
}
