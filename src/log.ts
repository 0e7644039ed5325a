import { type Logger, pino } from 'pino';

/** What a room may say; pino's shape: `log.warn({ peer }, 'sentence')`. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** The levels `--log-level` takes, least to most. */
export const logLevels = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** The process's logger, JSON lines on standard error, so that standard output stays for answers. */
export function createLog(level: (typeof logLevels)[number]): Logger {
  const destination = pino.destination({ fd: 2, sync: true, maxLength: maxWaitingBytes });
  // Where it leads may be on a full disk, which is no reason to end; it is tried again with the next line.
  destination.on('error', () => {});
  return pino({ level, base: undefined }, destination);
}

/** Octets of lines that could not be written and wait to be; what comes after those is lost. */
const maxWaitingBytes = 262_144;

/** A logger that says nothing, for tests and embedders. */
export const silentLog: Log = pino({ level: 'silent' });
