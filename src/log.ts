import { type Logger, pino } from 'pino';

/** What a room may say; pino's shape: `log.warn({ peer }, 'sentence')`. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** The levels `--log-level` takes, least to most. */
export const logLevels = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** The process's logger, JSON lines on standard error, so that standard output stays for answers. */
export function createLog(level: (typeof logLevels)[number]): Logger {
  return pino({ level, base: undefined }, pino.destination({ fd: 2, sync: true }));
}

/** A logger that says nothing, for tests and embedders. */
export const silentLog: Log = pino({ level: 'silent' });
