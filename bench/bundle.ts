import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Weft as the image has it, in `directory`: bundled by the project's own `build.ts`, and compiled. */
export function buildBundle(directory: string): { readonly launcher: string; readonly nodeFlags: readonly string[] } {
  execFileSync(process.execPath, ['build.ts', directory], { cwd: join(import.meta.dirname, '..') });
  // As the Dockerfile has it.
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(directory, 'compiled'));
  const launcher = join(directory, 'weft.sh');
  execFileSync(launcher, ['demo', '--once'], { stdio: 'ignore' });
  const nodeFlags = /^memory='(.*)'$/m.exec(readFileSync(launcher, 'utf8'))?.[1]?.split(' ') ?? [];
  return { launcher, nodeFlags };
}
