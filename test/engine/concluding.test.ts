import { expect, test } from 'vitest';
import { z } from 'zod';
import { change } from '../../src/actions/action.ts';
import type { EmptyEnding } from '../../src/actions/afterwards.ts';
import { conclude } from '../../src/engine/conclude.ts';
import type { Ending } from '../../src/engine/ending.ts';
import { sayLastWords } from '../../src/engine/last-words.ts';
import { requestStop, type Session, type StopChoice } from '../../src/engine/session.ts';
import type { StepEnd } from '../../src/engine/step-end.ts';
import { OpsError } from '../../src/errors.ts';
import type { Event } from '../../src/journal/events.ts';
import { useBenches } from './benches.ts';
import { applied, changing, error, run, succeeded } from './folded.ts';
import { sessionOn, standingClock } from './session-on.ts';

const bench = useBenches();

const steps = `
  - { id: one, title: One, uses: test.look, with: { name: a } }
  - { id: two, title: Two, on-failure: continue, uses: test.look, with: { name: a } }
  - { id: beside, title: Beside, optional: true, uses: test.look, with: { name: a } }
`;

/** A change that shows as there until it is undone, or as it is told. */
function switching(shows?: 'before' | 'after' | 'other') {
  let isUndone = false;
  return change({
    ...{ name: 'test.switch', summary: 'Switch', input: z.json(), state: z.json(), output: z.json() },
    plan: async () => ({ before: 0, after: 1, diff: [], notes: [], guards: [] }),
    apply: async () => null,
    observe: async () => shows ?? (isUndone ? 'before' : 'after'),
    async revert() {
      isUndone = true;
    },
    summarise: () => ({ headline: 'switched', detail: [] }),
  });
}

const uses = { uses: 'test.switch' };
const inPlace = changing('one', [applied('one'), succeeded('one')], uses);
const strayed = changing('one', [applied('one'), { type: 'step-failed', step: 'one', error }], uses);
const doubted = changing('one', [{ type: 'change-doubted', step: 'one', error }], uses);
const notThere = changing('one', [{ type: 'change-not-applied', step: 'one', error }], uses);
const intended = changing('one', [], uses);
const failing = (step: string): Event[] => [
  { type: 'step-started', step, title: `Title of ${step}`, uses: 'test.look' },
  { type: 'step-failed', step, error },
];
const raised: Event = { type: 'guard-raised', step: 'two', guard: 'fresh', message: 'old', hint: 'wait' };
const passed: Event = { type: 'guard-overridden', step: 'two', guard: 'known', reason: 'I know', message: 'old' };

const well: StepEnd = { kind: 'succeeded' };
const failed: StepEnd = { kind: 'failed', step: 'two', error };
const stopped = (choice: StopChoice): StepEnd => ({ kind: 'stopped', choice });
const next = `next: \`resend-ops resume ${run}\`, or \`resend-ops rollback ${run}\``;
const all = 'everything was rolled back and verified';
const left = 'one (Title of one): in place';

const ended = (outcome: string, exitCode: number, message: string) => ({
  ...{ type: 'run-ended', outcome, exitCode, message, left: [] },
});
const suspended = (message: string, ...what: string[]) => ({
  ...{ type: 'run-suspended', exitCode: 3, message, left: what },
});

type More = {
  shows?: 'before' | 'after' | 'other';
  mode?: 'dry-run';
  answers?: unknown[];
  stop?: StopChoice;
};

/** Brings a run to its end from where `events` have led, and tells what it wrote. */
async function concluded(events: readonly Event[], end: StepEnd, { shows, mode, answers, stop }: More = {}) {
  const made = bench(steps, answers === undefined ? {} : { interactive: true, answers });
  const first = mode === undefined ? {} : { mode };
  const on = sessionOn(made.options, events, { actions: [switching(shows)], first });
  if (stop !== undefined) on.session.stop = stop;
  await conclude(on.session, end);
  return { ...on, asked: made.operator.asked };
}

const dryRun: More = { mode: 'dry-run' };
const planned = 'every check ran, every change was planned, nothing was written';

