import { expect, test } from 'vitest';
import { startRun } from '../../src/engine/start-run.ts';
import type { Store } from '../../src/journal/store.ts';
import { createBench } from './bench-world.ts';

/** The store, noting which entries of a step its drivers ask to be synced. */
function noting(store: Store, synced: string[]): Store {
  return {
    ...store,
    async drive(run, by, options) {
      const lease = await store.drive(run, by, options);
      return {
        ...lease,
        append(event, how) {
          if ('step' in event && how?.sync !== false) synced.push(`${event.step} ${event.type}`);
          return lease.append(event, how);
        },
      };
    },
  };
}

test('a change is synced twice, before its write and after its result; a check once', async () => {
  const bench = createBench(`
  - { id: one, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, uses: test.look, with: { name: a } }
  - { id: three, uses: test.set, with: { name: a, value: 1 } }
`);
  try {
    const synced: string[] = [];
    const { outcome } = await startRun({ ...bench.options, store: noting(bench.store, synced) });
    expect(outcome).toBe('succeeded');
    expect(synced).toEqual([
      'one change-intended',
      'one change-applied',
      'two step-succeeded',
      // Already so: there is no result that vouches for it.
      'three step-succeeded',
    ]);
  } finally {
    await bench.dispose();
  }
});

test('a group adds no sync to those of its steps', async () => {
  const bench = createBench(`
  - id: both
    title: Both
    parallel:
      - { id: one, uses: test.look, with: { name: a } }
      - { id: two, uses: test.look, with: { name: b } }
  - id: either
    title: Either
    first-of: [{ id: three, uses: test.set, with: { name: a, value: 1 } }]
`);
  try {
    const synced: string[] = [];
    expect(await startRun({ ...bench.options, store: noting(bench.store, synced) })).toMatchObject({ exitCode: 0 });
    expect(synced.sort()).toEqual([
      'one step-succeeded',
      'three change-applied',
      'three change-intended',
      'two step-succeeded',
    ]);
  } finally {
    await bench.dispose();
  }
});
