import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

/** What the system calls a process of Node. */
const nodeThread = 'MainThread';

/** A process that has a socket open. */
export interface SocketHolder {
  readonly pid: number;
  /** The name of its program; "a process" where the system does not tell. */
  readonly name: string;
}

/** The process that holds one of these sockets, by their inode numbers, as far as the system tells this user. */
export async function holderOfSockets(inodes: ReadonlySet<string>): Promise<SocketHolder | undefined> {
  if (inodes.size === 0) return undefined;
  for (const pid of await pids()) {
    if (!(await holds(pid, inodes))) continue;
    return { pid: Number(pid), name: (await nameOf(pid)) || 'a process' };
  }
  return undefined;
}

/** Node calls itself after its first thread, whatever it runs: then it is the program's file that people know. */
async function nameOf(pid: string): Promise<string> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const name = (await read('comm')).trim();
  if (name !== nodeThread) return name;
  const [program = name, ...words] = (await read('cmdline')).split('\0');
  return basename(words.find((word) => /\.[cm]?[jt]s$/.test(word)) ?? program);
}

async function pids(): Promise<string[]> {
  const names = await readdir('/proc').catch(() => []);
  return names.filter((name) => /^\d+$/.test(name));
}

async function holds(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return targets.some((target) => inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? ''));
}