const cases: [string, Event[], StepEnd, More, object][] = [
  ['well, and nothing changed', [], well, {}, ended('succeeded', 0, 'the world is as asked')],
  ['well', inPlace, well, {}, ended('succeeded', 0, 'the world is as asked; in place: Title of one')],
  [
    'well, but for what is optional',
    failing('beside'),
    well,
    {},
    ended('succeeded', 0, 'the world is as asked; optional, and failed: Title of beside'),
  ],
  [
    'well, of what was in doubt',
    doubted,
    well,
    {},
    ended('succeeded', 0, 'the world is as asked; in place: Title of one'),
  ],
  [
    'well, with a doubt',
    doubted,
    well,
    { shows: 'other' },
    suspended(
      `something is in doubt; left: one (Title of one): in doubt: the provider said no; ${next}`,
      'one (Title of one): in doubt: the provider said no',
    ),
  ],
  [
    'well, with an intent that nobody knows more of',
    intended,
    well,
    {},
    suspended(
      `something is in doubt; left: one (Title of one): in doubt: its answer was lost; ${next}`,
      'one (Title of one): in doubt: its answer was lost',
    ),
  ],
  [
    'well, with a change of a step that failed',
    strayed,
    well,
    {},
    suspended(`something is in doubt; left: ${left}; ${next}`, left),
  ],
  ['passing over what failed', failing('two'), well, {}, ended('failed', 1, 'failed and passed over: two')],
  [
    'passing over what failed, with a change in place',
    [...inPlace, ...failing('two')],
    well,
    {},
    suspended(`failed and passed over: two; ${next}`, left),
  ],
  ['a failure', [], failed, {}, ended('failed', 1, 'two: the provider said no; nothing is changed')],
  [
    'a failure of what did not happen',
    notThere,
    failed,
    {},
    ended('failed', 1, 'two: the provider said no; nothing is changed'),
  ],
  [
    'a failure with a change in place',
    inPlace,
    failed,
    {},
    ended('rolled-back', 1, `two: the provider said no; ${all}`),
  ],
  [
    'a failure that is to be left',
    inPlace,
    { ...failed, policy: 'stop' },
    {},
    suspended(`two: the provider said no; left: ${left}; ${next}`, left),
  ],
  [
    'a failure after a stop was asked for',
    inPlace,
    failed,
    { answers: [], stop: 'leave' },
    suspended(`two: the provider said no; left: ${left}; ${next}`, left),
  ],
  [
    'a failure that is to be rolled back, asking nobody',
    inPlace,
    { ...failed, policy: 'rollback' },
    { answers: [] },
    ended('rolled-back', 1, `two: the provider said no; ${all}`),
  ],
  [
    'a failure of which a person says: undo it',
    inPlace,
    failed,
    { answers: ['rollback'] },
    ended('rolled-back', 1, `two: the provider said no; ${all}`),
  ],
  [
    'a failure of which a person says: leave it',
    inPlace,
    { ...failed, policy: 'ask' },
    { answers: ['leave'] },
    suspended(`two: the provider said no; left: ${left}; ${next}`, left),
  ],
  [
    'a failure, and Ctrl-C at the question',
    inPlace,
    failed,
    { answers: ['CTRL-C'] },
    suspended(`two: the provider said no; left: ${left}; ${next}`, left),
  ],
  [
    'a rollback that leaves something',
    inPlace,
    failed,
    { shows: 'other' },
    suspended(
      `two: the provider said no; left: one (Title of one): could not be rolled back: the world is neither as before nor as this run left it; it was not touched; ${next}`,
      'one (Title of one): could not be rolled back: the world is neither as before nor as this run left it; it was not touched',
    ),
  ],
  [
    'a doubt, told once',
    doubted,
    { kind: 'unresolved', step: 'one', error },
    { shows: 'other' },
    suspended(
      `left: one (Title of one): in doubt: the provider said no; ${next}`,
      'one (Title of one): in doubt: the provider said no',
    ),
  ],
  [
    'a doubt that was told, and shows as done',
    changing('one', [{ type: 'change-unresolved', step: 'one', error }], uses),
    { kind: 'unresolved', step: 'one', error },
    {},
    suspended(`one: the provider said no; left: ${left}; ${next}`, left),
  ],
  [
    'a doubt that is gone',
    [],
    { kind: 'unresolved', step: 'one', error },
    {},
    ended('failed', 1, 'one: the provider said no; nothing is changed'),
  ],
  ['a stop', [], stopped('leave'), {}, ended('stopped', 4, 'stopped by the operator; nothing is changed')],
  ['a stop with a change in place', inPlace, stopped('leave'), {}, suspended(`stopped; left: ${left}; ${next}`, left)],
  ['a stop that undoes', inPlace, stopped('rollback'), {}, ended('rolled-back', 4, `stopped by the operator; ${all}`)],
  [
    'a stop that undoes nothing',
    [],
    stopped('rollback'),
    {},
    ended('rolled-back', 4, `stopped by the operator; ${all}`),
  ],
  ['a "no"', [], stopped('declined'), {}, ended('stopped', 4, 'stopped by the operator; nothing is changed')],
  [
    'a "no" with a change in place',
    inPlace,
    stopped('declined'),
    {},
    ended('rolled-back', 4, `stopped by the operator; ${all}`),
  ],
  [
    'a "no", and then: undo it',
    inPlace,
    stopped('declined'),
    { answers: ['rollback'] },
    ended('rolled-back', 4, `stopped by the operator; ${all}`),
  ],
  [
    'a "no", and then: leave it',
    inPlace,
    stopped('declined'),
    { answers: ['leave'] },
    suspended(`stopped; left: ${left}; ${next}`, left),
  ],
  [
    'an undoing that was asked for meanwhile',
    inPlace,
    well,
    { stop: 'rollback' },
    ended('rolled-back', 4, `stopped by the operator; ${all}`),
  ],
  ['a dry run', [], well, dryRun, ended('succeeded', 0, `dry run: ${planned}`)],
  ['a dry run that passed a guard', [passed], well, dryRun, ended('succeeded', 0, `dry run: ${planned}`)],
  [
    'a dry run that a guard would stop',
    [raised, raised],
    well,
    dryRun,
    ended('failed', 1, 'dry run: nothing was written; a live run would stop at: fresh'),
  ],
  [
    'a dry run that passed over what failed',
    [...failing('two'), ...failing('beside')],
    well,
    dryRun,
    ended(
      'failed',
      1,
      'dry run: nothing was written; a live run would stop at: two; a live run would go on without: beside',
    ),
  ],
  [
    'a dry run whose optional step failed',
    failing('beside'),
    well,
    dryRun,
    ended('succeeded', 0, 'dry run: nothing was written; a live run would go on without: beside'),
  ],
];

