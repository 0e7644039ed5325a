import { readdirSync, readFileSync } from 'node:fs';

/** How much each thread of a process yields to other programs, lowest first: nice(1) values. */
export function nicenessOf(pid: number | string): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.map((thread) => nice(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'))).sort((a, b) => a - b);
}

/** proc_pid_stat(5): the 19th field, counted behind the name, which may hold spaces, and is the second. */
function nice(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[16]);
}
