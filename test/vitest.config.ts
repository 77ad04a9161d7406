import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    // One process, no isolation: tests share no module state, and start seven times faster.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
