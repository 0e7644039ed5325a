import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const tally = fileURLToPath(import.meta.resolve('./tally.ts'));
const none = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
const loadedBadly = { name: 'x.test.ts', status: 'failed', assertionResults: [] };
const setUpBadly = { ...loadedBadly, assertionResults: [{ status: 'skipped' }] };
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-tally-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('the tally of a run', () => {
  it.each([
    ['adds up all results', [{ numPassedTests: 3 }, { numPassedTests: 4 }], '7 passed, 0 failed', 0],
    ['ends with 1 when a test failed', [{ numPassedTests: 3, numFailedTests: 1 }], '3 passed, 1 failed', 1],
    ['ends with 1 when no test ran', [{}], '0 passed, 0 failed', 1],
    ['ends with 1 when one was left out', [{ numPassedTests: 3, numPendingTests: 1 }], '3 passed, 0 failed', 1],
    ['counts a file that does not load', [{ numPassedTests: 3, testResults: [loadedBadly] }], '3 passed, 1 failed', 1],
    ['counts a file whose setup fails', [{ numPendingTests: 1, testResults: [setUpBadly] }], '0 passed, 1 failed', 1],
    ['counts a result that is not there', [{ numPassedTests: 3 }, undefined], '3 passed, 1 failed', 1],
  ])('%s', async (_, results, lastLine, code) => {
    const files = await Promise.all(results.map(save));
    const ended = await run(files);
    expect(ended.stdout.trimEnd().split('\n').at(-1)).toBe(lastLine);
    expect(ended.code).toBe(code);
  });

  it('repeats what failed', async () => {
    const failure = { status: 'failed', fullName: 'a host is found', failureMessages: ['expected 1 to be 2'] };
    const failed = { ...loadedBadly, assertionResults: [{ status: 'passed' }, failure] };
    const broken = { ...loadedBadly, name: 'y.test.ts', message: 'no such file' };
    const ended = await run([await save({ numPassedTests: 1, testResults: [failed, broken] }, 0)]);
    expect(ended.stdout).toContain('failed: x.test.ts > a host is found\nexpected 1 to be 2\n');
    expect(ended.stdout).toContain('failed: y.test.ts\nno such file\n');
  });
});

async function save(result: object | undefined, index: number): Promise<string> {
  const file = join(directory, `${index}.json`);
  if (result === undefined) await rm(file, { force: true });
  else await writeFile(file, JSON.stringify({ ...none, ...result }));
  return file;
}

function run(files: readonly string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [tally, ...files], (_, stdout) =>
      resolve({ code: child.exitCode ?? 128, stdout }),
    );
  });
}
