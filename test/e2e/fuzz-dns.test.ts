import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const packets = 1_000_000;
/** Half a minute on a quiet machine. */
const patienceMs = 300_000;

it(`${packets} mutated questions crash nothing, cost little, and get their answers`, {
  timeout: patienceMs,
}, async () => {
  const program = fileURLToPath(import.meta.resolve('../../bench/fuzz-dns.ts'));
  // A new seed each time; it is printed, so that a failure can be played again.
  const seed = String(Date.now() % 1_000_000);
  const words = [program, '--packets', String(packets), '--seed', seed];
  // Rejects, with what was printed, when the exit code is not 0.
  const { stdout } = await promisify(execFile)(process.execPath, words);
  console.log(stdout);
  expect(stdout).toContain(`${packets} packets with seed ${seed}`);
});
