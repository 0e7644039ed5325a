import { rmSync, writeFileSync } from 'node:fs';
import { chmod, cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './command.ts';

// What the root file systems of images are put together from: files of this machine.

const busybox = '/bin/busybox';

/** Busybox under all its names, the few files every program expects, and `ask`. */
export async function addBase(root: string, ask: string): Promise<void> {
  for (const directory of ['bin', 'etc', 'tmp', 'root', 'usr/local/bin', 'var', 'run']) {
    await mkdir(join(root, directory), { recursive: true });
  }
  await chmod(join(root, 'tmp'), 0o1777);
  await cp(busybox, join(root, 'bin/busybox'));
  const applets = (await run([busybox, '--list'])).split('\n').filter((name) => name !== '' && name !== 'busybox');
  await Promise.all(applets.map((name) => symlink('busybox', join(root, 'bin', name))));
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  await writeFile(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  writeFileSync(join(root, 'bin/ask'), askScript(ask), { mode: 0o755 });
}

/** Busybox with the resolver of the GNU C library. */
export async function addGlibcBase(root: string): Promise<void> {
  await addBase(root, askWithGetent);
  rmSync(join(root, 'bin/nslookup'), { force: true });
  await addProgram(root, '/usr/bin/getent', 'usr/bin/getent');
  await addProgram(root, '/usr/bin/dig', 'usr/bin/dig');
}

/** A program with the libraries that it is linked to, which stay at the paths it looks for them. */
export async function addProgram(root: string, program: string, place: string): Promise<void> {
  const linked = await run(['ldd', program]);
  const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  await copyInto(root, program, place);
  for (const library of libraries) await copyInto(root, library, library);
}

async function copyInto(root: string, source: string, place: string): Promise<void> {
  const target = join(root, place);
  await mkdir(dirname(target), { recursive: true });
  await cp(await realpath(source), target);
}

/**
 * `ask TYPE NAME [TIMES]`, in every image: one line for each time, with the addresses (or, for PTR, the names) in the
 * order in which the image's own resolver hands them to a program, and an empty line when it finds none.
 */
function askScript(once: string): string {
  return `#!/bin/sh
type=$1 name=$2 times=\${3:-1}
once() {
${once}
}
while [ "$times" -gt 0 ]; do
  echo $(once)
  times=$((times - 1))
done
`;
}

const askWithGetent = `
  case $type in
    A) getent ahostsv4 "$name" | busybox awk '$2 == "STREAM" { print $1 }' ;;
    AAAA) getent ahostsv6 "$name" | busybox awk '$2 == "STREAM" && $1 !~ /^::ffff:/ { print $1 }' ;;
    PTR) getent hosts "$name" | busybox awk '{ print $2 }' ;;
  esac`;

export const askWithResolve = `
  resolve "$type" "$name"`;

export const askWithNslookup = `
  case $type in
    PTR) nslookup "$name" | awk '/name = / { print $NF }' ;;
    *) nslookup -type="$type" "$name" | awk '/^Name:/ { found = 1 } found && /^Address/ { print $NF }' ;;
  esac`;
