import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const packets = 1_000_000;
/** What the slowest machine still sends, so that there is always something to say. */
const fewest = 20_000;
/** Half of it is enough on a quiet machine; a busy one sends as many as fit. */
const seconds = 60;
const patienceMs = 300_000;

it(`up to ${packets} mutated questions crash nothing, cost little, and get their answers`, {
  timeout: patienceMs,
}, async () => {
  const program = fileURLToPath(import.meta.resolve('../../bench/fuzz-dns.ts'));
  // A new seed each time; it is printed, so that a failure can be played again.
  const seed = String(Date.now() % 1_000_000);
  const words = [program, '--packets', String(packets), '--seed', seed, '--seconds', String(seconds)];
  // Rejects, with what was printed, when the exit code is not 0.
  const { stdout } = await promisify(execFile)(process.execPath, words);
  console.log(stdout);
  expect(stdout).toContain(`packets with seed ${seed}`);
  expect(Number.parseInt(stdout, 10)).toBeGreaterThanOrEqual(fewest);
});
