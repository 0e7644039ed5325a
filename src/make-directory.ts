import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a directory and those above it. Not `mkdir` with `recursive`: below /proc that one tries for ever. */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  if ((await stat(path).catch(() => undefined))?.isDirectory()) return;
  const above = dirname(path);
  // What stands above and is no directory is told of by the `mkdir` below it.
  if (!(await exists(above))) await makeDirectory(above, mode);
  await mkdir(path, { mode }).catch(async (error) => {
    // Another agent may have made it at the same moment.
    const made = error.code === 'EEXIST' && (await stat(path)).isDirectory();
    if (!made) throw error;
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error) => error.code !== 'ENOENT',
  );
}
