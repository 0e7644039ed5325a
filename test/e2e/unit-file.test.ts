import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The unit of deploy/weft.service, as systemd's own checker reads it. */

const unit = readFileSync(join(import.meta.dirname, '../../deploy/weft.service'), 'utf8');
const dockerfile = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8');
const launcher = readFileSync(join(import.meta.dirname, '../../deploy/weft.sh'), 'utf8');
let directory = '';
let file = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'weft-unit-'));
  file = join(directory, 'weft.service');
  // Weft is not installed where it is tested; the checker wants a program there.
  writeFileSync(file, unit.replace('/usr/bin/weft', '/bin/true'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the unit', () => {
  it('has nothing that systemd does not know', () => {
    expect(execFileSync('systemd-analyze', ['verify', file], { encoding: 'utf8', stdio: 'pipe' })).toBe('');
  });

  it('is exposed as little as the recipe says', () => {
    const asked = ['security', '--offline=true', '--no-pager', file];
    const said = execFileSync('systemd-analyze', asked, { encoding: 'utf8', stdio: 'pipe' });
    const [, exposure = ''] = /Overall exposure level for weft.service: ([\d.]+)/.exec(said) ?? [];
    expect(readFileSync(join(import.meta.dirname, '../../docs/recipes/systemd.md'), 'utf8')).toContain(
      `its exposure ${exposure}, OK`,
    );
  });

  it('leaves the settings of memory to the launcher, as the image does', () => {
    const settings = /semi-space|MALLOC_|NODE_OPTIONS/;
    expect(launcher).toMatch(settings);
    expect(unit).not.toMatch(settings);
    expect(dockerfile).not.toMatch(settings);
  });
});
