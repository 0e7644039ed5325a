import { readdir, readFile, readlink } from 'node:fs/promises';

const tables = ['udp', 'udp6', 'tcp', 'tcp6'].map((name) => `/proc/net/${name}`);
/** `/proc/net/tcp`: the state of a socket that listens; one that is connected does not hold the port from others. */
const listening = '0A';

/** Which process holds a port, as `dnsmasq (pid 123)`, as far as the system tells this user. */
export async function holderOf(port: number): Promise<string | undefined> {
  const inodes = new Set((await Promise.all(tables.map((table) => inodesOn(table, port)))).flat());
  if (inodes.size === 0) return undefined;
  for (const pid of await pids()) {
    if (!(await holds(pid, inodes))) continue;
    if (pid === String(process.pid)) return `this process (pid ${pid})`;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    return `${name.trim() || 'a process'} (pid ${pid})`;
  }
  return undefined;
}

/** Columns of these tables: number, local address, remote address, state, …; the tenth is the inode. */
async function inodesOn(table: string, port: number): Promise<string[]> {
  const text = await readFile(table, 'utf8').catch(() => '');
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return text.split('\n').flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    const [, local = '', , state] = columns;
    const held = local.endsWith(ending) && (table.includes('udp') || state === listening);
    return held ? (columns[9] ?? []) : [];
  });
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
