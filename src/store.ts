import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import { fileErrorCode, fileProblem, isForbidden } from './file-problem.ts';
import { keysFile, type Lock, type LockOptions, takeLock } from './lock.ts';
import type { Log } from './log.ts';
import { makeDirectory } from './make-directory.ts';
import { quote } from './record.ts';
import { Writer } from './writer.ts';

/** The data directory: whole small files, read at start and replaced when they change. */
export interface Store {
  /** The bytes last written, or `undefined` where there are none or they are damaged; throws when it may not look. */
  read(file: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces the file at once or not at all. Resolves also when the disk is full or read-only: see `problem()`; the bytes
   * are then tried again until the disk takes them or newer ones.
   */
  write(file: string, bytes: Uint8Array): Promise<void>;
  /** Keeps a file that nobody here can read under another name, and logs what was found: it "is of version 9". */
  setAside(file: string, found: string): Promise<void>;
  /** Why something that was written is not on the disk, as one sentence; `undefined` once all is. */
  problem(): string | undefined;
  /** Who had the directory before this agent, and who asks for it after. */
  readonly succession: Pick<Lock, 'predecessor' | 'succeeds' | 'successor'>;
  /** Waits for the writes under way, tries once more what failed, and lets another agent have the directory; may be called twice. */
  close(): Promise<void>;
}

interface StoreParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly lock: LockOptions;
}

/** `weft 1 SHA256\n` before the bytes, so that a torn, truncated or edited file is told from a whole one. */
const headerPattern = /^weft 1 ([0-9a-f]{64})\n/;
const headerLength = 'weft 1 \n'.length + 64;
const temporarySuffix = '.new';

/**
 * Opens a data directory, making it where it is missing, for this process alone.
 * Throws one clear error when it cannot be used or when another agent uses it.
 */
export async function openStore(dataDir: string, { clock, log, lock: options }: StoreParts): Promise<Store> {
  await openDirectory(dataDir);
  const lock = await takeLock(dataDir, options, clock);
  await clearAway(dataDir);
  const writer = new Writer({
    replace: (file, bytes) => replaceFile(dataDir, file, bytes),
    pathOf: (file) => join(dataDir, file),
    clock,
    log,
  });
  // Also the first proof that the disk takes writes.
  await writeFile(join(dataDir, keysFile), lock.keys, { mode: 0o600 }).catch((error) => writer.report(keysFile, error));

  return {
    read: (file) => readChecked(dataDir, file, { clock, log }),
    write: (file, bytes) => writer.write(file, bytes),
    setAside: (file, found) => keepAside(dataDir, file, 'unread', found, { clock, log }),
    problem: () => writer.problem,
    succession: lock,
    close: async () => {
      await writer.close();
      await lock.release();
    },
  };
}

async function openDirectory(dataDir: string): Promise<void> {
  try {
    await makeDirectory(dataDir, 0o700);
    await readdir(dataDir);
  } catch (error) {
    const advice = isForbidden(error) ? '; be root, or choose another with --data-dir' : '';
    throw new Error(`data directory ${quote(dataDir)} cannot be used: ${fileProblem(error)}${advice}`, {
      cause: error,
    });
  }
}

/** What a crash left in the middle of a write; not before the lock is held, since it may be another's write. */
async function clearAway(dataDir: string): Promise<void> {
  const leftovers = (await readdir(dataDir)).filter((name) => name.endsWith(temporarySuffix));
  await Promise.all(leftovers.map((name) => rm(join(dataDir, name)).catch(() => {})));
}

async function readChecked(
  dataDir: string,
  file: string,
  parts: Omit<StoreParts, 'lock'>,
): Promise<Uint8Array | undefined> {
  const path = join(dataDir, file);
  const whole = await readFile(path).catch((error: unknown) => {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw new Error(`cannot read ${quote(path)}: ${fileProblem(error)}`, { cause: error });
  });
  if (whole === undefined) return undefined;
  const content = whole.subarray(headerLength);
  const sum = headerPattern.exec(whole.subarray(0, headerLength).toString('latin1'))?.[1];
  if (sum === checksumOf(content)) return new Uint8Array(content);
  await keepAside(dataDir, file, 'damaged', 'is damaged', parts);
  return undefined;
}

async function keepAside(
  dataDir: string,
  file: string,
  state: 'damaged' | 'unread',
  found: string,
  { clock, log }: Omit<StoreParts, 'lock'>,
): Promise<void> {
  const aside = `${file}.${state}-${new Date(clock.wallNow()).toISOString().replaceAll(':', '-')}`;
  const text = `${quote(file)} in the data directory ${found}; the agent goes on without it`;
  try {
    await rename(join(dataDir, file), join(dataDir, aside));
    log.error({ file, aside }, `${text}, and keeps it as ${quote(aside)}`);
  } catch (error) {
    log.error({ err: error, file }, `${text}; it cannot be kept under another name: ${fileProblem(error)}`);
  }
}

/** Writes beside the file, to the disk, and only then over it; so a crash leaves the old or the new, never a half. */
async function replaceFile(dataDir: string, file: string, bytes: Uint8Array): Promise<void> {
  const path = join(dataDir, file);
  const temporary = `${path}${temporarySuffix}`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    // One after the other: the directory of a large mesh has megabytes, and a copy of them would stay until garbage is collected.
    await handle.writeFile(`weft 1 ${checksumOf(bytes)}\n`, 'latin1');
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  const directory = await open(dataDir, 'r');
  await directory.sync().finally(() => directory.close());
}

function checksumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
