import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** This checkout. */
export const repository = join(import.meta.dirname, '../../..');
const bundles = join(repository, 'node_modules/.cache/weft-lab');
/** A run has its own, or another one would replace it below its agents; its workers are told where by the environment. */
const directory = process.env.WEFT_LAB_BUNDLE ?? join(bundles, `bundle-${process.pid}`);

/** The command line of Weft as this checkout builds it and as it is shipped: it starts in a third of the time. */
export const weftCommand: readonly string[] = [join(directory, 'weft.sh')];

/** Builds it; vitest calls this by its name, once before all end-to-end tests. */
export function setup(): void {
  process.env.WEFT_LAB_BUNDLE = directory;
  mkdirSync(bundles, { recursive: true });
  for (const left of readdirSync(bundles)) if (isLeft(left)) rmSync(join(bundles, left), { recursive: true });
  execFileSync(process.execPath, ['build.ts', directory], { cwd: repository });
  // Node looks no further than `node_modules` for what kind of module a file is.
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(directory, 'compiled'));
}

/** Removes it; vitest calls this by its name, after all end-to-end tests. */
export function teardown(): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Whether a killed run left it. */
function isLeft(name: string): boolean {
  const [, pid] = /^bundle-(\d+)$/.exec(name) ?? [];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}
