import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** `npm run mutation`: how many small changes of the engine and the journal the tests notice. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/mutation/score.ts'],
    // Its lines are the report.
    disableConsoleIntercept: true,
    testTimeout: 12 * 3_600_000,
    hookTimeout: 600_000,
  },
});
