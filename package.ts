/**
 * `node package.ts [OUTDIR]`: makes the package for npm in `dist/package`: the bundle of build.ts, which needs no other
 * package, the declarations of what `import 'weft'` gives, and a package.json. `npm pack dist/package` makes the tarball.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from './package.json' with { type: 'json' };

const outputDirectory = process.argv[2] ?? 'dist/package';
const { name, version, description, license, type, engines } = packageJson;

execFileSync(process.execPath, ['build.ts', outputDirectory], { stdio: 'inherit' });
addDeclarations();
for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) copyFileSync(file, join(outputDirectory, file));
const whatItIs = {
  name,
  version,
  description,
  license,
  type,
  engines,
  os: ['linux'],
  bin: { weft: 'weft.sh' },
  exports: { '.': { types: './embedded.d.ts', default: './embedded.js' } },
  files: ['*.js', 'weft.sh', '*.d.ts', 'page', '*.LEGAL.txt', 'CHANGELOG.md'],
};
writeFileSync(join(outputDirectory, 'package.json'), `${JSON.stringify(whatItIs, undefined, 2)}\n`);

/** Its public types stand on their own, so that their declarations are one file. */
function addDeclarations(): void {
  const all = mkdtempSync(join(outputDirectory, 'declarations-'));
  const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rootDir', '.', '--outDir', all];
  execFileSync('node_modules/.bin/tsc', ['--project', 'tsconfig.json', ...options], { stdio: 'inherit' });
  copyFileSync(join(all, 'src/weft.d.ts'), join(outputDirectory, 'embedded.d.ts'));
  rmSync(all, { recursive: true });
}
