import { expect, test } from 'vitest';
import { z } from 'zod';
import { change } from '../../src/actions/action.ts';
import { rollbackRun } from '../../src/engine/continue-run.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { OpsError } from '../../src/errors.ts';
import type { Entry } from '../../src/journal/events.ts';
import type { Answer } from '../../src/world/operator.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

const changeThenFail = `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 } }
`;

const decided = (entries: readonly Entry[]) =>
  entries.flatMap((entry) => (entry.type === 'decided' ? [`${entry.choice} by ${entry.by}`] : []));

test('a step fails with a change in place: the operator says what becomes of it, and Ctrl-C leaves it', async () => {
  for (const [answer, said, exitCode, left] of [
    ['rollback', 'rollback by terminal', 1, null],
    ['leave', 'leave by terminal', 3, 1],
    ['CTRL-C', 'leave by interrupt', 3, 1],
  ] as const) {
    const { options, world, entries, operator } = bench(changeThenFail, { interactive: true, answers: [answer] });
    world.mischief.set('b', ['refuse']);
    const result = await startRun(options);
    expect(result).toMatchObject({ exitCode, outcome: exitCode === 1 ? 'rolled-back' : 'needs-attention' });
    expect(operator.asked).toEqual([expect.stringContaining('two failed: the provider said no')]);
    expect(decided(entries)).toEqual([said]);
    expect(world.switches.get('a') ?? null).toBe(left);
    expect(entries.find(({ type }) => type === 'rollback-started')).toEqual(
      exitCode === 1
        ? expect.objectContaining({ why: expect.stringContaining('step two failed'), cause: 'failed' })
        : undefined,
    );
  }
});

test('a step that fails says in the file what becomes of the changes, and nobody is asked', async () => {
  for (const [policy, exitCode, left] of [
    ['rollback', 1, null],
    ['stop', 3, 1],
  ] as const) {
    const { options, world, operator } = bench(
      changeThenFail.replace('title: Second,', `title: Second, on-failure: ${policy},`),
      { interactive: true },
    );
    world.mischief.set('b', ['refuse']);
    expect(await startRun(options)).toMatchObject({ exitCode });
    expect(operator.asked).toEqual([]);
    expect(world.switches.get('a') ?? null).toBe(left);
  }
});

test('a step that fails with nothing in place asks nothing', async () => {
  const { options, world, operator } = bench(changeThenFail, { interactive: true });
  world.mischief.set('a', ['refuse']);
  expect(await startRun(options)).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect(operator.asked).toEqual([]);
});

const confirmedSecond = `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Second, uses: test.set, confirm: true, with: { name: b, value: 2 } }
`;

test('declined with a change in place: the operator is asked what becomes of it', async () => {
  for (const [answers, exitCode, left] of [
    [[false, 'rollback'], 4, null],
    [[false, 'leave'], 3, 1],
    [[false, 'CTRL-C'], 3, 1],
  ] as const) {
    const { options, world, entries } = bench(confirmedSecond, { interactive: true, answers: [...answers] });
    expect(await startRun(options)).toMatchObject({ exitCode });
    expect(world.switches.get('a') ?? null).toBe(left);
    expect(world.switches.has('b')).toBe(false);
    expect(entries.find(({ type }) => type === 'confirmation-declined')).toMatchObject({ step: 'two', kind: 'plain' });
    const begun = entries.find(({ type }) => type === 'rollback-started');
    expect(begun).toEqual(exitCode === 4 ? expect.objectContaining({ cause: 'stopped' }) : undefined);
  }
});

test('declined without a terminal, with a change in place: it is rolled back (exit 4)', async () => {
  const { options, world, entries } = bench(confirmedSecond);
  // The first time it is only asked whether it could be answered.
  const answers = [true, false];
  const confirm = async (): Promise<Answer<boolean>> => ({
    kind: 'answered',
    value: answers.shift() ?? false,
    by: 'flag',
  });
  const result = await startRun({ ...options, operator: { ...options.operator, confirm } });
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 4 });
  expect(world.writes).toEqual(['set a=1', 'revert a=null']);
  expect(entries.find(({ type }) => type === 'rollback-started')).toMatchObject({
    why: 'the operator declined',
    cause: 'stopped',
  });
});

