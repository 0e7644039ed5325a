import type { Log } from '../log.ts';

/** What a thread says to its log, as the main thread writes it down. */
export interface LogLine {
  readonly level: keyof Log;
  readonly fields: object;
  readonly sentence: string;
}

/** The log of a thread: `tell` hands each line to the main thread, so that no thread loads a logger of its own. */
export function createThreadLog(tell: (line: LogLine) => void): Log {
  const at = (level: keyof Log) => (fields: object, sentence?: string) =>
    tell({ level, fields: asData(fields), sentence: sentence ?? '' });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The fields with errors as plain data: between threads an error would lose its code. */
function asData(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? errorAsData(value) : value]),
  );
}

function errorAsData(error: Error): object {
  const known = Object.entries(error).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message,
    stack,
    ...Object.fromEntries(known),
    ...(cause instanceof Error && { cause: errorAsData(cause) }),
  };
}
