import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { runNow, startProcess } from './command.ts';

/** Everything a run of the lab makes on the machine carries this prefix and the run's id, and so can be found again. */
const prefix = 'weft-lab-';
/**
 * Whatever a user's TMPDIR says: network namespaces and cgroups have names that the whole machine shares, and so every
 * lab has to see who owns them, or its sweep would take another's for remnants.
 */
const runsDirectory = '/tmp';
const cgroupRoot = '/sys/fs/cgroup';
/** Killed processes are gone in milliseconds; this only bounds the wait. */
const killTimeoutMs = 10_000;
const removeAttempts = 20;
const pauseMs = 5;

/** One run of the lab: its names on the machine, and its end. */
export interface Run {
  readonly id: string;
  readonly directory: string;
  /** Absolute as the engine wants it, below every hierarchy of `/sys/fs/cgroup`. */
  readonly cgroup: string;
  /** The name of a network namespace of this run. */
  namespace(name: string): string;
}

/**
 * Begins a run: its directory with the mark of the process that owns it, which is this one, and a janitor that ends the
 * run when this process is gone, however that came. Remnants of dead runs are cleared first.
 */
export function beginRun(): Run {
  sweep();
  const run = runWithId(randomBytes(3).toString('hex'));
  // Under its name only when its mark is in it, or the sweep of another lab would take it for a dead one.
  const unnamed = mkdtempSync(join(runsDirectory, `.${prefix}`));
  const owner: Owner = { pid: process.pid, startTime: startTime(process.pid) ?? '' };
  writeFileSync(join(unnamed, 'owner'), JSON.stringify(owner));
  renameSync(unnamed, run.directory);
  startJanitor(run);
  return run;
}

/** Ends every process of the run and removes all it made. May be called twice, and on a run that never got far. */
export function endRun(run: Run): void {
  const namespaces = namespacesOf(run);
  killAll(namespaces);
  for (const namespace of namespaces) runNow(['ip', 'netns', 'del', namespace]);
  removeCgroups(run);
  removeDirectory(run.directory);
}

/** The process that began the run; undefined when nothing is left of it to tell. */
export function ownerOf(run: Run): Owner | undefined {
  try {
    return ownerShape.parse(JSON.parse(readFileSync(join(run.directory, 'owner'), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Whether that process is still there, and no other has its number. */
export function isAlive(owner: Owner): boolean {
  return startTime(owner.pid) === owner.startTime;
}

/** Clears what runs whose owner has died left behind, and returns their ids. */
export function sweep(): string[] {
  const ids = [...new Set([...idsOfDirectories(), ...idsOfNamespaces(), ...idsOfCgroups()])];
  const dead = ids.map(runWithId).filter((run) => {
    const owner = ownerOf(run);
    return owner === undefined || !isAlive(owner);
  });
  dead.forEach(endRun);
  return dead.map((run) => run.id);
}

/** What is left on the machine of a run, by name; empty after `endRun`. */
export function remnants(run: Run): string[] {
  const directories = readdirSync(runsDirectory).filter((name) => name === `${prefix}${run.id}`);
  return [...namespacesOf(run), ...directories, ...cgroupsOf(run)];
}

/** Kills every process that is in one of these network namespaces and waits until none is left. */
export function killAll(namespaces: readonly string[]): void {
  const deadline = performance.now() + killTimeoutMs;
  for (;;) {
    const pids = namespaces.flatMap(pidsIn);
    if (pids.length === 0 || performance.now() > deadline) return;
    for (const pid of pids) killQuietly(pid);
    pauseNow();
  }
}

/** The run of this id, whether or not there is one. */
export function runWithId(id: string): Run {
  return {
    id,
    directory: join(runsDirectory, `${prefix}${id}`),
    cgroup: `/${prefix}${id}`,
    namespace: (name) => `${prefix}${id}-${name}`,
  };
}

function idsOfDirectories(): string[] {
  return readdirSync(runsDirectory)
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
type Owner = z.infer<typeof ownerShape>;

/** A janitor is in a session of its own, so that an interrupt from the keyboard does not reach it. */
function startJanitor(run: Run): void {
  const janitor = fileURLToPath(import.meta.resolve('./janitor.ts'));
  const child = startProcess([process.execPath, janitor, run.id], { detached: true, stdio: 'ignore' });
  child.unref();
  writeFileSync(join(run.directory, 'janitor'), String(child.pid));
}

/**
 * Ticks since boot when the process began, by which it is known: its number may be given out again. Field 22 of proc(5)
 * stat, counted after the name, which may hold spaces; nothing for a process that has ended, buried or not.
 */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 'ZX'.includes(state) ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

/** Two may be at it: the owner of the run and a sweep, which then find files gone under their hands. */
function removeDirectory(directory: string): void {
  for (let attempt = 0; attempt < removeAttempts && existsSync(directory); attempt++) {
    try {
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    } catch {
      // The next attempt finds what is left.
    }
  }
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

/** A container's last process may outlive the first of its host by a moment, and a cgroup that holds one stays. */
function removeCgroups(run: Run): void {
  const deadline = performance.now() + killTimeoutMs;
  cgroupsOf(run).forEach(thawTree);
  while (cgroupsOf(run).length > 0 && performance.now() < deadline) {
    cgroupsOf(run).forEach(removeTree);
    pauseNow();
  }
}

function cgroupsOf(run: Run): string[] {
  return allCgroups().filter((path) => basename(path) === basename(run.cgroup));
}

/** The cgroups of all runs, in the one unified hierarchy or in that of each controller. */
function allCgroups(): string[] {
  const below = readdirSync(cgroupRoot, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const hierarchies = below.filter(({ name }) => !name.startsWith(prefix)).map(({ name }) => join(cgroupRoot, name));
  return [cgroupRoot, ...hierarchies].flatMap((root) =>
    readdirSync(root)
      .filter((name) => name.startsWith(prefix))
      .map((name) => join(root, name)),
  );
}

function idsOfCgroups(): string[] {
  return allCgroups().map((path) => basename(path).slice(prefix.length));
}

/** Teardown also runs where nothing may wait for a promise. */
function pauseNow(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
}

/** A paused container's processes do not even die before they are let go on. */
function thawTree(directory: string): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) thawTree(join(directory, entry.name));
      // The freezer of a hierarchy of its own, and that of the unified one.
      if (entry.name === 'freezer.state') writeFileSync(join(directory, entry.name), 'THAWED');
      if (entry.name === 'cgroup.freeze') writeFileSync(join(directory, entry.name), '0');
    }
  } catch {
    // It is gone, or not in this hierarchy.
  }
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