test('Ctrl-C at a prompt with a change in place asks, and the prompt comes again when the run goes on', async () => {
  for (const [answers, exitCode, left] of [
    [['CTRL-C', 'continue', true], 0, 1],
    [['CTRL-C', 'rollback'], 4, null],
    [['CTRL-C', 'leave'], 3, 1],
    [['CTRL-C', 'CTRL-C'], 3, 1],
  ] as const) {
    const { options, world, operator, entries } = bench(confirmedSecond, { interactive: true, answers: [...answers] });
    expect(await startRun(options)).toMatchObject({ exitCode });
    expect(operator.asked.map((question) => question.replace(/\?.*/, ''))).toEqual(
      answers.map((_, index) => (index === 1 ? 'Stop' : 'Second')),
    );
    expect(entries.find(({ type }) => type === 'interrupted')).toMatchObject({ signal: 'SIGINT' });
    expect(decided(entries)).toEqual([answers[1] === 'CTRL-C' ? 'leave by interrupt' : `${answers[1]} by terminal`]);
    expect(world.switches.get('a') ?? null).toBe(left);
    expect(world.switches.has('b')).toBe(exitCode === 0);
  }
});

const either = `
  - id: either
    title: Either
    first-of:
      - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
      - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
`;

/** A bench in which the first way is done, its answer lost, and nobody can look until `seesAgain` is asked about. */
function doubtful(answers: unknown[]) {
  const made = bench(either, { interactive: true, answers });
  made.world.mischief.set('a', ['lost-but-done']);
  made.onEntry((entry) => {
    if (entry.type === 'change-doubted') made.world.blind = true;
    if (entry.type === 'decided' && entry.choice !== 'leave') made.world.blind = false;
  });
  return made;
}

test('first-of in doubt, at a terminal: look again, try the next as well, or leave it', async () => {
  const looked = doubtful(['look']);
  expect(await startRun(looked.options)).toMatchObject({ exitCode: 0 });
  expect(looked.world.writes).toEqual(['set a=1']);
  expect(decided(looked.entries)).toEqual(['retry by terminal']);
  expect(looked.operator.asked).toEqual(['One: nobody can tell whether it happened']);

  const both = doubtful(['next']);
  const result = await startRun(both.options);
  expect(both.world.writes).toEqual(['set a=1', 'set b=2']);
  expect(decided(both.entries)).toEqual(['continue by terminal']);
  // The last look at the doubt finds it done: it is in place although its way was given up.
  expect(result).toMatchObject({ exitCode: 3 });
  expect(result.steps.map(({ id, outcome }) => [id, outcome])).toContainEqual(['two', 'succeeded']);

  for (const [answer, by] of [
    ['leave', 'terminal'],
    ['CTRL-C', 'interrupt'],
  ] as const) {
    const left = doubtful([answer]);
    expect(await startRun(left.options)).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
    expect(left.world.writes).toEqual(['set a=1']);
    expect(decided(left.entries)).toEqual([`leave by ${by}`]);
  }
});

