import { chmod, lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { fileErrorCode } from '../file-problem.ts';
import { makeDirectory } from '../make-directory.ts';

/** The owner and the socket's group may talk to the agent; its group is the directory's where that is set-group-id. */
const socketMode = 0o660;

/** Makes room for a socket file: its directory, and no socket of an agent that died. Throws one clear sentence. */
export async function prepareSocketFile(path: string): Promise<void> {
  await makeDirectory(dirname(path)).catch((cause) => {
    throw new Error(`cannot make the directory ${dirname(path)} for the API's socket: ${because(cause)}`, { cause });
  });
  const stats = await lstat(path).catch(() => undefined);
  if (!stats) return;
  if (!stats.isSocket())
    throw new Error(`cannot listen on unix:${path}: there is a file of that name that is no socket`);
  if (await answers(path)) throw new Error(`cannot listen on unix:${path}: another agent answers there`);
  await rm(path, { force: true });
}

/** Lets the owner and group in, after `listen` made the file. */
export async function openSocketFile(path: string): Promise<void> {
  await chmod(path, socketMode);
}

/** Only of a socket that is refused is it certain that nobody has it: one that has too many waiting is there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket
      .once('connect', () => resolve(true))
      .once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(fileErrorCode(error) ?? '')));
    socket.once('connect', () => socket.destroy());
  });
}

function because(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'EACCES')
    return 'permission denied; be root, or choose another place with --api';
  return error instanceof Error ? error.message : String(error);
}
