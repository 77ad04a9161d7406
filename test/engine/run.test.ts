import { expect, test } from 'vitest';
import { resumeRun, rollbackRun } from '../../src/engine/continue-run.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { OpsError } from '../../src/errors.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

const twoSwitches = `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 } }
`;

test('a run does its steps in order and ends with the world as asked', async () => {
  const { options, world, types } = bench(twoSwitches);
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0, mode: 'live' });
  expect(world.writes).toEqual(['set a=1', 'set b=2']);
  expect(types().indexOf('change-intended')).toBeLessThan(types().indexOf('change-applied'));
});

test('what is already so is not written again', async () => {
  const { options, world } = bench(twoSwitches);
  world.switches.set('a', 1);
  expect(await startRun(options)).toMatchObject({ exitCode: 0 });
  expect(world.writes).toEqual(['set b=2']);
});

test('exit 1: a later failure rolls back what was changed, in reverse order, and verifies it', async () => {
  const { options, world } = bench(`${twoSwitches}
  - { id: three, title: Third, uses: test.set, with: { name: c, value: 3 } }
`);
  world.mischief.set('c', ['refuse']);
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 1 });
  expect(world.writes).toEqual(['set a=1', 'set b=2', 'revert b=null', 'revert a=null']);
  expect(result.steps.map(({ id, outcome, recovery }) => [id, outcome, recovery])).toEqual([
    ['one', 'succeeded', 'reverted'],
    ['two', 'succeeded', 'reverted'],
    ['three', 'failed', null],
  ]);
});

test('exit 1: nothing was written', async () => {
  const { options, world } = bench(twoSwitches);
  world.mischief.set('a', ['refuse']);
  expect(await startRun(options)).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect(world.writes).toEqual([]);
});

test('a failed revert does not stop the others, and the run says what is left (exit 3)', async () => {
  const { options, world, onEntry } = bench(`${twoSwitches}
  - { id: three, title: Third, uses: test.set, with: { name: c, value: 3 } }
`);
  world.mischief.set('c', ['refuse']);
  onEntry((entry) => {
    if (entry.type === 'rollback-started') world.mischief.set('b', ['refuse']);
  });
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(world.writes).toEqual(['set a=1', 'set b=2', 'revert a=null']);
  expect(result.message).toContain('two');
});

