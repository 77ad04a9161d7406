import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { resumeRun, rollbackRun } from '../../src/engine/continue-run.ts';
import { startRun } from '../../src/engine/start-run.ts';
import type { Event } from '../../src/journal/events.ts';
import type { Store } from '../../src/journal/store.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { deadProcess, storeOn } from '../journal/support/store-fixture.ts';
import { createBench } from './bench-world.ts';

const benches: ReturnType<typeof createBench>[] = [];

/** A bench whose first process is seen as dead by the next. */
function dyingBench(steps: string, more: { answers?: unknown[]; interactive?: boolean } = {}) {
  const made = createBench(steps, { ...more, self: deadProcess() });
  benches.push(made);
  return made;
}

afterEach(async () => {
  for (const made of benches.splice(0)) await made.dispose();
});

/** A store whose driver stops for ever right after (or instead of) the append of an event: the process is gone. */
function dyingAt(store: Store, when: (event: Event) => boolean, appended: boolean, onDeath: () => void): Store {
  const gone = new Promise<never>(() => undefined);
  let dead = false;
  return {
    ...store,
    async drive(...args) {
      const lease = await store.drive(...args);
      const append: typeof lease.append = async (event, options) => {
        if (dead) return gone;
        if (!when(event)) return lease.append(event, options);
        dead = true;
        if (appended) await lease.append(event, options);
        onDeath();
        return gone;
      };
      return { ...lease, append };
    },
  };
}

const steps = `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 } }
`;

/** Runs until the process "dies"; answers the run's id. */
async function runUntilDeath(
  bench: ReturnType<typeof createBench>,
  when: (event: Event) => boolean,
  appended: boolean,
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const store = dyingAt(bench.options.store, when, appended, resolve);
    startRun({ ...bench.options, store }).then(() => reject(new Error('the run ended')), reject);
  });
  const [run] = await bench.store.runs();
  return run?.run ?? '';
}

const isType = (type: Event['type'], step: string) => (event: Event) =>
  event.type === type && 'step' in event && event.step === step;

test.each([
  ['before the intent of the second change', isType('change-intended', 'two'), false, ['set a=1', 'set b=2']],
  ['after an intent, before the write left', isType('change-intended', 'two'), true, ['set a=1', 'set b=2']],
  ['after the write, before its answer was recorded', isType('change-applied', 'two'), false, ['set a=1', 'set b=2']],
  ['after the answer was recorded', isType('change-applied', 'two'), true, ['set a=1', 'set b=2']],
  ['before the first step succeeded', isType('step-succeeded', 'one'), false, ['set a=1', 'set b=2']],
])('a process that dies %s: resume finishes, and nothing is written twice', async (_name, when, appended, writes) => {
  const bench = dyingBench(steps);
  const run = await runUntilDeath(bench, when, appended);
  const result = await resumeRun(bench.afterDeath(run));
  expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(bench.world.writes).toEqual(writes);
});

test.each([
  ['after an intent, before the write left', isType('change-intended', 'two'), true],
  ['after the write, before its answer was recorded', isType('change-applied', 'two'), false],
])('a process that dies %s: rollback leaves the world as before', async (_name, when, appended) => {
  const bench = dyingBench(steps);
  const run = await runUntilDeath(bench, when, appended);
  const result = await rollbackRun(bench.afterDeath(run));
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect([bench.world.switches.get('a') ?? null, bench.world.switches.get('b') ?? null]).toEqual([null, null]);
});

test('a process that dies in its rollback: resume goes on rolling back', async () => {
  const bench = dyingBench(`${steps}
  - { id: three, title: Third, uses: test.set, with: { name: c, value: 3 } }
`);
  bench.world.mischief.set('c', ['refuse']);
  const run = await runUntilDeath(bench, isType('change-reverted', 'two'), false);
  const result = await resumeRun(bench.afterDeath(run));
  // As if it had not died: the run failed, and whoever scripts `resume && tell everyone` must not be told otherwise.
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 1 });
  expect(bench.world.writes).toEqual(['set a=1', 'set b=2', 'revert b=null', 'revert a=null']);
});

