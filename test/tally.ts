/**
 * `node test/tally.ts RESULT…`: adds up vitest's JSON results, repeats what failed, since that may be far above by now,
 * and prints `N passed, N failed`, the last line of a run. Ends with 1 unless something passed, nothing failed and nothing was left out.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const resultShape = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string().optional(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});
type FileResult = z.infer<typeof resultShape>['testResults'][number];

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
    for (const each of result.testResults) repeatFailures(each);
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

function repeatFailures({ name, status, message, assertionResults }: FileResult): void {
  if (status !== 'failed') return;
  const failures = assertionResults.filter((each) => each.status === 'failed');
  if (failures.length === 0) console.log(`failed: ${name}\n${message ?? ''}`);
  for (const { fullName, failureMessages } of failures)
    console.log(`failed: ${name} > ${fullName}\n${(failureMessages ?? []).join('\n')}`);
}
