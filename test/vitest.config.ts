import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What tells by the clock what it sees (verdicts from rounds, runs with a bound of seconds), and what goes beside it: a
 * machine that is too busy makes probes late.
 */
const timed = ['triage', 'readiness', 'prove-write'].map((name) => `test/acceptance/${name}.test.ts`);

/** What takes minutes comes before what takes seconds, so that nothing long is left to the end. */
const longest = ['acceptance/scenarios', 'acceptance/triage', 'acceptance/', 'attack/'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((part) => moduleId.includes(`/test/${part}`));
      return found === -1 ? longest.length : found;
    };
    return (await super.sort(files)).toSorted((left, right) => rank(left) - rank(right));
  }
}

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    // One process, no isolation: tests share no module state, and start seven times faster.
    isolate: false,
    maxConcurrency: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    sequence: { sequencer: LongestFirst },
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
      { extends: true, test: { name: 'timed', include: timed, maxWorkers: 2, sequence: { groupOrder: 2 } } },
    ],
  },
});
