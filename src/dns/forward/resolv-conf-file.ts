import { type FSWatcher, watch } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, every } from '../../clock.ts';

/** What the file held, or why it could not be read. */
export type FileReading =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'error'; readonly problem: string };

/**
 * Follows one small file, whatever happens to it: written in place, renamed over, a symbolic link turned elsewhere,
 * gone and back. The system's events make it quick, reading it again on a timer makes it certain.
 */
export class ResolvConfFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #listener: (reading: FileReading) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #stopPolling = () => {};
  #cancelSoon: (() => void) | undefined;
  #last: string | undefined;
  #stopped = false;

  /** `listener` hears the first reading and every one that differs from the one before. */
  constructor(path: string, clock: Clock, pollMs: number, listener: (reading: FileReading) => void) {
    this.#path = path;
    this.#clock = clock;
    this.#pollMs = pollMs;
    this.#listener = listener;
  }

  /** Resolves after the first reading. */
  async start(): Promise<void> {
    await this.read();
    if (!this.#stopped) this.#stopPolling = every(this.#clock, this.#pollMs, () => this.read());
  }

  stop(): void {
    this.#stopped = true;
    this.#stopPolling();
    this.#cancelSoon?.();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Reads it now. Never rejects. */
  async read(): Promise<void> {
    const reading = await readSmallFile(this.#path);
    await this.#watchDirectories();
    const seen = reading.type === 'text' ? `=${reading.text}` : `!${reading.problem}`;
    if (this.#stopped || seen === this.#last) return;
    this.#last = seen;
    this.#listener(reading);
  }

  /** Directories, since a file that is replaced takes its watcher with it: the link's own and the one it leads to. */
  async #watchDirectories(): Promise<void> {
    const target = await realpath(this.#path).catch(() => this.#path);
    const wanted = new Set([dirname(this.#path), dirname(target)]);
    for (const [directory, watcher] of this.#watchers) if (!wanted.has(directory)) this.#unwatch(directory, watcher);
    for (const directory of wanted) if (!this.#stopped && !this.#watchers.has(directory)) this.#watch(directory);
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#readSoon());
      watcher.on('error', () => this.#unwatch(directory, watcher));
      this.#watchers.set(directory, watcher);
    } catch {
      // No such directory, or the system has no watches left: the timer reads it.
    }
  }

  #unwatch(directory: string, watcher: FSWatcher): void {
    watcher.close();
    this.#watchers.delete(directory);
  }

  /** One change makes several events. */
  #readSoon(): void {
    this.#cancelSoon ??= this.#clock.after(settleMs, () => {
      this.#cancelSoon = undefined;
      void this.read();
    });
  }
}

/** Long enough for a writer to finish, short enough that nobody notices. */
const settleMs = 50;
/** A hundred times the largest that makes sense. */
const maxOctets = 65_536;

async function readSmallFile(path: string): Promise<FileReading> {
  try {
    const info = await stat(path);
    if (!info.isFile()) return { type: 'error', problem: 'it is not a file' };
    if (info.size > maxOctets) return { type: 'error', problem: `it is larger than ${maxOctets} octets` };
    return { type: 'text', text: await readFile(path, 'utf8') };
  } catch (error) {
    return { type: 'error', problem: error instanceof Error ? error.message : String(error) };
  }
}
