import { defineConfig } from 'vitest/config';

/** One end-to-end step may wait for a Docker Engine to start on a busy machine. */
const e2eTimeoutMs = 180_000;

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**'] } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // The lab's hosts are network namespaces of the machine: one file at a time owns them.
          fileParallelism: false,
          testTimeout: e2eTimeoutMs,
          hookTimeout: e2eTimeoutMs,
        },
      },
    ],
  },
});
