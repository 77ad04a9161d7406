import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { change } from '../../src/actions/action.ts';
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

test('a rollback that nobody could look at leaves a doubt a doubt: the next one waits until the write would have landed', async () => {
  const bench = dyingBench(steps);
  bench.world.mischief.set('a', ['late']);
  const run = await runUntilDeath(bench, isType('change-doubted', 'one'), false);
  bench.world.blind = true;
  expect(await rollbackRun(bench.afterDeath(run))).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  bench.world.blind = false;
  if (bench.world.late !== null) bench.world.late.afterReads = 3;
  expect(await rollbackRun(bench.afterDeath(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(bench.world.writes).toEqual(['set a=1', 'revert a=null']);
  const types = (await bench.store.read(run)).map(({ type }) => type);
  expect(types.slice(types.lastIndexOf('rollback-started'))).toEqual([
    'rollback-started',
    'change-applied',
    'revert-intended',
    'change-reverted',
    'run-ended',
  ]);
});

test('a write that a rollback saw, and undid before its process died, is told as undone by the next', async () => {
  const bench = dyingBench(steps);
  bench.world.mischief.set('a', ['lost-but-done']);
  const run = await runUntilDeath(bench, isType('change-doubted', 'one'), false);
  await new Promise<void>((resolve, reject) => {
    const own = storeOn(join(bench.directory, 'state'), { self: { ...deadProcess(), start: '1' } });
    const store = dyingAt(own, isType('change-reverted', 'one'), false, resolve);
    rollbackRun({ ...bench.again(run), store }).then(() => reject(new Error('it ended')), reject);
  });
  const next = bench.afterDeath(run);
  let slept = 0;
  const sleep: typeof next.clock.sleep = async () => {
    slept += 1;
  };
  expect(await rollbackRun({ ...next, clock: { ...next.clock, sleep } })).toMatchObject({ exitCode: 0 });
  expect(slept).toBe(0);
  const types = (await bench.store.read(run)).map(({ type }) => type);
  expect(types).toContain('change-reverted');
  expect(types).not.toContain('change-not-applied');
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

test('a rollback that another driver begins while resume still checks is gone on with, not undone by going forward', async () => {
  // Runs at the preflight of a resumed run: after its log was read, and before it is taken over.
  let atPreflight = async () => {};
  const checked = change({
    ...{ name: 'test.checked', summary: 'Do', input: z.strictObject({}), state: z.number(), output: z.object({}) },
    plan: async () => ({ before: 0, after: 1, diff: ['+ 1'], notes: [], guards: [] }),
    apply: async () => ({}),
    observe: async () => 'after' as const,
    preflight: () => atPreflight(),
    summarise: () => ({ headline: 'done', detail: [] }),
  });
  const bench = createBench(`${steps}\n  - { id: three, title: Third, uses: test.checked, with: {} }\n`, {
    self: deadProcess(),
    actions: [checked],
  });
  benches.push(bench);
  const run = await runUntilDeath(bench, isType('step-started', 'three'), false);
  atPreflight = () =>
    new Promise((resolve, reject) => {
      const own = storeOn(join(bench.directory, 'state'), { self: { ...deadProcess(), start: '1' } });
      const store = dyingAt(own, isType('change-reverted', 'two'), true, resolve);
      rollbackRun({ ...bench.again(run), store }).then(() => reject(new Error('it ended')), reject);
    });
  expect(await resumeRun(bench.afterDeath(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
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

test.each([
  ['marked done', true, ['set b=2']],
  ['looked at again, and made where it is not there', false, ['set b=2', 'set b=2']],
])(
  'a group that was left with a way in doubt goes on with that way, %s, and tries no earlier one',
  async (_name, isMarked, writes) => {
    const bench = createBench(ways);
    benches.push(bench);
    bench.world.mischief.set('a', ['refuse']);
    bench.world.mischief.set('b', ['lost']);
    const { run, exitCode } = await startRun(bench.options);
    expect(exitCode).toBe(3);
    if (isMarked) {
      bench.world.switches.set('b', 2);
      const evidence = 'seen in the console';
      await bench.store.say(run, bench.options.actor, { type: 'marked-done', step: 'two', evidence });
    }
    expect(await resumeRun(bench.again(run))).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
    expect(bench.world.writes).toEqual(writes);
  },
);

test('a group whose way stays in doubt makes no other when it is resumed, nor after a death at its beginning', async () => {
  const bench = dyingBench(ways);
  bench.world.mischief.set('a', ['refuse']);
  bench.world.mischief.set('b', ['lost']);
  bench.onEntry((entry) => {
    if (entry.type === 'change-doubted') bench.world.switches.set('b', 99);
  });
  const { run, exitCode } = await startRun(bench.options);
  expect(exitCode).toBe(3);
  await new Promise<void>((resolve, reject) => {
    const store = dyingAt(bench.options.store, isType('step-started', 'either'), true, resolve);
    resumeRun({ ...bench.again(run), store }).then(() => reject(new Error('it ended')), reject);
  });
  expect(await resumeRun(bench.afterDeath(run))).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(bench.world.writes).toEqual(['set b=2']);
});

test.each([
  ['a check', '{ id: bad, title: Bad, uses: test.look, with: { name: z }, expect: "false", on-failure: continue }'],
  [
    'a group of ways',
    '{ id: bad, title: Bad, on-failure: continue, first-of: [{ id: way, uses: test.set, with: { name: z, value: 1 } }] }',
  ],
])(
  'a failure that was passed over in a group is told also by who resumes after the group ended well: %s',
  async (_what, bad) => {
    const bench = dyingBench(`
  - id: both
    title: Both
    parallel:
      - ${bad}
      - { id: good, title: Good, uses: test.look, with: { name: a } }
  - { id: after, title: After, uses: test.look, with: { name: a } }
`);
    bench.world.mischief.set('z', ['refuse']);
    const run = await runUntilDeath(bench, isType('step-succeeded', 'both'), true);
    expect(await resumeRun(bench.afterDeath(run))).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      message: 'failed and passed over: bad',
    });
  },
);

test('a milestone that was proven counts, although its process died before it said so', async () => {
  const bench = dyingBench(`
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: see, title: See, uses: test.look, with: { name: a } }
  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 } }
`);
  const run = await runUntilDeath(bench, (event) => event.type === 'milestone-reached', false);
  const result = await resumeRun(bench.afterDeath(run));
  expect(result).toMatchObject({ exitCode: 0, clocks: { switchedMs: expect.any(Number) } });
  const entries = await bench.store.read(run);
  const at = (type: Event['type'], step: string) =>
    Date.parse(entries.find((entry) => entry.type === type && 'step' in entry && entry.step === step)?.time ?? '');
  const { speed } = bench.options.clock;
  expect(result.clocks.switchedMs).toBe((at('step-succeeded', 'see') - at('go-given', 'one')) * speed);
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
