/** One record as dig prints it. */
export interface DigRecord {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly type: string;
  /** In zone-file words. */
  readonly data: string;
}

/** An answer as dig shows it; `rcode` is `TIMEOUT` when none came. */
export interface DigAnswer {
  readonly rcode: string;
  /** In lower case: `qr`, `aa`, `tc`, … */
  readonly flags: readonly string[];
  readonly answer: readonly DigRecord[];
  readonly authority: readonly DigRecord[];
}

/** The options that make dig print just what `parseDig` reads, asking once and waiting two seconds. */
export const digOptions = ['+nocmd', '+noquestion', '+nostats', '+tries=1', '+time=2'] as const;

export function parseDig(text: string): DigAnswer {
  return {
    rcode: /status: (\w+)/.exec(text)?.[1] ?? 'TIMEOUT',
    flags: /;; flags: ([a-z ]*);/.exec(text)?.[1]?.split(' ').filter(Boolean) ?? [],
    answer: section(text, 'ANSWER'),
    authority: section(text, 'AUTHORITY'),
  };
}

function section(text: string, name: string): DigRecord[] {
  const block = text.split(`;; ${name} SECTION:\n`)[1]?.split('\n\n')[0] ?? '';
  return block.split('\n').filter(Boolean).map(parseRecord);
}

function parseRecord(line: string): DigRecord {
  const [name = '', ttl = '', , type = '', ...data] = line.split(/\s+/);
  return { name, ttlSeconds: Number(ttl), type, data: data.join(' ') };
}