test.each(cases)('a run ends with what is true: %s', async (_what, events, end, more, last) => {
  const questions = more.answers?.length ?? 0;
  const { recorded, session, asked } = await concluded(events, end, more);
  expect(recorded.at(-1)).toEqual(last);
  expect(session.stage).toBe('decided');
  expect(asked).toHaveLength(questions);
  // Told once, and last.
  expect(recorded.filter(({ type }) => type === 'run-ended' || type === 'run-suspended')).toHaveLength(1);
});

test.each([
  ['rollback', { type: 'decided', choice: 'rollback', by: 'terminal', cause: 'failed' }],
  ['leave', { type: 'decided', choice: 'leave', by: 'terminal' }],
  ['CTRL-C', { type: 'decided', choice: 'leave', by: 'interrupt' }],
])('what a person says of a failure is in the log: %s', async (answer, decided) => {
  const { recorded, asked } = await concluded(inPlace, failed, { answers: [answer] });
  expect(asked).toEqual(['two failed: the provider said no. Changes of this run are in place.']);
  expect(recorded[0]).toEqual(decided);
});

test('why a run is undone, and who wanted it, is in the log', async () => {
  const why = async (end: StepEnd) => (await concluded(inPlace, end)).recorded[0];
  expect(await why(failed)).toEqual({
    ...{ type: 'rollback-started', why: 'step two failed: the provider said no', cause: 'failed' },
  });
  expect(await why(stopped('declined'))).toEqual({
    ...{ type: 'rollback-started', why: 'the operator declined', cause: 'stopped' },
  });
  expect(await why(stopped('rollback'))).toEqual({
    ...{ type: 'rollback-started', why: 'the operator asked for it', cause: 'stopped' },
  });
});

