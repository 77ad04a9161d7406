import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    // One process, no isolation: tests share no module state, and start seven times faster.
    isolate: false,
    // Most of the time goes by in waiting for simulated TTLs: two files side by side, in each a few rehearsals.
    maxWorkers: 2,
    maxConcurrency: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
