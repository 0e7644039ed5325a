import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from './lab/until.ts';

/** An agent starts in half a second; on a machine with ten times the work it can do, in many. */
const startMs = 120_000;
const main = join(import.meta.dirname, '../../src/main.ts');

/** `weft up` as a process of this machine, on loopback. */
export interface AgentProcess extends AsyncDisposable {
  readonly process: ChildProcess;
  /** All it has said so far. */
  said(): string;
  /** Its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Waits until it has started; throws with what it said where it ends before. */
  started(): Promise<void>;
}

export interface AgentProcessOptions {
  /** Flags without their dashes; an empty value is a switch. */
  readonly flags: Readonly<Record<string, string>>;
  readonly peers?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts an agent; its end kills it, where it still runs. */
export function startAgentProcess({ flags, peers = [], env = {} }: AgentProcessOptions): AgentProcess {
  const words = Object.entries(flags).flatMap(([flag, value]) => (value === '' ? [`--${flag}`] : [`--${flag}`, value]));
  const child = spawn(process.execPath, [main, 'up', ...peers, ...words], { env: { PATH: process.env.PATH, ...env } });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    process: child,
    said: () => said,
    ended,
    started: async () => {
      const isOver = () => said.includes('"started"') || child.exitCode !== null || child.signalCode !== null;
      await until('the agent has started', isOver, startMs);
      if (!said.includes('"started"')) throw new Error(`it ended with ${await ended}: ${said}`);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