test('a lost answer is observed, not repeated: done', async () => {
  const { options, world, types } = bench(twoSwitches);
  world.mischief.set('a', ['lost-but-done']);
  expect(await startRun(options)).toMatchObject({ exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2']);
  expect(types()).toContain('change-doubted');
});

test('exit 3: a lost write that does not show is in doubt, not "nothing is changed"; rollback waits it out', async () => {
  const { options, world, again } = bench(twoSwitches);
  world.mischief.set('a', ['lost']);
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(result.message).toContain('may still happen');
  expect(world.writes).toEqual(['set a=1']);
  expect(await rollbackRun(again(result.run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1']);
});

test('a write that lands late, after the run has given up on it, is found and undone by rollback', async () => {
  const { options, world, again, onEntry } = bench(twoSwitches);
  world.mischief.set('a', ['late']);
  onEntry((entry) => {
    if (entry.type === 'rollback-started' && world.late !== null) world.late.afterReads = 4;
  });
  const result = await startRun(options);
  expect(result).toMatchObject({ exitCode: 3 });
  expect(world.switches.get('a')).toBeUndefined();
  expect(await rollbackRun(again(result.run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(world.switches.get('a')).toBe(null);
  expect(world.writes).toEqual(['set a=1', 'revert a=null']);
});

test('a rollback that cannot look at once looks again before it leaves a change in place', async () => {
  const { options, world, confirmed } = bench(twoSwitches);
  const { run } = await startRun(options);
  const next = confirmed(run);
  world.blind = true;
  const seesWhenItHasWaited = async () => {
    world.blind = false;
  };
  const result = await rollbackRun({ ...next, clock: { ...next.clock, sleep: seesWhenItHasWaited } });
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2', 'revert b=null', 'revert a=null']);
});

test('a rollback that could not finish is gone on with by resume, never forward', async () => {
  const { options, world, again, confirmed } = bench(twoSwitches);
  const { run } = await startRun(options);
  world.mischief.set('b', ['refuse']);
  expect(await rollbackRun(confirmed(run))).toMatchObject({ exitCode: 3 });
  expect(await resumeRun(again(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2', 'revert a=null', 'revert b=null']);
});

test('an error that was done all the same, and a success that was not, are told right', async () => {
  const done = bench(twoSwitches);
  done.world.mischief.set('a', ['error-but-done']);
  expect(await startRun(done.options)).toMatchObject({ exitCode: 0 });
  const lied = bench(twoSwitches);
  lied.world.mischief.set('a', ['ok-but-not-done']);
  const result = await startRun(lied.options);
  expect(result).toMatchObject({ exitCode: 1 });
  expect(result.message).toContain('the world does not show it');
});

test('a write that hangs settles at its time box and is observed', async () => {
  const { options, world, types } = bench(`
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 }, timeout: 2s }
`);
  world.mischief.set('a', ['hang']);
  expect(await startRun(options)).toMatchObject({ exitCode: 3 });
  expect(types()).toContain('change-doubted');
  expect(world.writes).toEqual(['set a=1']);
});

test('exit 3: nobody can tell what became of a write; resume looks again and goes on', async () => {
  const { options, world, again, onEntry } = bench(twoSwitches);
  world.mischief.set('a', ['lost-but-done']);
  onEntry((entry) => {
    if (entry.type === 'change-doubted') world.blind = true;
  });
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  world.blind = false;
  expect(await resumeRun(again(result.run))).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2']);
});

test('a finished run can be rolled back, and then nothing is as it left it', async () => {
  const { options, world, confirmed } = bench(twoSwitches);
  const { run } = await startRun(options);
  expect(await rollbackRun(confirmed(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect([...world.switches.values()]).toEqual([null, null]);
});

test('a rollback leaves alone what someone else has changed since, and says so', async () => {
  const { options, world, confirmed } = bench(twoSwitches);
  const { run } = await startRun(options);
  world.switches.set('b', 99);
  const result = await rollbackRun(confirmed(run));
  expect(result).toMatchObject({ exitCode: 3 });
  expect(world.switches.get('b')).toBe(99);
  expect(world.switches.get('a')).toBe(null);
});

test('first-of: the next way only when the one before is proven not applied', async () => {
  const steps = `
  - id: either
    title: Either
    first-of:
      - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
      - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
  - { id: look, title: Look, uses: test.look, with: { name: b }, when: steps.either.outputs.by == "two" }
`;
  const refused = bench(steps);
  refused.world.mischief.set('a', ['refuse']);
  const result = await startRun(refused.options);
  expect(result).toMatchObject({ exitCode: 0 });
  expect(refused.world.writes).toEqual(['set b=2']);
  expect(result.steps.find(({ id }) => id === 'look')?.outcome).toBe('succeeded');

  const doubtful = bench(steps);
  doubtful.world.mischief.set('a', ['lost-but-done']);
  doubtful.onEntry((entry) => {
    if (entry.type === 'change-doubted') doubtful.world.blind = true;
  });
  expect(await startRun(doubtful.options)).toMatchObject({ exitCode: 3 });
  expect(doubtful.world.writes).toEqual(['set a=1']);
});

test('an optional step never fails the run, and never holds it up', async () => {
  const { options, world } = bench(`
  - { id: talk, title: Talk, uses: test.say, optional: true, with: { text: hello } }
  - { id: stuck, title: Stuck, uses: test.slow, optional: true, with: {} }
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
`);
  world.mischief.set('said', ['refuse']);
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(result.steps.find(({ id }) => id === 'talk')?.outcome).toBe('failed');
});

test('a failed expectation is a named guard; an override passes it with its reason in the journal', async () => {
  const steps = `
  - { id: seen, title: See, uses: test.look, with: { name: a }, expect: outputs.value == 1 }
  - { id: one, title: First, uses: test.set, with: { name: b, value: 1 } }
`;
  const stopped = bench(steps);
  const result = await startRun(stopped.options);
  expect(result).toMatchObject({ exitCode: 1 });
  expect(result.message).toContain('guard seen');
  expect(stopped.world.writes).toEqual([]);
  const passed = bench(steps);
  const overridden = await startRun({ ...passed.options, overrides: { seen: 'we know' } });
  expect(overridden).toMatchObject({ exitCode: 0, overrides: { seen: 'we know' } });
});

test('dry run: checks run, changes are planned, nothing is written, what follows is unknown', async () => {
  const { options, world } = bench(`
  - { id: before, title: Before, uses: test.look, with: { name: a } }
  - { id: one, title: First, uses: test.set, confirm: true, with: { name: a, value: 1 } }
  - { id: after, title: After, uses: test.look, with: { name: a }, expect: outputs.value == 1 }
`);
  const result = await startRun({ ...options, mode: 'dry-run' });
  expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0, mode: 'dry-run' });
  expect(result.steps.map(({ id, outcome }) => [id, outcome])).toEqual([
    ['before', 'succeeded'],
    ['one', 'planned'],
    ['after', 'unknown'],
  ]);
  expect(world.writes).toEqual([]);
  const entries = await options.store.read(result.run);
  const after = entries.find((entry) => entry.type === 'step-succeeded' && entry.step === 'after');
  expect(after).toMatchObject({ knowledge: 'unknown' });
  expect(entries.some(({ type }) => type === 'change-intended')).toBe(false);
});

const typed = `
  - { id: one, title: First, uses: test.set, confirm: { type: "api.example.com" }, with: { name: a, value: 1 } }
`;

test('a typed confirmation: right goes, wrong is declined (exit 4), Ctrl-C stops (exit 4)', async () => {
  const right = bench(typed, { interactive: true, answers: ['api.example.com'] });
  const result = await startRun(right.options);
  expect(result).toMatchObject({ exitCode: 0 });
  expect(result.clocks.goAt).not.toBeNull();
  const wrong = bench(typed, { interactive: true, answers: ['api.example.co'] });
  expect(await startRun(wrong.options)).toMatchObject({ outcome: 'stopped', exitCode: 4 });
  expect(wrong.world.writes).toEqual([]);
  const interrupted = bench(typed, { interactive: true, answers: ['CTRL-C'] });
  expect(await startRun(interrupted.options)).toMatchObject({ outcome: 'stopped', exitCode: 4 });
});

test('without a terminal an unanswered confirmation stops the program before anything is begun', async () => {
  const { options, store } = bench(typed);
  const operator = {
    ...options.operator,
    typePhrase: async () => ({ kind: 'unanswerable' as const, flag: '--confirm api.example.com' }),
  };
  await expect(startRun({ ...options, operator })).rejects.toMatchObject({
    code: 'usage',
    hint: expect.stringContaining('--confirm'),
  });
  expect(await store.runs()).toEqual([]);
});

test('Ctrl-C during a check asks; leave ends the run with nothing changed (exit 4)', async () => {
  const { options, interrupts, onEntry } = bench('\n  - { id: wait, title: Wait, uses: test.slow, with: {} }\n', {
    interactive: true,
    answers: ['leave'],
  });
  onEntry((entry) => {
    if (entry.type === 'step-started') queueMicrotask(() => interrupts.raise('SIGINT'));
  });
  expect(await startRun(options)).toMatchObject({ outcome: 'stopped', exitCode: 4 });
});

test('Ctrl-C with a change in place: roll back (exit 4), or leave it (exit 3)', async () => {
  const steps = `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: wait, title: Wait, uses: test.slow, with: {} }
`;
  for (const [choice, exitCode, left] of [
    ['rollback', 4, null],
    ['leave', 3, 1],
  ] as const) {
    const { options, interrupts, onEntry, world } = bench(steps, { interactive: true, answers: [choice] });
    onEntry((entry) => {
      if (entry.type === 'step-started' && entry.step === 'wait') queueMicrotask(() => interrupts.raise('SIGINT'));
    });
    expect(await startRun(options)).toMatchObject({ exitCode });
    expect(world.switches.get('a') ?? null).toBe(left);
  }
});

test('SIGTERM stops at the next safe point without asking; the change that ran has settled', async () => {
  const { options, interrupts, onEntry, world } = bench(twoSwitches, { interactive: true });
  onEntry((entry) => {
    if (entry.type === 'change-intended' && entry.step === 'one') interrupts.raise('SIGTERM');
  });
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(world.writes).toEqual(['set a=1']);
  expect(result.message).toContain(`resend-ops rollback ${result.run}`);
});

test('exit 6: a second run of the same resource is refused while the first is unfinished', async () => {
  const first = bench(typed, { head: 'lock: dns/api.example.com\n', interactive: true, answers: ['api.example.com'] });
  first.world.mischief.set('a', ['lost-but-done']);
  first.onEntry((entry) => {
    if (entry.type === 'change-doubted') first.world.blind = true;
  });
  const { run } = await startRun(first.options);
  await expect(startRun(first.options)).rejects.toMatchObject({ code: 'busy', message: expect.stringContaining(run) });
});

test('exit 7: when the log cannot be written no later write reaches the world', async () => {
  const { options, world, store } = bench(twoSwitches);
  const poisoned = {
    ...store,
    drive: async (...args: Parameters<typeof store.drive>) => {
      const lease = await store.drive(...args);
      return {
        ...lease,
        append: (...given: Parameters<typeof lease.append>) => {
          if (given[0].type === 'change-intended' && given[0].step === 'two')
            return Promise.reject(new OpsError('audit', 'no space left on device'));
          return lease.append(...given);
        },
      };
    },
  };
  const result = await startRun({ ...options, store: poisoned });
  expect(result).toMatchObject({ exitCode: 7 });
  expect(world.writes).toEqual(['set a=1']);
  expect(result.message).toContain('one');
});

test('a state that holds a secret is not changed: from a masked log it could not be put back', async () => {
  const { world, options } = bench(twoSwitches);
  world.switches.set('a', 'key re_AbCd1234_EfGh5678IjKl9012');
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'failed', exitCode: 1, message: expect.stringContaining('holds a secret') });
  expect(world.writes).toEqual([]);
});
