import { readdir } from 'node:fs/promises';

/** The process that the agent runs in. */
export interface ProcessMeasurements {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly startedAtSeconds: number;
  /** Undefined where the system does not tell. */
  readonly openFiles: number | undefined;
}

/** Measures this process, all of its threads together. */
export async function measureProcess(): Promise<ProcessMeasurements> {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const openFiles = await readdir('/proc/self/fd').then(
    (files) => files.length,
    () => undefined,
  );
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapBytes: heapUsed,
    startedAtSeconds: performance.timeOrigin / 1000,
    openFiles,
  };
}