test('a process that dies between the decision to roll back and its beginning: resume rolls back', async () => {
  const bench = dyingBench(
    `${steps}
  - { id: three, title: Third, uses: test.set, with: { name: c, value: 3 } }
`,
    { interactive: true, answers: ['rollback'] },
  );
  bench.world.mischief.set('c', ['refuse']);
  const run = await runUntilDeath(bench, (event) => event.type === 'rollback-started', false);
  const result = await resumeRun(bench.afterDeath(run));
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 1 });
  expect(bench.world.writes).toEqual(['set a=1', 'set b=2', 'revert b=null', 'revert a=null']);
});

test('a rollback that died before it began is gone on with by resume, which does not end well instead', async () => {
  const bench = dyingBench(steps);
  await startRun(bench.options);
  const [{ run } = { run: '' }] = await bench.store.runs();
  const died = new Promise<void>((resolve, reject) => {
    const { operator, ...options } = bench.afterDeath(run);
    const store = dyingAt(
      storeOn(join(bench.directory, 'state'), { self: deadProcess() }),
      (event) => event.type === 'rollback-started',
      false,
      resolve,
    );
    const confirm = async () => ({ kind: 'answered', value: true, by: 'flag' }) as const;
    rollbackRun({ ...options, store, operator: { ...operator, confirm } }).then(
      () => reject(new Error('it ended')),
      reject,
    );
  });
  await died;
  const result = await resumeRun(bench.afterDeath(run));
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(bench.world.writes).toEqual(['set a=1', 'set b=2', 'revert b=null', 'revert a=null']);
});

const ways = `
  - id: either
    title: Either
    first-of:
      - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
      - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
  - { id: look, title: Look, uses: test.look, with: { name: b }, expect: steps.either.outputs.by == "two" }
`;

test.each([
  ['before the other way was begun', isType('step-started', 'two'), false],
  ['before the intent of the other way', isType('change-intended', 'two'), false],
  ['after the intent of the other way', isType('change-intended', 'two'), true],
  ['after the write of the other way', isType('change-applied', 'two'), false],
  ['after the result of the other way', isType('change-applied', 'two'), true],
  ['before the other way was said to have succeeded', isType('step-succeeded', 'two'), false],
  ['before the group was said to have succeeded', isType('step-succeeded', 'either'), false],
])('a way that failed is not tried again by resume after a death %s', async (_name, when, appended) => {
  const bench = dyingBench(ways);
  bench.world.mischief.set('a', ['refuse']);
  const run = await runUntilDeath(bench, when, appended);
  const result = await resumeRun(bench.afterDeath(run));
  expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(bench.world.writes).toEqual(['set b=2']);
});

test('what was confirmed for a plan is not asked again after a crash, and is asked for another plan', async () => {
  for (const [found, asked] of [
    [undefined, 0],
    [7, 1],
  ] as const) {
    const confirmed = '\n  - { id: one, title: First, uses: test.set, confirm: true, with: { name: a, value: 1 } }\n';
    const bench = createBench(confirmed, { self: deadProcess(), interactive: true, answers: [true, true] });
    benches.push(bench);
    const run = await runUntilDeath(bench, isType('change-intended', 'one'), false);
    expect(bench.operator.asked).toEqual(['First?']);
    if (found !== undefined) bench.world.switches.set('a', found);
    expect(await resumeRun(bench.afterDeath(run))).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
    expect(bench.operator.asked).toHaveLength(1 + asked);
    expect(bench.world.writes).toEqual(['set a=1']);
  }
});

test('a change that was applied, and is undone by the time of resume, is in doubt and not made again', async () => {
  const bench = dyingBench(steps);
  const run = await runUntilDeath(bench, isType('step-succeeded', 'one'), false);
  bench.world.switches.delete('a');
  const result = await resumeRun(bench.afterDeath(run));
  expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(result.message).toContain('it was applied, and the world shows that it is undone');
  expect(bench.world.writes).toEqual(['set a=1']);
});

