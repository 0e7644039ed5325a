import { type ChildProcess, execFile, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What a command said and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Instead of this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Readable;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** Long enough for an image to be built on a busy machine. */
const defaultTimeoutMs = 120_000;
const maxOutputBytes = 64 * 1024 * 1024;
/** As much of what a failed command said as helps to see why. */
const saidCharacters = 2000;

/** Runs a command to its end and returns what it printed; throws, with its error output, if it failed. */
export async function run(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, options);
  if (code !== 0)
    throw new Error(`\`${command.join(' ')}\` ended with ${code}: ${lastWords(stdout)}${lastWords(stderr)}`);
  return stdout;
}

/** Runs a command to its end, whatever that is; a command killed by a signal or by its time limit has code 128. */
export function attempt(command: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const [file = '', ...args] = command;
  const { env, input, cwd, timeoutMs = defaultTimeoutMs } = options;
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env: env ?? process.env, cwd, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: maxOutputBytes },
      (error, stdout, stderr) => resolve({ code: exitCode(error), stdout, stderr: stderr || (error?.message ?? '') }),
    );
    feed(child.stdin, input);
  });
}

/** Starts a command that goes on; `spawn` with the words in one list, as everywhere in the lab. */
export function startProcess(command: readonly string[], options: SpawnOptions): ChildProcess {
  const [file = '', ...args] = command;
  return spawn(file, args, options);
}

/** The blocking twin of `run` for tearing down, which must also work while the process is ending; never throws. */
export function runNow(command: readonly string[]): string {
  const [file = '', ...args] = command;
  return spawnSync(file, args, { encoding: 'utf8' }).stdout ?? '';
}

function lastWords(text: string): string {
  return text.slice(-saidCharacters);
}

function exitCode(error: Error | null): number {
  if (error === null) return 0;
  return 'code' in error && typeof error.code === 'number' ? error.code : 128;
}

function feed(stdin: Writable | null, input: string | Readable | undefined): void {
  // A command that ends before it has read its input is judged by its exit code.
  stdin?.on('error', () => {});
  if (input === undefined || typeof input === 'string') stdin?.end(input);
  else if (stdin !== null) void pipeline(input, stdin).catch(() => {});
}
