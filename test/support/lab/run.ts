import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runNow } from './command.ts';

/** Everything a run of the lab makes on the machine carries this prefix and the run's id, and so can be found again. */
const prefix = 'weft-lab-';
const cgroupRoot = '/sys/fs/cgroup';
/** Killed processes are gone in milliseconds; this only bounds the wait. */
const killTimeoutMs = 10_000;

/** One run of the lab: its names on the machine, and its end. */
export interface Run {
  readonly id: string;
  readonly directory: string;
  /** Absolute as the engine wants it, below every hierarchy of `/sys/fs/cgroup`. */
  readonly cgroup: string;
  /** The name of a network namespace of this run. */
  namespace(name: string): string;
}

/** Begins a run: its directory with the mark of the process that owns it. Remnants of dead runs are cleared first. */
export function beginRun(): Run {
  sweep();
  const run = runWithId(randomBytes(3).toString('hex'));
  mkdirSync(run.directory, { recursive: true });
  writeFileSync(join(run.directory, 'owner'), JSON.stringify({ pid: process.pid, startTime: startTime(process.pid) }));
  return run;
}

/** Ends every process of the run and removes all it made. May be called twice, and on a run that never got far. */
export function endRun(run: Run): void {
  const namespaces = namespacesOf(run);
  killAll(namespaces);
  for (const namespace of namespaces) runNow(['ip', 'netns', 'del', namespace]);
  removeCgroups(run.cgroup);
  rmSync(run.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

/** Clears what runs whose owner has died left behind, and returns their ids. */
export function sweep(): string[] {
  const dead = [...new Set([...idsOfDirectories(), ...idsOfNamespaces()])].filter((id) => !isOwned(runWithId(id)));
  for (const id of dead) endRun(runWithId(id));
  return dead;
}

/** What is left on the machine of a run, by name; empty after `endRun`. */
export function remnants(run: Run): string[] {
  const directories = readdirSync(tmpdir()).filter((name) => name === `${prefix}${run.id}`);
  const cgroups = hierarchies().flatMap((root) => readdirSync(root).filter((name) => `/${name}` === run.cgroup));
  return [...namespacesOf(run), ...directories, ...cgroups];
}

/** Kills every process that is in one of these network namespaces and waits until none is left. */
export function killAll(namespaces: readonly string[]): void {
  const deadline = performance.now() + killTimeoutMs;
  for (;;) {
    const pids = namespaces.flatMap(pidsIn);
    if (pids.length === 0 || performance.now() > deadline) return;
    for (const pid of pids) killQuietly(pid);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

/** The run of this id, whether or not there is one. */
export function runWithId(id: string): Run {
  return {
    id,
    directory: join(tmpdir(), `${prefix}${id}`),
    cgroup: `/${prefix}${id}`,
    namespace: (name) => `${prefix}${id}-${name}`,
  };
}

function idsOfDirectories(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
}

function idsOfNamespaces(): string[] {
  return allNamespaces().map((name) => name.slice(prefix.length).replace(/-.*$/, ''));
}

function namespacesOf(run: Run): string[] {
  return allNamespaces().filter((name) => name.startsWith(run.namespace('')));
}

function allNamespaces(): string[] {
  const lines = runNow(['ip', 'netns', 'list']).split('\n');
  return lines.map((line) => line.split(' ')[0] ?? '').filter((name) => name.startsWith(prefix));
}

const ownerShape = z.object({ pid: z.int(), startTime: z.string() });

/** A process number may be given out again, so the owner is known by its start time as well. */
function isOwned(run: Run): boolean {
  try {
    const owner = ownerShape.parse(JSON.parse(readFileSync(join(run.directory, 'owner'), 'utf8')));
    return startTime(owner.pid) === owner.startTime;
  } catch {
    return false;
  }
}

/** Ticks since boot when the process began: field 22 of proc(5) stat, counted after the name, which may hold spaces. */
function startTime(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function pidsIn(namespace: string): number[] {
  return runNow(['ip', 'netns', 'pids', namespace]).split('\n').filter(Boolean).map(Number);
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

function removeCgroups(cgroup: string): void {
  for (const root of hierarchies()) removeTree(join(root, cgroup));
}

/** The one unified hierarchy, or one for each controller. */
function hierarchies(): string[] {
  const below = readdirSync(cgroupRoot, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [
    cgroupRoot,
    ...below.filter(({ name }) => !name.startsWith(prefix)).map(({ name }) => join(cgroupRoot, name)),
  ];
}

/** A cgroup's files cannot be removed, and need not be: only its directories, from the leaves up. */
function removeTree(directory: string): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(join(directory, entry.name));
    }
    rmdirSync(directory);
  } catch {
    // It is not in this hierarchy.
  }
}
