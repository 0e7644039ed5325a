import { readFile } from 'node:fs/promises';
import { holderOfSockets } from '../socket-holder.ts';

const tables = ['udp', 'udp6', 'tcp', 'tcp6'].map((name) => `/proc/net/${name}`);
/** `/proc/net/tcp`: the state of a socket that listens; one that is connected does not hold the port from others. */
const listening = '0A';

/** Which process holds a port, as `dnsmasq (pid 123)`, as far as the system tells this user. */
export async function holderOf(port: number): Promise<string | undefined> {
  const inodes = new Set((await Promise.all(tables.map((table) => inodesOn(table, port)))).flat());
  const holder = await holderOfSockets(inodes);
  if (holder === undefined) return undefined;
  return `${holder.pid === process.pid ? 'this process' : holder.name} (pid ${holder.pid})`;
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
