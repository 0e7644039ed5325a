import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { fileErrorCode } from '../file-problem.ts';
import { holderOfSockets } from '../socket-holder.ts';
import type { ListenAddress } from './options.ts';

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

/**
 * Whether anybody answers by UDP there. Our own sockets share their port with each other, and the kernel would let them
 * share it with those of any other agent, which knows other names: each would get half of the questions.
 */
export async function isTaken({ address, port }: ListenAddress): Promise<boolean> {
  const ipv6 = isIPv6(address);
  const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6 });
  try {
    const listening = once(socket, 'listening');
    socket.bind(port, address);
    await listening;
    return false;
  } catch (error) {
    return fileErrorCode(error) === 'EADDRINUSE';
  } finally {
    socket.close();
  }
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
