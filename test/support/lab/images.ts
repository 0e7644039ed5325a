import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { run } from './command.ts';

/**
 * The images of the lab, made from the machine's own files, as no registry is needed that way:
 * - `busybox`: smallest and quickest; its nslookup asks without a search list;
 * - `glibc`: getaddrinfo of the GNU C library (getent) and dig;
 * - `musl`: getaddrinfo of musl;
 * - `node`: `glibc` with the Node that runs this; the BASE of Weft's own image here;
 * - `builder`: `node` with setcap and this checkout's packages; its BUILDER, see the Dockerfile.
 */
export type LabImage = 'busybox' | 'glibc' | 'musl' | 'node' | 'builder';

export const labImages: readonly LabImage[] = ['busybox', 'glibc', 'musl', 'node', 'builder'];

/** The name an engine of the lab knows the image by. */
export function imageTag(image: LabImage): string {
  return `weft-lab/${image}`;
}

/** The root file system of an image as a tar stream; built once, and again when its recipe changes. */
export async function imageTar(image: LabImage): Promise<Readable> {
  return createReadStream(await cachedTar(image));
}

const here = import.meta.dirname;
const repository = join(here, '../../..');
const cache = join(repository, 'node_modules/.cache/weft-lab');
const busybox = '/bin/busybox';
const muslResolver = join(here, 'resolve.c');

async function cachedTar(image: LabImage): Promise<string> {
  const files = [fileURLToPath(import.meta.url), muslResolver, join(repository, 'package-lock.json')];
  const recipe = await Promise.all(files.map((file) => readFile(file)));
  const version = createHash('sha256').update(Buffer.concat(recipe)).update(process.version).digest('hex').slice(0, 12);
  const tar = join(cache, `${image}-${version}.tar`);
  if (!existsSync(tar)) await build(image, tar);
  return tar;
}

async function build(image: LabImage, tar: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'build-'));
  try {
    const root = join(work, 'root');
    await recipes[image](root);
    const packages = image === 'builder' ? packagesForBuilding : [];
    await run(['tar', '--owner=0', '--group=0', '-cf', join(work, 'tar'), '-C', root, '.', ...packages]);
    renameSync(join(work, 'tar'), tar);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const recipes: Record<LabImage, (root: string) => Promise<void>> = {
  busybox: (root) => addBase(root, askWithNslookup),
  glibc: async (root) => {
    await addBase(root, askWithGetent);
    await addGlibc(root);
  },
  musl: async (root) => {
    await addBase(root, askWithResolve);
    await run(['musl-gcc', '-static', '-O2', '-o', join(root, 'bin/resolve'), muslResolver]);
  },
  node: addNode,
  builder: async (root) => {
    await addNode(root);
    await addProgram(root, '/sbin/setcap', 'sbin/setcap');
  },
};

/** The heaviest packages, which no bundle needs; without them a third is left. */
const notForBuilding = [
  '.cache',
  '.vite',
  '@biomejs',
  '@rolldown',
  '@typescript',
  'knip',
  'lightningcss-*',
  'node-linux-*',
  'playwright-core',
  'typescript',
];

/** More words for tar, that put this checkout's packages where the Dockerfile looks for them. */
const packagesForBuilding = [
  ...notForBuilding.map((name) => `--exclude=node_modules/${name}`),
  ...['--transform', 's,^node_modules,weft/node_modules,', '-C', repository, 'node_modules'],
];

async function addNode(root: string): Promise<void> {
  await addBase(root, askWithGetent);
  await addGlibc(root);
  await addProgram(root, '/usr/bin/setpriv', 'usr/bin/setpriv');
  await addProgram(root, process.execPath, 'usr/local/bin/node');
}

/** Busybox under all its names, the few files every program expects, and `ask`. */
async function addBase(root: string, ask: string): Promise<void> {
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

async function addGlibc(root: string): Promise<void> {
  await rmQuietly(join(root, 'bin/nslookup'));
  await addProgram(root, '/usr/bin/getent', 'usr/bin/getent');
  await addProgram(root, '/usr/bin/dig', 'usr/bin/dig');
}

/** A program with the libraries that it is linked to, which stay at the paths it looks for them. */
async function addProgram(root: string, program: string, place: string): Promise<void> {
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

async function rmQuietly(path: string): Promise<void> {
  rmSync(path, { force: true });
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

const askWithResolve = `
  resolve "$type" "$name"`;

const askWithNslookup = `
  case $type in
    PTR) nslookup "$name" | awk '/name = / { print $NF }' ;;
    *) nslookup -type="$type" "$name" | awk '/^Name:/ { found = 1 } found && /^Address/ { print $NF }' ;;
  esac`;
