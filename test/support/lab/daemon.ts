import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { startProcess } from './command.ts';
import { until } from './until.ts';

/** How a process ended: its exit code, or the signal that ended it. */
export type Exit = number | NodeJS.Signals;

/** A process that goes on until it is stopped. */
export interface Daemon {
  readonly name: string;
  /** As this process counts; undefined for one that ended at once. */
  readonly pid: number | undefined;
  /** Everything it has said so far, on standard output and standard error. */
  log(): string;
  /** Undefined as long as it runs. */
  exit(): Exit | undefined;
  readonly exited: Promise<Exit>;
  signal(signal: NodeJS.Signals): void;
  /** Signals and waits for its end, with SIGKILL when it does not come; a process that has ended stays so. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<Exit>;
}

/** Longer than any grace the lab's own services take before they give up on what they run. */
const defaultGraceMs = 30_000;
const lastWordsMs = 100;

/** Starts `command`, which begins with an nsenter that forks: the daemon is nsenter's child. */
export async function startDaemon(
  name: string,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  log: Writable,
): Promise<Daemon> {
  const outer = startProcess(command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  for (const stream of [outer.stdout, outer.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said.push(text);
      log.write(text);
    });
  }
  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    outer.on('error', (error) => said.push(String(error)));
    // Its last words may still be in the pipe; but its descendants may keep the pipe open for ever.
    outer.on('exit', async (code, signal) => {
      await Promise.race([once(outer, 'close'), pause(lastWordsMs)]);
      exit = code ?? signal ?? 1;
      log.end();
      resolve(exit);
    });
  });
  const pid = await until(`${name} starts`, () => (exit === undefined ? childOf(outer.pid) : 'ended'));
  const signal = (kind: NodeJS.Signals) => {
    if (exit !== undefined || typeof pid !== 'number') return;
    sendQuietly(pid, kind);
    // nsenter stops itself when its child is stopped, and would not see its end.
    if (kind !== 'SIGSTOP' && outer.pid !== undefined) sendQuietly(outer.pid, 'SIGCONT');
  };
  const stop = async (kind: NodeJS.Signals = 'SIGTERM', graceMs = defaultGraceMs) => {
    signal(kind);
    const timer = setTimeout(() => signal('SIGKILL'), graceMs);
    return exited.finally(() => clearTimeout(timer));
  };
  return {
    name,
    pid: typeof pid === 'number' ? pid : undefined,
    log: () => said.join(''),
    exit: () => exit,
    exited,
    signal,
    stop,
  };
}

/** The first process that a process has started and not yet buried. */
export function childOf(pid: number | undefined): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return Number.parseInt(children, 10) || undefined;
  } catch {
    return undefined;
  }
}

function sendQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}
