/** `janitor.ts RUN`: waits until the process that owns a run of the lab is gone, and then clears what it left. */
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { endRun, isAlive, ownerOf, runWithId } from './run.ts';

const lookEveryMs = 100;

const run = runWithId(process.argv[2] ?? '');
const owner = ownerOf(run);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
// An owner that lives and has no directory any more has ended its run itself.
while (owner !== undefined && isAlive(owner) && existsSync(run.directory)) await pause(lookEveryMs);
if (owner !== undefined && !isAlive(owner)) endRun(run);
