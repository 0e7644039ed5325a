import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** This checkout. */
export const repository = join(import.meta.dirname, '../../..');
const directory = join(repository, 'node_modules/.cache/weft-lab/bundle');

/** The command line of Weft as this checkout builds it and as it is shipped: it starts in a third of the time. */
export const weftCommand: readonly string[] = [join(directory, 'weft.sh')];

/** Builds it; vitest calls this by its name, once before all end-to-end tests. */
export function setup(): void {
  execFileSync(process.execPath, ['build.ts', directory], { cwd: repository });
  // Node looks no further than `node_modules` for what kind of module a file is.
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(directory, 'compiled'));
}
