import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('the demo shows only right answers, and ends', async () => {
  const main = join(import.meta.dirname, '../../src/main.ts');
  // Rejects, with all that was printed, when the exit code is not 0.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, 'demo', '--once']);
  expect(stdout).not.toContain('WRONG');
  expect(stdout).toContain('nodebb');
  expect(stderr).toBe('');
});
