import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The package as npm has it: built, packed, installed by itself somewhere else, without a registry. */

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');
const bin = join(repository, 'node_modules/.bin');
const megabyte = 1_000_000;
let directory = '';
let example = '';

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'weft-package-'));
  const contents = join(directory, 'contents');
  await run(process.execPath, ['package.ts', contents], { cwd: repository });
  await run('npm', ['pack', '--pack-destination', directory], { cwd: contents });
  example = join(directory, 'example');
  cpSync(join(repository, 'examples/embedded'), example, { recursive: true });
  writeFileSync(join(example, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball()], { cwd: example });
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the package', () => {
  it('is what publint asks for', async () => {
    const { stdout } = await run(join(bin, 'publint'), ['--strict', tarball()]);
    expect(stdout).toContain('All good!');
  });

  it('needs no other package, and is small', () => {
    expect(readdirSync(join(example, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['weft']);
    expect(statSync(tarball()).size).toBeLessThan(1.5 * megabyte);
  });

  it('has the command', async () => {
    const { stdout } = await run(join(example, 'node_modules/.bin/weft'), ['--help']);
    expect(stdout).toContain('weft status');
  });

  it('starts Node with the settings of memory, and keeps what was compiled where there is a place for it', async () => {
    const places = { CACHE_DIRECTORY: join(directory, 'compiled'), NODE_OPTIONS: '--require ./told.cjs' };
    mkdirSync(places.CACHE_DIRECTORY);
    writeFileSync(join(example, 'told.cjs'), 'console.log(process.execArgv.join(" "), process.env.MALLOC_ARENA_MAX);');
    const command = join(example, 'node_modules/.bin/weft');
    const { stdout } = await run(command, ['--help'], { cwd: example, env: { ...process.env, ...places } });
    expect(stdout).toMatch(/^--max-semi-space-size=\d+ --v8-pool-size=\d+ 1\n/);
    expect(readdirSync(places.CACHE_DIRECTORY)).toHaveLength(1);
  });

  it('starts an agent inside another program, which ends by itself', async () => {
    const { stdout } = await run(process.execPath, ['program.ts', join(directory, 'data')], { cwd: example });
    expect(stdout).toBe('db.weave.local is 192.0.2.7\n');
  });

  it('is typed: the example checks, and a wrong option does not', async () => {
    const strict = ['--strict', '--module', 'nodenext', '--target', 'es2024', '--noEmit', '--skipLibCheck', 'false'];
    const types = ['--types', 'node', '--typeRoots', join(repository, 'node_modules/@types')];
    await run(join(bin, 'tsc'), [...strict, ...types, 'program.ts'], { cwd: example });
    writeFileSync(
      join(example, 'wrong.ts'),
      "import { createAgent } from 'weft';\nawait createAgent({ ttl: 'soon' });\n",
    );
    const wrong = run(join(bin, 'tsc'), [...strict, ...types, 'wrong.ts'], { cwd: example });
    await expect(wrong).rejects.toMatchObject({
      stdout: expect.stringContaining("'string' is not assignable to type 'number'"),
    });
  });

  it('names every option that cannot be right, as it was written', async () => {
    const options = "{ ttl: -1, dnsListen: ['docker0'], meshListen: 'here', color: 'red', dataDir: true }";
    const program = `import { createAgent } from 'weft'; await createAgent(${options}).catch((e) => console.log(e.message));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: example });
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(':')[0])
        .sort(),
    ).toEqual(['color', 'dataDir', 'dnsListen', 'meshListen', 'ttl']);
  });
});

function tarball(): string {
  const [name = ''] = readdirSync(directory).filter((each) => each.endsWith('.tgz'));
  return join(directory, name);
}