test('a write that a dead process may have sent is looked for as long as it may still land', async () => {
  const bench = dyingBench(steps);
  const run = await runUntilDeath(bench, isType('change-intended', 'one'), true);
  const next = bench.afterDeath(run);
  let looks = 0;
  const sleep: typeof next.clock.sleep = async () => {
    looks += 1;
  };
  expect(await resumeRun({ ...next, clock: { ...next.clock, sleep } })).toMatchObject({ exitCode: 0 });
  expect(looks).toBe(59);
  expect(bench.world.writes).toEqual(['set a=1', 'set b=2']);
});

test('a dead process whose time of day was an hour behind: its intent counts as young all the same', async () => {
  const bench = dyingBench(steps);
  const behind = { now: () => Date.now() - 3_600_000, sleep: bench.options.clock.sleep };
  const store = storeOn(join(bench.directory, 'state'), { self: deadProcess(), clock: behind });
  const run = await runUntilDeath(
    { ...bench, options: { ...bench.options, store } },
    isType('change-intended', 'one'),
    true,
  );
  const next = bench.afterDeath(run);
  let looks = 0;
  const sleep: typeof next.clock.sleep = async () => {
    looks += 1;
  };
  const clock = { ...createClock({ speed: 1 }), sleep };
  expect(await resumeRun({ ...next, clock })).toMatchObject({ exitCode: 0 });
  expect(looks).toBeGreaterThan(50);
  expect(bench.world.writes).toEqual(['set a=1', 'set b=2']);
});

test('a change that was applied is not said to be applied twice', async () => {
  const bench = dyingBench(steps);
  const run = await runUntilDeath(bench, isType('step-succeeded', 'one'), false);
  await resumeRun(bench.afterDeath(run));
  const entries = await bench.store.read(run);
  expect(entries.filter((entry) => entry.type === 'change-applied' && entry.step === 'one')).toHaveLength(1);
});

test('a living driver is not pushed aside', async () => {
  const bench = createBench('\n  - { id: wait, title: Wait, uses: test.slow, with: {} }\n');
  benches.push(bench);
  const running = startRun(bench.options);
  const run = await new Promise<string>((resolve) =>
    bench.onEntry((entry) => entry.type === 'step-started' && resolve(entry.run)),
  );
  const other = bench.afterDeath(run);
  await expect(resumeRun(other)).rejects.toMatchObject({ code: 'busy' });
  bench.interrupts.raise('SIGTERM');
  expect(await running).toMatchObject({ exitCode: 4 });
});

test('someone asks for a cancel: the running write settles, then everything is rolled back (exit 4)', async () => {
  const bench = createBench(steps);
  benches.push(bench);
  let said: Promise<unknown> = Promise.resolve();
  bench.onEntry((entry) => {
    if (entry.type === 'step-succeeded' && entry.step === 'one') {
      said = bench.store.say(
        entry.run,
        { user: 'bob', host: 'there' },
        { type: 'cancel-requested', text: 'wrong hostname' },
      );
    }
  });
  const result = await startRun(bench.options);
  await said;
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 4 });
  expect(bench.world.writes).toEqual(['set a=1', 'revert a=null']);
});

test('a step by hand: done with the operator’s word, rolled back by hand too', async () => {
  const bench = createBench(
    `
  - id: hand
    title: By hand
    uses: manual.change
    with: { instructions: turn it off, undo-instructions: turn it on }
  - { id: later, title: Later, uses: test.set, on-failure: rollback, with: { name: a, value: 1 } }
`,
    { interactive: true, answers: [true, true] },
  );
  benches.push(bench);
  bench.world.mischief.set('a', ['refuse']);
  const result = await startRun(bench.options);
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 1 });
  expect(bench.operator.asked).toEqual(['Is it done?', 'Is it taken back?']);
});
