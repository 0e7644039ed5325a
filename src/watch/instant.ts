/**
 * Instants by the engine's own clock, in whole microseconds since 1970: as exact as a number holds today's nanoseconds,
 * and enough to tell two runs of a container apart.
 */
const microsPerMs = 1_000;
const microsPerSecond = 1_000_000;
const nanosPerMicro = 1_000;

/** Reads RFC 3339 with any number of fraction digits; undefined for what is none, and for year 1 ("never"). */
export function instantOf(text: string): number | undefined {
  const ms = Date.parse(text);
  if (!Number.isFinite(ms) || ms <= 0) return undefined;
  const digits = /\.(\d+)/.exec(text)?.[1] ?? '';
  return ms * microsPerMs + Number(digits.padEnd(6, '0').slice(3, 6));
}

/**
 * The instant of an event, from its `timeNano`, or else from its `time` in seconds: then the last one of that second,
 * since what is known that badly must not look older than it is.
 */
export function eventInstant(timeNano: number | undefined, time: number | undefined): number | undefined {
  if (timeNano !== undefined) return Math.floor(timeNano / nanosPerMicro);
  return time === undefined ? undefined : (time + 1) * microsPerSecond - 1;
}

export function instantToMs(instant: number): number {
  return Math.floor(instant / microsPerMs);
}