test('optional steps have five seconds more, and whoever reads the output hears all before the last entry', async () => {
  const { options } = bench(steps);
  const clock = standingClock();
  const { session, recorded } = sessionOn(options, [], { clock });
  const heard: number[] = [];
  const drive = { ...session.drive, outputsHeard: async () => void heard.push(recorded.length) };
  await conclude({ ...session, drive }, well);
  expect(clock.boxes).toEqual([5_000]);
  expect(heard).toEqual([0]);
  expect(session.hurry.signal.aborted).toBe(true);
});

test('a run that is suspended lets go of its lease, its claims stay', async () => {
  const { options } = bench(steps);
  for (const [events, last, releases] of [
    [inPlace, 'run-suspended', 1],
    [[], 'run-ended', 0],
  ] as const) {
    let released = 0;
    const release = async () => {
      released += 1;
    };
    const { session, recorded } = sessionOn(options, events, { lease: { release }, actions: [switching()] });
    await conclude(session, stopped('leave'));
    expect(recorded.at(-1)?.type).toBe(last);
    expect(released).toBe(releases);
  }
});

test('who asks to undo it while optional steps are waited for gets it', async () => {
  const { session, recorded } = sessionOn(bench(steps).options, inPlace, { actions: [switching()] });
  const wait = new Promise((resolve) => setTimeout(resolve, 20));
  session.background.set(
    'beside',
    wait.then(() => requestStop(session, 'rollback')),
  );
  await conclude(session, well);
  expect(recorded[0]).toMatchObject({ type: 'rollback-started', why: 'the operator asked for it', cause: 'stopped' });
  expect(recorded.at(-1)).toEqual(ended('rolled-back', 4, `stopped by the operator; ${all}`));
});

test('a question that stands open when it is decided how the run ends is taken back', async () => {
  for (const asking of [null, Promise.resolve()]) {
    const { session } = sessionOn(bench(steps).options, []);
    session.asking = asking;
    await conclude(session, well);
    expect(session.reads.signal.aborted).toBe(asking !== null);
    if (asking !== null)
      expect(session.reads.signal.reason).toMatchObject({ code: 'aborted', message: 'the run ends' });
  }
});

test('who follows the run is told of its end before its last entry', async () => {
  const { options } = bench(steps);
  const { session, recorded } = sessionOn(options, inPlace, { actions: [switching()] });
  session.followers.set('one', {
    follow: async () => {
      await new Promise(setImmediate);
      await session.record({ type: 'commented', text: 'told' });
    },
    ...{ timeline: undefined, output: {}, next: 0, doubted: null },
  });
  await conclude(session, well);
  expect(recorded.map(({ type }) => type)).toEqual(['follow-up-intended', 'commented', 'run-ended']);
});

/** A message that has words for the end. `says`: what it answers, or how it fails. */
function notice(says: string | undefined | Error, told: unknown[], words = true) {
  return change({
    ...{ name: 'test.notice', summary: 'Say', input: z.json(), state: z.json(), output: z.json() },
    plan: async () => ({ before: 0, after: 1, diff: [], notes: [], guards: [] }),
    apply: async () => null,
    observe: async () => 'after' as const,
    lastWord: {
      words: (_input: unknown, ending: EmptyEnding) => (words ? `It is ${ending}.` : undefined),
      async say(said: unknown) {
        told.push(said);
        if (says instanceof Error) throw says;
        return says;
      },
    },
    summarise: () => ({ headline: 'said', detail: [] }),
  });
}

const told = changing('tell', [applied('tell'), succeeded('tell')], { uses: 'test.notice', undoable: false });
const endOf = (outcome: Ending['outcome'], exitCode: Ending['exitCode']): Ending => ({
  outcome,
  exitCode,
  message: '',
});
const undone = changing('one', [applied('one'), { type: 'change-reverted', step: 'one' }], uses);
const word: Event = { type: 'ending-told', step: 'tell', ending: 'undone', text: 'Over.', state: 'resolved' };