test('first-of in doubt: to look again is said to make it where it did not happen, and does', async () => {
  const { options, world, onEntry, entries } = bench(either, { interactive: true });
  world.mischief.set('a', ['lost']);
  onEntry((entry) => {
    if (entry.type === 'change-doubted') world.blind = true;
  });
  const offered: string[][] = [];
  const choose: typeof options.operator.choose = async ({ options: given }) => {
    offered.push(given.map(({ label }) => label));
    world.blind = false;
    const look = given.find(({ value }) => value === 'look');
    return look === undefined ? { kind: 'interrupted' } : { kind: 'answered', value: look.value, by: 'terminal' };
  };
  expect(await startRun({ ...options, operator: { ...options.operator, choose } })).toMatchObject({ exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set a=1']);
  expect(offered).toEqual([
    ['look again, and make it if it did not happen', 'try the next way as well', 'stop here, leave it as it is'],
  ]);
  const gone = entries.find(({ type }) => type === 'change-not-applied');
  expect(gone).toMatchObject({ error: { message: 'its answer was lost; the world shows that it did not happen' } });
});

test('first-of in doubt: the last way has no next one to try', async () => {
  const { options, world, onEntry } = bench(either, { interactive: true });
  world.mischief.set('a', ['refuse']);
  world.mischief.set('b', ['lost-but-done']);
  onEntry((entry) => {
    if (entry.type === 'change-doubted') world.blind = true;
  });
  const offered: string[][] = [];
  const choose: typeof options.operator.choose = async ({ options: given }) => {
    offered.push(given.map(({ value }) => value));
    return { kind: 'interrupted' };
  };
  expect(await startRun({ ...options, operator: { ...options.operator, choose } })).toMatchObject({ exitCode: 3 });
  expect(offered).toEqual([['look', 'leave']]);
});

test('a guard after the go stops the change, and no other way slips past it', async () => {
  const stopped = bench(either);
  stopped.world.objection = 'it is back';
  const result = await startRun(stopped.options);
  expect(result).toMatchObject({ exitCode: 1, message: expect.stringContaining('guard objection: it is back') });
  expect(stopped.world.writes).toEqual([]);
  const types = stopped.entries.map(({ type }) => type);
  expect(types.indexOf('guard-raised')).toBeGreaterThan(types.indexOf('go-given'));
  expect(types).not.toContain('change-intended');

  const passed = bench(either);
  passed.world.objection = 'it is back';
  const overridden = await startRun({ ...passed.options, overrides: { objection: 'it will not last' } });
  expect(overridden).toMatchObject({ exitCode: 0, overrides: { objection: 'it will not last' } });
  expect(passed.world.writes).toEqual(['set a=1']);
});

test('first-of: a stop during one way ends it, and no other way is tried', async () => {
  const { options, interrupts, onEntry, world, entries } = bench(either);
  world.mischief.set('a', ['lost']);
  onEntry((entry) => {
    if (entry.type === 'change-doubted') interrupts.raise('SIGTERM');
  });
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(world.writes).toEqual(['set a=1']);
  expect(entries.some((entry) => entry.type === 'step-failed' && entry.step === 'either')).toBe(false);
});

/** A change that is made although its answer is lost, and whose output cannot be read afterwards. */
function silent(writes: string[]) {
  return change({
    ...{ name: 'test.silent', summary: 'Do', input: z.strictObject({}), state: z.number() },
    output: z.object({ n: z.number() }),
    plan: async () => ({ before: 0, after: 1, diff: ['+ 1'], notes: [], guards: [] }),
    apply: async () => {
      writes.push('made');
      throw new OpsError('lost-answer', 'cut off');
    },
    observe: async () => (writes.at(-1) === 'made' ? ('after' as const) : ('before' as const)),
    outputOf: async () => {
      throw new OpsError('lost-answer', 'HTTP 503');
    },
    revert: async () => void writes.push('undone'),
    summarise: ({ n }) => ({ headline: `n is ${n}`, detail: [] }),
  });
}

test('a change that shows, and whose output cannot be read, is made: no other way is tried', async () => {
  for (const [expected, exitCode, done] of [
    ['', 0, ['made']],
    // What was to be held against it was never seen: that is not told as well.
    [', expect: outputs.n == 7', 1, ['made', 'undone']],
  ] as const) {
    const writes: string[] = [];
    const { options, world, entries } = bench(
      `
  - id: either
    title: Either
    first-of:
      - { id: one, title: One, uses: test.silent, with: {}${expected} }
      - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
`,
      { actions: [silent(writes)] },
    );
    expect(await startRun(options)).toMatchObject({ exitCode });
    expect(writes).toEqual(done);
    expect(world.writes).toEqual([]);
    if (exitCode !== 0) continue;
    expect(entries.find((entry) => entry.type === 'step-succeeded' && entry.step === 'one')).toMatchObject({
      output: null,
      summary: { detail: ['its output could not be read: HTTP 503'] },
    });
  }
});

test('first-of: a way that is made, and whose expectation has no value, is the last that is tried', async () => {
  const { options, world } = bench(`
  - id: either
    title: Either
    first-of:
      - { id: one, title: One, uses: test.set, with: { name: a, value: 1 }, expect: outputs.value.x == 1 }
      - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
`);
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 1 });
  expect(result.message).toContain('cannot work out');
  expect(world.writes).toEqual(['set a=1', 'revert a=null']);
});

