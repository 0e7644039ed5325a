import { readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/**
 * How much sooner than the rest of the agent an answering thread gets a core, in steps of nice(1). An answer takes some
 * microseconds, and whoever asked can do nothing until it is there; where cores are busy, it waited milliseconds for one.
 */
const steps = 5;

/**
 * Has the scheduler prefer the calling thread, if the system lets this user: root and those with CAP_SYS_NICE or a limit
 * (`LimitNICE=` of systemd, `--ulimit nice` of Docker) may. Returns whether it does. On Linux each thread has a priority
 * of its own (setpriority(2), "C library/kernel differences").
 */
export function preferThisThread(): boolean {
  try {
    // `PID/task/TID`
    const thread = Number(basename(readlinkSync('/proc/thread-self')));
    setPriority(thread, Math.max(constants.priority.PRIORITY_HIGHEST, getPriority(thread) - steps));
    return true;
  } catch {
    return false;
  }
}
