import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** `npm run attack`: the attacks in full. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['test/attack/**/*.test.ts'],
    env: { RESEND_OPS_ATTACK: 'full' },
    reporters: [fileURLToPath(new URL('./reporter.ts', import.meta.url))],
    isolate: false,
    maxWorkers: 2,
    testTimeout: 3_600_000,
    hookTimeout: 120_000,
  },
});