test.each([
  ['a run that failed', told, endOf('failed', 1), {}, 'unchanged'],
  ['a run that was stopped', told, endOf('stopped', 4), {}, 'unchanged'],
  ['a run that was undone', [...told, ...undone], endOf('rolled-back', 0), {}, 'undone'],
  ['a run that failed and was undone', [...told, ...undone], endOf('rolled-back', 1), {}, 'undone'],
  ['a run that failed with a change in place', [...told, ...inPlace], endOf('failed', 1), {}, undefined],
  ['a run that went well', told, endOf('succeeded', 0), {}, undefined],
  ['a run that a person must finish', told, endOf('needs-attention', 3), {}, undefined],
  ['a dry run', told, endOf('failed', 1), { mode: 'dry-run' }, undefined],
  ['a run whose people were told already', [...told, word], endOf('rolled-back', 0), {}, undefined],
  [
    'a run whose message nobody saw',
    changing('tell', [], { uses: 'test.notice', undoable: false }),
    endOf('failed', 1),
    {},
    undefined,
  ],
] as const)('people are told of the end where nothing is left: %s', async (_what, events, how, first, ending) => {
  const said: unknown[] = [];
  const clock = standingClock();
  const actions = [notice('resolved', said), switching()];
  const { session, recorded } = sessionOn(bench(steps).options, events, { actions, first, clock });
  await sayLastWords(session, how);
  const words = `It is ${ending}.`;
  expect(said).toEqual(ending === undefined ? [] : [{ output: { n: 1 }, words, ending }]);
  expect(recorded).toEqual(
    ending === undefined
      ? []
      : [
          { type: 'follow-up-intended', step: 'tell', headline: words },
          { type: 'ending-told', step: 'tell', ending, text: words, state: 'resolved' },
        ],
  );
  expect(clock.boxes).toEqual(ending === undefined ? [] : [5_000]);
});

test('trouble with the last words is noted; words that are not needed any more are not', async () => {
  const after = async (says: string | undefined | Error, more: Parameters<typeof sessionOn>[2] = {}, words = true) => {
    const said: unknown[] = [];
    const actions = [notice(says, said, words)];
    const { session, recorded } = sessionOn(bench(steps).options, told, { actions, ...more });
    await sayLastWords(session, endOf('failed', 1));
    return recorded.slice(0);
  };
  const intent = { type: 'follow-up-intended', step: 'tell', headline: 'It is unchanged.' };
  const lost = new OpsError('lost-answer', 'silence');
  expect(await after(lost)).toEqual([
    intent,
    { type: 'follow-up-failed', step: 'tell', error: { code: 'lost-answer', message: 'silence' } },
  ]);
  expect(await after(undefined)).toEqual([intent]);
  expect(await after('resolved', {}, false)).toEqual([]);
  const failure = { error: new OpsError('audit', 'no space'), head: { seq: 1, hash: 'h' } };
  expect(await after('resolved', { lease: { failure: () => failure } })).toEqual([]);
  await expect(after(new OpsError('fenced', 'taken over'))).rejects.toMatchObject({ code: 'fenced' });
});

test('an output that is lost, or an action that is not there, keeps nobody from the end', async () => {
  for (const events of [
    changing('tell', [{ ...applied('tell'), output: null } as Event], { uses: 'test.notice', undoable: false }),
    changing('tell', [applied('tell')], { uses: 'test.gone', undoable: false }),
    changing('tell', [applied('tell'), succeeded('tell')], { uses: 'test.switch', undoable: false }),
  ]) {
    const said: unknown[] = [];
    const actions = [notice('resolved', said), switching()];
    const { session, recorded }: { session: Session; recorded: Event[] } = sessionOn(bench(steps).options, events, {
      actions,
    });
    await sayLastWords(session, endOf('failed', 1));
    expect([said, recorded]).toEqual([[], []]);
  }
});
