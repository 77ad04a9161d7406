import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** What tells by the clock what it sees: verdicts from rounds, and runs with a bound of seconds. */
const timed = ['test/acceptance/triage.test.ts', 'test/acceptance/readiness.test.ts'];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    // One process, no isolation: tests share no module state, and start seven times faster.
    isolate: false,
    maxConcurrency: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      // Most of the time goes by in waiting for simulated TTLs: more files side by side than a small machine has processors.
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: timed,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      // A machine that is too busy makes probes late: these have it for themselves.
      { extends: true, test: { name: 'timed', include: timed, maxWorkers: 2, sequence: { groupOrder: 2 } } },
    ],
  },
});
