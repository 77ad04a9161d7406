import { expect, test } from 'vitest';
import { z } from 'zod';
import { change } from '../../src/actions/action.ts';
import { resumeRun, rollbackRun } from '../../src/engine/continue-run.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

const twoSwitches = `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 } }
`;

/** A bench whose run has ended well, and what is told and asked from then on. */
async function ended(answers: unknown[], steps = twoSwitches) {
  const made = bench(steps, { interactive: true, answers });
  const { run } = await startRun(made.options);
  const told: string[] = [];
  const operator = Object.assign(made.operator, { tell: (text: string) => void told.push(text) });
  return { ...made, run, told, undo: { ...made.again(run), operator }, since: made.entries.length };
}

test('a run that ended well is undone only once that is confirmed, seeing each change the other way round', async () => {
  const { run, undo, world, told, operator, entries, since } = await ended([true]);
  expect(await rollbackRun(undo)).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(operator.asked).toEqual([`Undo what run ${run} changed?`]);
  expect(told.join('\n').split('\n')).toEqual([
    `Run ${run} ended well, and what it changed is in place. Undoing it now does this:`,
    '',
    'Second, undone:',
    '- 2',
    '+ null',
    '',
    'First, undone:',
    '- 1',
    '+ null',
    '',
    'Nothing is looked at first that may speak against it.',
  ]);
  expect(world.writes).toEqual(['set a=1', 'set b=2', 'revert b=null', 'revert a=null']);
  const given = entries.slice(since).filter(({ type }) => type === 'confirmation-given');
  expect(given).toMatchObject([
    { step: 'two', kind: 'plain', by: 'terminal' },
    { step: 'one', kind: 'plain', by: 'terminal' },
  ]);
  const planned = entries.flatMap((entry) => (entry.type === 'step-planned' ? [entry.digest] : []));
  for (const entry of given)
    expect(planned).not.toContain(entry.type === 'confirmation-given' ? entry.digest : undefined);
  const types = entries.slice(since).map(({ type }) => type);
  expect(types.lastIndexOf('confirmation-given')).toBeLessThan(types.indexOf('rollback-started'));
});

test('not confirmed, or Ctrl-C: nothing is undone, the run stays as it ended, and the log has the answer', async () => {
  for (const answer of [false, 'CTRL-C']) {
    const { run, undo, world, store } = await ended([answer]);
    const before = await store.read(run);
    await expect(rollbackRun(undo)).rejects.toMatchObject({ code: 'aborted', message: expect.stringContaining(run) });
    expect(world.writes).toEqual(['set a=1', 'set b=2']);
    const after = (await store.read(run)).slice(before.length);
    expect(after.map((entry) => [entry.type, 'step' in entry ? entry.step : null])).toEqual([
      ['confirmation-declined', 'two'],
      ['confirmation-declined', 'one'],
    ]);
    const [listed] = await store.runs();
    expect(listed?.ended?.outcome).toBe('succeeded');
  }
});

test('with nobody to answer, nothing is written, not even to the log, and the flag is named', async () => {
  const { run, undo, world, store } = await ended([]);
  const before = await store.read(run);
  const operator = { ...undo.operator, confirm: async () => ({ kind: 'unanswerable' as const, flag: '--yes' }) };
  await expect(rollbackRun({ ...undo, operator })).rejects.toMatchObject({
    code: 'usage',
    hint: 'answer it with --yes; nothing was written',
  });
  expect(world.writes).toEqual(['set a=1', 'set b=2']);
  expect(await store.read(run)).toEqual(before);
});

test('a run that did not end well, or left nothing to undo, is rolled back without a question', async () => {
  const doubtful = bench(twoSwitches, { interactive: true });
  doubtful.world.mischief.set('a', ['lost']);
  const left = await startRun(doubtful.options);
  expect(left.exitCode).toBe(3);
  expect(await rollbackRun(doubtful.again(left.run))).toMatchObject({ exitCode: 0 });
  // The second time it is a run that was rolled back.
  expect(await rollbackRun(doubtful.again(left.run))).toMatchObject({ exitCode: 0 });
  expect(doubtful.operator.asked).toEqual([]);

  const kept = await ended(
    [],
    '\n  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 }, rollback: none }\n',
  );
  expect(await rollbackRun(kept.undo)).toMatchObject({ exitCode: 0 });
  expect(kept.operator.asked).toEqual([]);
});