test('first-of: when no way works it says why of each, the skipped ones too', async () => {
  const { options, world } = bench(`
  - id: either
    title: Either
    first-of:
      - { id: none, title: None, uses: test.set, when: "false", with: { name: z, value: 1 } }
      - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
      - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
`);
  world.mischief.set('a', ['refuse']);
  world.mischief.set('b', ['not-sent']);
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect(result.message).toContain('none of the 3 ways worked: none: its condition does not hold: false');
  expect(result.message).toContain('one: the provider said no; two: connection refused');
  expect(result.message).toContain('nothing is changed');
});

const waiting = `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: wait, title: Wait, uses: test.look, with: { name: a }, retry: { attempts: 2, every: 1s } }
  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 } }
`;

test('Ctrl-C while it runs: nothing more begins before the question is answered, and the run can go on', async () => {
  const { options, interrupts, onEntry, world, entries } = bench(waiting, { interactive: true });
  let answer: (value: Answer<never>) => void = () => undefined;
  const choose = () =>
    new Promise<Answer<never>>((resolve) => {
      answer = resolve;
    });
  onEntry((entry) => {
    if (entry.type === 'change-intended' && entry.step === 'one') interrupts.raise('SIGINT');
    if (entry.type === 'step-succeeded' && entry.step === 'one') {
      setTimeout(() => {
        expect(entries.at(-1)).toBe(entry);
        answer({ kind: 'answered', value: 'continue' as never, by: 'terminal' });
      }, 200);
    }
  });
  const result = await startRun({ ...options, operator: { ...options.operator, choose } });
  expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2']);
  expect(decided(entries)).toEqual(['continue by terminal']);
});

test('Ctrl-C during the last look: nothing is written behind the open question, and what it saw is looked at again', async () => {
  for (const choice of ['continue', 'leave'] as const) {
    const { options, interrupts, world, entries, operator } = bench(changeThenFail.split('\n').slice(0, 2).join('\n'), {
      interactive: true,
    });
    const set = options.actions.get('test.set');
    if (set?.kind !== 'change') throw new Error('test.set is a change');
    let looks = 0;
    const lastLook = async () => {
      looks += 1;
      if (looks === 1) interrupts.raise('SIGINT');
      return [];
    };
    const actions = new Map([...options.actions, ['test.set', { ...set, lastLook }] as const]);
    const choose = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(entries.map(({ type }) => type)).not.toContain('change-intended');
      return { kind: 'answered' as const, value: choice as never, by: 'terminal' as const };
    };
    const result = await startRun({ ...options, actions, operator: { ...operator, choose } });
    expect(decided(entries)).toEqual([`${choice} by terminal`]);
    expect(result).toMatchObject({ exitCode: choice === 'continue' ? 0 : 4 });
    expect(world.writes).toEqual(choice === 'continue' ? ['set a=1'] : []);
    expect(looks).toBe(choice === 'continue' ? 2 : 1);
  }
});

test('Ctrl-C offers to roll back only where something is in place', async () => {
  for (const [steps, offered] of [
    ['\n  - { id: wait, title: Wait, uses: test.slow, with: {} }\n', ['continue', 'leave']],
    [
      `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: wait, title: Wait, uses: test.slow, with: {} }
`,
      ['continue', 'rollback', 'leave'],
    ],
  ] as const) {
    const { options, interrupts, onEntry } = bench(steps, { interactive: true });
    const asked: string[][] = [];
    const worded: string[] = [];
    const choose: typeof options.operator.choose = async ({ message, options: given }) => {
      asked.push(given.map(({ value }) => value));
      worded.push(message, given.at(-1)?.label ?? '');
      return { kind: 'interrupted' };
    };
    onEntry((entry) => {
      if (entry.type === 'step-started' && entry.step === 'wait') queueMicrotask(() => interrupts.raise('SIGINT'));
    });
    await startRun({ ...options, operator: { ...options.operator, choose } });
    expect(asked).toEqual([offered]);
    expect(worded).toEqual(
      offered.length === 3
        ? ['Stop? Changes of this run are in place.', 'stop, and leave the changes as they are']
        : ['Stop? Nothing of this run needs undoing so far.', 'stop'],
    );
  }
});

