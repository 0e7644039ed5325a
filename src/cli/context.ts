import type { AgentClient } from './client.ts';
import type { Paint } from './paint.ts';

/** What a command has to work with: an agent to ask, and somewhere to say it. */
export interface Context {
  readonly agent: AgentClient;
  /** Writes to standard output; text brings its own newlines. */
  out(text: string): void;
  /** Writes a remark to standard error, which standard output stays clean of. */
  remark(text: string): void;
  /** All of a file; of standard input for `-`. Throws one clear sentence where it cannot be read. */
  readInput(file: string): Promise<string>;
  readonly paint: Paint;
  /** Standard output where it is a terminal that can be redrawn. */
  readonly terminal: Terminal | undefined;
  /** Milliseconds since 1970. */
  now(): number;
  /** Aborted when the operator interrupts. */
  readonly interrupted: AbortSignal;
}

/** How much a terminal shows now; 0 where it does not know. */
export interface Terminal {
  readonly rows: number;
  readonly columns: number;
}

/** Writes a value as JSON on one line of its own. */
export function outJson(context: Context, value: unknown): void {
  context.out(`${jsonText(value, 2)}\n`);
}

/** JSON leaves the control characters past ASCII as they are, and a terminal obeys those too. */
export function jsonText(value: unknown, indent = 0): string {
  const escaped = (octet: string) => `\\u00${octet.charCodeAt(0).toString(16)}`;
  return JSON.stringify(value, null, indent).replace(/[\u007f-\u009f]/g, escaped);
}

/** Says what is wrong although it was done, where anything is. */
export function warn(context: Context, warning: string | undefined): void {
  if (warning !== undefined) context.remark(`warning: ${warning}\n`);
}
