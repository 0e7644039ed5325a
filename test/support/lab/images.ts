import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { run } from './command.ts';
import { addBase, addGlibcBase, addProgram, askWithNslookup, askWithResolve } from './root-file-system.ts';
import { type ServerImage, serverImages, serverRecipes } from './server-images.ts';

/**
 * The images of the lab, made from the machine's own files, as no registry is needed that way:
 * - `busybox`: smallest and quickest; its nslookup asks without a search list;
 * - `glibc`: getaddrinfo of the GNU C library (getent) and dig;
 * - `musl`: getaddrinfo of musl;
 * - `node`: `glibc` with the Node that runs this; the BASE of Weft's own image here;
 * - `builder`: `node` with setcap and this checkout's packages; its BUILDER, see the Dockerfile;
 * - `postgres`, `redis`, `nats`, `nginx`: `glibc` with that server, see `server-images.ts`.
 */
export type LabImage = 'busybox' | 'glibc' | 'musl' | 'node' | 'builder' | ServerImage;

export const labImages: readonly LabImage[] = ['busybox', 'glibc', 'musl', 'node', 'builder', ...serverImages];

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
const muslResolver = join(here, 'resolve.c');

async function cachedTar(image: LabImage): Promise<string> {
  const recipeFiles = ['images.ts', 'root-file-system.ts', 'server-images.ts'].map((file) => join(here, file));
  const files = [...recipeFiles, muslResolver, join(repository, 'package-lock.json')];
  const texts = await Promise.all(files.map((file) => readFile(file)));
  const version = createHash('sha256').update(Buffer.concat(texts)).update(process.version).digest('hex').slice(0, 12);
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
  glibc: addGlibcBase,
  musl: async (root) => {
    await addBase(root, askWithResolve);
    await run(['musl-gcc', '-static', '-O2', '-o', join(root, 'bin/resolve'), muslResolver]);
  },
  node: addNode,
  builder: async (root) => {
    await addNode(root);
    await addProgram(root, '/sbin/setcap', 'sbin/setcap');
  },
  ...serverRecipes,
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
  await addGlibcBase(root);
  await addProgram(root, '/usr/bin/setpriv', 'usr/bin/setpriv');
  await addProgram(root, process.execPath, 'usr/local/bin/node');
}
