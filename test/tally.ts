/**
 * `node test/tally.ts RESULT…`: adds up vitest's JSON results and prints `N passed, N failed`, the last line of a run.
 * Ends with 1 unless something passed, nothing failed and nothing was left out.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const resultShape = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(
    z.object({ name: z.string(), status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
});

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly leftOut: number;
}

const tallies = process.argv.slice(2).map(tally);
const sum = (key: keyof Tally) => tallies.reduce((total, each) => total + each[key], 0);
if (sum('leftOut') > 0) console.log(`${sum('leftOut')} tests were left out`);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('passed') > 0 && sum('failed') === 0 && sum('leftOut') === 0 ? 0 : 1;

/** A run that left no result counts as one failure, and so does a file that failed though none of its tests did. */
function tally(file: string): Tally {
  try {
    const result = resultShape.parse(JSON.parse(readFileSync(file, 'utf8')));
    const brokenFiles = result.testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && assertionResults.every((each) => each.status !== 'failed'),
    );
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests + brokenFiles.length,
      leftOut: result.numPendingTests + result.numTodoTests,
    };
  } catch (error) {
    console.log(`no result of ${file}: ${error instanceof Error ? error.message : error}`);
    return { passed: 0, failed: 1, leftOut: 0 };
  }
}
