import { expect, type TestContext } from 'vitest';

/** True under `npm run attack`: every attack. Otherwise the sample that each run of the tests affords. */
export const isFull = process.env.RESEND_OPS_ATTACK === 'full';

declare module 'vitest' {
  interface TaskMeta {
    /** What this test attacked: how often, and what did not hold. */
    tally?: { attacks: number; findings: string[] };
  }
}

/** Counts the attacks of one test and the promises that did not hold under them. */
export type Tally = {
  /** One attack; `findings` are the promises that it broke, each a sentence that says where. */
  add(findings: readonly string[]): void;
  /** Reports to the runner. Fails the test when anything was found. */
  close(): void;
};

/** The tally of a test: `({ task }) => { const tally = createTally(task); … tally.close(); }`. */
export function createTally(task: TestContext['task']): Tally {
  let attacks = 0;
  const found: string[] = [];
  return {
    add(findings) {
      attacks += 1;
      found.push(...findings);
    },
    close() {
      task.meta.tally = { attacks, findings: found };
      expect(attacks, 'attacks made').toBeGreaterThan(0);
      expect(found).toEqual([]);
    },
  };
}