test('Ctrl-C while nobody can tell yet of a change does not say that it is in place', async () => {
  const lines = changeThenFail.trim().split('\n');
  for (const [steps, at, step, said, left] of [
    [
      lines[0],
      'change-intended',
      'one',
      'A change is under way: nobody can tell yet whether it happened.',
      'it as it is',
    ],
    [lines[0], 'change-unresolved', 'one', 'A change is in doubt: nobody can tell whether it happened.', 'it as it is'],
    [
      lines.join('\n'),
      'change-doubted',
      'two',
      'Changes of this run are in place, and one more is under way: nobody can tell yet whether it happened.',
      'the changes as they are',
    ],
  ] as const) {
    const { options, interrupts, onEntry, world } = bench(`\n  ${steps}\n`, { interactive: true });
    world.mischief.set(step === 'one' ? 'a' : 'b', ['lost']);
    const asked: string[] = [];
    const choose: typeof options.operator.choose = async ({ message, options: given }) => {
      asked.push(message, given.at(-1)?.label ?? '');
      return { kind: 'interrupted' };
    };
    onEntry((entry) => {
      if (entry.type === at && entry.step === step) interrupts.raise('SIGINT');
    });
    await startRun({ ...options, operator: { ...options.operator, choose } });
    expect(asked.slice(0, 2)).toEqual([`Stop? ${said}`, `stop, and leave ${left}`]);
  }
});

test('a Ctrl-C after one that was answered with "go on" asks again', async () => {
  const { options, interrupts, onEntry, world, operator } = bench(changeThenFail, {
    interactive: true,
    answers: ['continue', 'rollback'],
  });
  onEntry((entry) => {
    if (entry.type === 'change-intended') interrupts.raise('SIGINT');
  });
  expect(await startRun(options)).toMatchObject({ outcome: 'rolled-back', exitCode: 4 });
  expect(operator.asked).toHaveLength(2);
  expect(world.writes).toEqual(['set a=1', 'set b=2', 'revert b=null', 'revert a=null']);
});

test('a second Ctrl-C, while the first is asked about, stops without asking again', async () => {
  const { options, interrupts, onEntry, entries } = bench(
    '\n  - { id: wait, title: Wait, uses: test.slow, with: {} }\n',
    { interactive: true },
  );
  let asked = 0;
  const choose: typeof options.operator.choose = ({ signal }) => {
    asked += 1;
    interrupts.raise('SIGINT');
    return new Promise((resolve) => signal?.addEventListener('abort', () => resolve({ kind: 'interrupted' })));
  };
  onEntry((entry) => {
    if (entry.type === 'step-started') queueMicrotask(() => interrupts.raise('SIGINT'));
  });
  expect(await startRun({ ...options, operator: { ...options.operator, choose } })).toMatchObject({ exitCode: 4 });
  expect(asked).toBe(1);
  expect(entries.filter(({ type }) => type === 'interrupted')).toHaveLength(2);
  expect(new Set(decided(entries))).toEqual(new Set(['leave by interrupt']));
});

test('a reader that goes away is noted, and stops nothing', async () => {
  const { options, interrupts, onEntry, world, entries } = bench(changeThenFail, { interactive: true });
  onEntry((entry) => {
    if (entry.type === 'change-intended' && entry.step === 'one') interrupts.raise('SIGPIPE');
  });
  expect(await startRun(options)).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2']);
  expect(entries.find(({ type }) => type === 'interrupted')).toMatchObject({ signal: 'SIGPIPE' });
  expect(decided(entries)).toEqual([]);
});

test('a reader that is missed only by the last entries is noted before the run ends, or is suspended', async () => {
  for (const [answer, last] of [
    ['rollback', 'run-ended'],
    ['leave', 'run-suspended'],
  ] as const) {
    const { options, interrupts, world, entries } = bench(changeThenFail, { interactive: true, answers: [answer] });
    world.mischief.set('b', ['refuse']);
    const outputsHeard = async () => interrupts.raise('SIGPIPE');
    await startRun({ ...options, outputsHeard });
    expect(entries.slice(-2)).toMatchObject([{ type: 'interrupted', signal: 'SIGPIPE' }, { type: last }]);
  }
});

