import { execFile } from 'node:child_process';
import { type Clock, every } from './clock.ts';

/**
 * Tells systemd how this service fares (sd_notify(3)), where a unit of `Type=notify` started it; says nothing elsewhere.
 * Node cannot write to a datagram socket of the Unix kind, so systemd's own program does: a process for each message,
 * of which there are a few in a lifetime and one for each half of `WatchdogSec=`. The unit needs `NotifyAccess=all`.
 */
export class ServiceManager {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #clock: Clock;
  #cancelWatchdog = () => {};

  constructor(environment: NodeJS.ProcessEnv, clock: Clock) {
    this.#environment = environment;
    this.#clock = clock;
  }

  /** It has started; from now on it is well as often as `isWell` resolves, where a watchdog asks for that. */
  async ready(isWell: () => Promise<void>): Promise<void> {
    await this.#notify('READY=1');
    const everyMs = watchdogMs(this.#environment) / 2;
    if (everyMs === 0) return;
    this.#cancelWatchdog = every(this.#clock, everyMs, async () => {
      await isWell();
      await this.#notify('WATCHDOG=1');
    });
  }

  /** It rereads its files, and is ready again when `reload` resolves. */
  async reloading(reload: () => Promise<void>): Promise<void> {
    // What `Type=notify-reload` of systemd 253 wants to know too: CLOCK_MONOTONIC.
    await this.#notify('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    await reload();
    await this.#notify('READY=1');
  }

  /** It ends. */
  async stopping(): Promise<void> {
    this.#cancelWatchdog();
    await this.#notify('STOPPING=1');
  }

  /** Resolves whether or not it was heard: nothing depends on it here. */
  #notify(...states: string[]): Promise<void> {
    const { NOTIFY_SOCKET, PATH } = this.#environment;
    if (!NOTIFY_SOCKET) return Promise.resolve();
    return new Promise((resolve) => {
      execFile('systemd-notify', states, { env: { NOTIFY_SOCKET, PATH }, timeout: patienceMs }, () => resolve());
    });
  }
}

/** A message takes milliseconds; nobody waits for one that does not get through. */
const patienceMs = 2_000;

/** What systemd waits between two signs of life; 0 where it does not, or asks another process for them. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID, NOTIFY_SOCKET }: NodeJS.ProcessEnv): number {
  const isOurs = WATCHDOG_PID === undefined || WATCHDOG_PID === `${process.pid}`;
  const microseconds = Number(WATCHDOG_USEC);
  return NOTIFY_SOCKET && isOurs && microseconds > 0 ? microseconds / 1000 : 0;
}
