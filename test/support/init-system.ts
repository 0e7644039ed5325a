import type { ChildProcess } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repository } from './lab/bundle.ts';
import { attempt, type Outcome, run, startProcess } from './lab/command.ts';
import { childOf, type Daemon, startDaemon } from './lab/daemon.ts';
import { until } from './lab/until.ts';

/** Where this checkout and the running Node are in there, in whose home they may be here. */
const places = { checkout: '/opt/weft', node: '/opt/node' };
/** The command line of Weft in there. */
export const weftInside = `${places.node}/node ${places.checkout}/src/main.ts`;
const program = '/lib/systemd/systemd';

/**
 * A real systemd as the first process of a machine that is all pretence: processes, network, host name and control
 * groups of its own, and a root whose every change goes to memory. It knows the units that it is given and no others:
 * those of the distribution would set this machine up anew, beginning with an empty /tmp.
 */
export class InitSystem implements AsyncDisposable {
  readonly #outer: ChildProcess;
  readonly #pid: number;
  readonly #directory: string;
  readonly #cgroup: string;

  private constructor(outer: ChildProcess, pid: number, directory: string, cgroup: string) {
    this.#outer = outer;
    this.#pid = pid;
    this.#directory = directory;
    this.#cgroup = cgroup;
  }

  /** Boots it; `files` are made before, by their paths in there, with mode 0755. */
  static async boot(files: Readonly<Record<string, string>>): Promise<InitSystem> {
    const directory = mkdtempSync(join(tmpdir(), 'weft-init-'));
    const cgroup = join(cgroupRoot(), directory.replace(/^.*\//, ''));
    mkdirSync(cgroup);
    const making = Object.entries({ ...targets, ...files }).map(([path, text]) => `${path}\n${text}`);
    const namespaces = ['--mount', '--pid', '--uts', '--ipc', '--net', '--cgroup', '--fork', '--kill-child'];
    const boot = ['sh', '-euc', bootScript, 'boot', directory, repository, dirname(process.execPath), ...making];
    const enter = ['sh', '-euc', 'echo $$ > "$0/cgroup.procs"; exec "$@"', cgroup, 'setpriv', '--pdeathsig', 'KILL'];
    const env = { PATH: process.env.PATH ?? '', container: 'weft-test', SYSTEMD_UNIT_PATH: unitDirectory };
    const outer = startProcess([...enter, 'unshare', ...namespaces, ...boot], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaints = '';
    outer.stderr?.on('data', (text) => {
      complaints += text;
    });
    const pid = await until('systemd is up', () => bootedChild(outer)).catch((cause: unknown) => {
      throw new Error(`it does not boot: ${complaints}`, { cause });
    });
    const system = new InitSystem(outer, pid, directory, cgroup);
    await until('systemd runs', async () => (await system.attempt(['systemctl', 'is-system-running'])).code === 0);
    return system;
  }

  /** Runs a command in there and returns what it printed; throws if it failed. */
  run(command: readonly string[]): Promise<string> {
    return run(this.#enter(command));
  }

  /** Runs a command in there to its end, whatever that is. */
  attempt(command: readonly string[]): Promise<Outcome> {
    return attempt(this.#enter(command));
  }

  /** Starts a process in there that goes on. */
  start(name: string, command: readonly string[]): Promise<Daemon> {
    return startDaemon(name, this.#enter(command), {}, createWriteStream(join(this.#directory, `${name}.log`)));
  }

  /** Properties of a unit as systemd tells them. */
  async show(unit: string, ...properties: string[]): Promise<Record<string, string>> {
    const said = await this.run(['systemctl', 'show', unit, ...properties.flatMap((each) => ['--property', each])]);
    return Object.fromEntries(
      said
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s).slice(0, 2)),
    );
  }

  /** A power cut. */
  async [Symbol.asyncDispose](): Promise<void> {
    process.kill(this.#pid, 'SIGKILL');
    await until('it is dark', () => this.#outer.exitCode !== null || this.#outer.signalCode !== null);
    await until('its groups are gone', () => removeGroup(this.#cgroup));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #enter(command: readonly string[]): string[] {
    return [
      'nsenter',
      `--target=${this.#pid}`,
      '--mount',
      '--pid',
      '--uts',
      '--ipc',
      '--net',
      '--cgroup',
      '--wd=/',
      ...command,
    ];
  }
}

const unitDirectory = '/weft-units';

/** What every unit asks for, with nothing in it. */
const targets = Object.fromEntries(
  ['sysinit', 'basic', 'shutdown', 'network-online', 'multi-user', 'test'].map((name) => [
    `${unitDirectory}/${name}.target`,
    `[Unit]\nDescription=${name}\n`,
  ]),
);

/** Nothing of this machine is within reach when systemd begins: its old root is unmounted, and its settings read-only. */
const bootScript = `
  directory=$1 checkout=$2 node=$3
  shift 3
  mount --make-rprivate /
  mount -t tmpfs tmpfs "$directory"
  mkdir "$directory/upper" "$directory/work" "$directory/root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$directory/upper,workdir=$directory/work" "$directory/root"
  cd "$directory/root"
  for each in tmp run var/tmp var/lib dev; do mount -t tmpfs -o mode=0755 tmpfs "$each"; done
  chmod 1777 tmp var/tmp
  mount -t proc proc proc
  mount --bind proc/sys proc/sys
  mount -o remount,bind,ro proc/sys
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mkdir dev/shm dev/pts before-boot
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  for each in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do
    mknod -m 666 "dev/\${each%% *}" c $(echo "\${each#* }")
  done
  for each in "$checkout ${places.checkout}" "$node ${places.node}"; do
    mkdir -p ".\${each##* }"
    mount --bind "\${each% *}" ".\${each##* }"
    mount -o remount,bind,ro ".\${each##* }"
  done
  for each; do
    path=$(printf %s "$each" | head -n 1)
    mkdir -p ".$(dirname "$path")"
    printf %s "$each" | tail -n +2 > ".$path"
    chmod 755 ".$path"
  done
  grep -q ^docker: etc/group || echo docker:x:987: >> etc/group
  pivot_root . before-boot
  cd /
  umount -l before-boot
  test -z "$(ls before-boot)"
  ip link set lo up
  exec ${program} --system --unit=test.target --show-status=no --default-standard-output=null
`;

function bootedChild(outer: ChildProcess): number | undefined {
  if (outer.exitCode !== null) throw new Error(`boot ended with ${outer.exitCode}`);
  const child = childOf(outer.pid);
  if (child === undefined) return undefined;
  return readFileSync(`/proc/${child}/cmdline`, 'utf8').startsWith(program) ? child : undefined;
}

/** Where this machine has the second version of control groups: alone, or beside the first. */
function cgroupRoot(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const [, root] = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2') ?? [];
  if (root === undefined) throw new Error('this machine has no control groups of the second version');
  return root;
}

function removeGroup(path: string): boolean {
  if (!existsSync(path)) return true;
  try {
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) removeGroup(join(path, entry.name));
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
