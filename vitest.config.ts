import { defineConfig } from 'vitest/config';

/** Far more than any of them takes on the busiest machine; only a hanging one reaches it. */
const testTimeoutMs = 60_000;
/** One end-to-end step may wait for a Docker Engine to start on a busy machine. */
const e2eTimeoutMs = 180_000;

/**
 * Tests that open real sockets, threads or processes and wait for them, and a long simulation: seconds each, where the
 * others take milliseconds. `npm run check` leaves them out, to be done in ten seconds; `npm test` does not.
 */
const edgeTests = [
  'test/agents.test.ts',
  'test/cli/main.test.ts',
  'test/crdt/long-history.test.ts',
  'test/dns/forward/hostile.test.ts',
  'test/dns/service.test.ts',
  'test/large-mesh.test.ts',
  'test/mesh/{exchange,gate,halves,memory,replicas,topology}.test.ts',
  'test/tally.test.ts',
  'test/watch/watch.test.ts',
];

/**
 * Simulations of days in a mesh, long random histories, and measures of the heap: a second or more each, and so left out
 * by `npm run check` too.
 */
const slowTests = [
  'test/cli/{client,transfer,watch}.test.ts',
  'test/crdt/{adversary,direct-beats,disk,full-mesh,greeting,history,host-log,liveness}.test.ts',
  'test/crdt/{manners,message,overload,relay,static-fork,statics,whole-pulls}.test.ts',
  'test/dns/{answer-book,garbage,held-owner,kept-answers,zone}.test.ts',
  'test/mesh/invented.test.ts',
  'test/pool.test.ts',
  'test/watch/random-walk.test.ts',
  'test/weave-commands.test.ts',
];

/** One process for many files: loading the packages anew for each would take longer than the tests. */
const together = {
  isolate: false,
  // vitest would leave a core free, of two.
  maxWorkers: '100%',
  testTimeout: testTimeoutMs,
} as const;

/** Labs wait more than they work, but with three of them on two cores engines are slow to run a health check. */
const e2eFilesAtOnce = 2;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', ...edgeTests, ...slowTests],
          ...together,
        },
      },
      { test: { name: 'slow', include: slowTests, ...together } },
      { test: { name: 'edge', include: edgeTests, testTimeout: testTimeoutMs } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/support/lab/bundle.ts',
          // Each file has a lab of its own, with names and networks of its own, and waits more than it works.
          maxWorkers: e2eFilesAtOnce,
          testTimeout: e2eTimeoutMs,
          hookTimeout: e2eTimeoutMs,
        },
      },
    ],
  },
});