test('an undoing that was confirmed and cut off is gone on with, and not asked again', async () => {
  const { run, undo, again, world, operator } = await ended([true]);
  world.mischief.set('b', ['refuse']);
  expect(await rollbackRun(undo)).toMatchObject({ exitCode: 3 });
  expect(await resumeRun(again(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(operator.asked).toHaveLength(1);
});

test('a switch of traffic is told its proven way back, in its own environment', async () => {
  const moved = `${twoSwitches}
  - { id: seen, title: Seen, uses: test.look, with: { name: b } }
`;
  const { undo, told } = await ended([false], moved);
  await expect(rollbackRun(undo)).rejects.toMatchObject({ code: 'aborted' });
  expect(told.join('\n')).toContain('The proven way back is `resend-ops failback --env test`');
});

test('of several places in one change, each is shown from what goes to what comes back', async () => {
  let now = 0;
  const records = change({
    ...{ name: 'test.records', summary: 'Do', input: z.strictObject({}), state: z.number(), output: z.object({}) },
    plan: async () => ({
      before: 0,
      after: 1,
      diff: ['  zone', '- a', '+ b', '- c', '- d', '+ e', '  stays', '+ f'],
      notes: [],
      guards: [],
    }),
    apply: async () => {
      now = 1;
      return {};
    },
    observe: async () => (now === 1 ? ('after' as const) : ('before' as const)),
    revert: async () => {
      now = 0;
    },
    summarise: () => ({ headline: 'done', detail: [] }),
  });
  const steps = '\n  - { id: one, title: One, uses: test.records, with: {} }\n';
  const made = bench(steps, { interactive: true, answers: [true], actions: [records] });
  const { run } = await startRun(made.options);
  const told: string[] = [];
  const operator = Object.assign(made.operator, { tell: (text: string) => void told.push(text) });
  expect(await rollbackRun({ ...made.again(run), operator })).toMatchObject({ exitCode: 0 });
  const lines = told.join('\n').split('\n');
  const from = lines.indexOf('One, undone:') + 1;
  expect(lines.slice(from, from + 8)).toEqual(['  zone', '- b', '+ a', '- e', '+ c', '+ d', '  stays', '- f']);
  expect(now).toBe(0);
});

test('who was told of the end is not told again by a second rollback', async () => {
  let posted = 0;
  const notice = change({
    ...{ name: 'test.notice', summary: 'Say', input: z.strictObject({}), state: z.number() },
    output: z.object({ id: z.number() }),
    plan: async () => ({ before: 0, after: 1, diff: ['+ notice'], notes: [], guards: [] }),
    apply: async () => ({ id: 1 }),
    observe: async () => 'after' as const,
    lastWord: {
      words: () => 'Nothing was moved.',
      async say() {
        posted += 1;
        return 'resolved';
      },
    },
    summarise: () => ({ headline: 'said', detail: [] }),
  });
  const steps = `
  - { id: tell, title: Tell, uses: test.notice, with: {} }
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
`;
  const { options, world, again, types } = bench(steps, { actions: [notice] });
  world.mischief.set('a', ['lost']);
  const { run } = await startRun(options);
  for (const _ of ['first', 'second']) expect(await rollbackRun(again(run))).toMatchObject({ exitCode: 0 });
  expect(posted).toBe(1);
  expect(types().filter((type) => type === 'ending-told')).toHaveLength(1);
});

const kept = '\n  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 }, rollback: none }\n';
const message = '\n  - { id: one, title: One, uses: test.say, with: { text: hello } }\n';

test.each([
  ['a change that its step keeps', kept, 'a', 1],
  ['a message', message, 'said', 'hello'],
])('a rollback looks at what it does not undo and nobody can tell of: %s', async (_what, steps, name, value) => {
  const { options, world, again, onEntry, store, types } = bench(steps);
  world.mischief.set(name, ['lost']);
  onEntry((entry) => {
    if (entry.type === 'change-doubted') world.blind = true;
  });
  const { run } = await startRun(options);
  const blind = await rollbackRun(again(run));
  expect(blind).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(blind.message).toContain(
    'not known: one (in doubt: nobody can look (the connection was reset): the provider does not answer)',
  );
  expect(blind.message).toContain(`resend-ops mark-done ${run} one --evidence TEXT`);
  expect((await store.runs())[0]?.ended).toBeUndefined();
  // Told once, however often it is looked at.
  expect(types().filter((type) => type === 'change-unresolved')).toHaveLength(1);

  world.blind = false;
  const seen = again(run);
  const sleep: typeof seen.clock.sleep = async () => void world.switches.set(name, value);
  const found = await rollbackRun({ ...seen, clock: { ...seen.clock, sleep } });
  expect(found).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  const told = name === 'a' ? '; kept, as the runbook says: One' : '';
  expect(found.message).toBe(`everything this run changed was rolled back and verified${told}`);
  expect(types()).toContain('change-applied');
});

test.each([kept, message])('what a rollback finds not to have happened is nothing that is kept', async (steps) => {
  const { options, world, again, types } = bench(steps);
  for (const name of ['a', 'said']) world.mischief.set(name, ['lost']);
  const { run } = await startRun(options);
  expect(await rollbackRun(again(run))).toMatchObject({
    exitCode: 0,
    message: 'everything this run changed was rolled back and verified',
  });
  expect(types()).toContain('change-not-applied');
});

test('what a person says of a doubt that a rollback cannot see through ends the run', async () => {
  const { options, world, again, store } = bench(message);
  world.mischief.set('said', ['lost']);
  const { run } = await startRun(options);
  world.blind = true;
  expect(await rollbackRun(again(run))).toMatchObject({ exitCode: 3 });
  await store.say(run, options.actor, { type: 'marked-done', step: 'one', evidence: 'they have read it' });
  expect(await resumeRun(again(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
});

test('a message of an optional step that nobody can tell of keeps no rollback from its end', async () => {
  const { options, world, again } = bench(`
  - { id: say, title: Say, uses: test.say, optional: true, with: { text: hello } }
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
`);
  world.mischief.set('said', ['lost']);
  world.mischief.set('a', ['lost']);
  const { run } = await startRun(options);
  expect(await rollbackRun(again(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
});