test('a signal during a rollback is noted, and the rollback is finished', async () => {
  const { options, interrupts, onEntry, world, confirmed, entries } = bench(changeThenFail);
  const { run } = await startRun(options);
  onEntry((entry) => {
    if (entry.type === 'rollback-started') interrupts.raise('SIGINT');
  });
  expect(await rollbackRun(confirmed(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2', 'revert b=null', 'revert a=null']);
  expect(entries.filter(({ type }) => type === 'interrupted')).toHaveLength(1);
  expect(decided(entries)).toEqual([]);
});

test('a signal that comes before anything has started starts nothing', async () => {
  const { options, interrupts, store } = bench(changeThenFail);
  interrupts.raise('SIGINT');
  await expect(startRun(options)).rejects.toMatchObject({ code: 'aborted' });
  expect(await store.runs()).toEqual([]);
});

test('without a terminal, each confirmation must be answerable before anything is begun', async () => {
  const plain = bench('\n  - { id: one, title: First, uses: test.set, confirm: true, with: { name: a, value: 1 } }\n');
  const cannot = async () => ({ kind: 'unanswerable' as const, flag: '--yes' });
  await expect(
    startRun({ ...plain.options, operator: { ...plain.options.operator, confirm: cannot } }),
  ).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('--yes') });
  const nobody = async () => ({ kind: 'interrupted' as const });
  await expect(
    startRun({ ...plain.options, operator: { ...plain.options.operator, confirm: nobody } }),
  ).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('--yes') });
  expect(await plain.store.runs()).toEqual([]);

  const typed = bench(
    '\n  - { id: one, title: First, uses: test.set, confirm: { type: "${{ env.hostname }}" }, with: { name: a, value: 1 } }\n',
    { answers: ['api.example.co'] },
  );
  await expect(startRun(typed.options)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('asks for the phrase api.example.com, and --confirm gives another'),
    hint: '--confirm api.example.com',
  });
  const dry = await startRun({ ...typed.options, mode: 'dry-run' });
  expect(dry).toMatchObject({ exitCode: 0 });
});

test('a confirmation that cannot come up need not be answerable', async () => {
  const { options, world } = bench(`
  - { id: never, title: Never, uses: test.set, when: "false", confirm: true, with: { name: z, value: 1 } }
  - { id: see, title: See, uses: test.look, with: { name: a } }
  - id: later
    title: Later
    uses: test.set
    confirm: { type: "\${{ steps.see.outputs.value }}" }
    with: { name: a, value: 1 }
`);
  // What is to be typed is known only during the run: it is asked then, and nobody is there.
  const typePhrase = async () => ({ kind: 'unanswerable' as const, flag: '--confirm PHRASE' });
  const result = await startRun({ ...options, operator: { ...options.operator, typePhrase } });
  expect(result).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect(result.message).toContain('there is no terminal to ask on');
  expect(world.writes).toEqual([]);
});

test('a phrase that is empty, or not what it looks like, cannot be asked for', async () => {
  for (const [value, said] of [
    [' ', 'the phrase to type is empty'],
    ['api\u200b', 'not what it looks like: api\\u200b'],
  ] as const) {
    const { options, world, operator } = bench(
      `
  - { id: see, title: See, uses: test.look, with: { name: a } }
  - { id: one, title: One, uses: test.set, confirm: { type: "\${{ steps.see.outputs.value }}" }, with: { name: b, value: 1 } }
`,
      { interactive: true },
    );
    world.switches.set('a', value);
    const result = await startRun(options);
    expect(result).toMatchObject({ outcome: 'failed', exitCode: 1 });
    expect(result.message).toContain(said);
    expect(operator.asked).toEqual([]);
    expect(world.writes).toEqual([]);
  }
});

test('a question in words of its own, and a phrase that is no text', async () => {
  const { options, world, operator } = bench(
    `
  - { id: see, title: See, uses: test.look, with: { name: a } }
  - { id: one, title: One, uses: test.set, confirm: "Really on \${{ env.hostname }}?", with: { name: b, value: 1 } }
  - { id: two, title: Two, uses: test.set, confirm: { type: "\${{ steps.see.outputs.value }}" }, with: { name: c, value: 1 } }
`,
    { interactive: true, answers: [true, '7'] },
  );
  world.switches.set('a', 7);
  expect(await startRun(options)).toMatchObject({ exitCode: 0 });
  expect(operator.asked).toEqual(['Really on api.example.com?', 'Type 7 to go; wrong twice, or empty, stops']);
});
