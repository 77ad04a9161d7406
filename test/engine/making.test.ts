import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyAction, change } from '../../src/actions/action.ts';
import { changeStep } from '../../src/engine/change-step.ts';
import { planDigest } from '../../src/engine/digest.ts';
import { OpsError } from '../../src/errors.ts';
import type { Event } from '../../src/journal/events.ts';
import { useBenches } from './benches.ts';
import { applied, changing, error } from './folded.ts';
import { sessionOn, standingClock } from './session-on.ts';

const bench = useBenches();

type Seen = 'before' | 'after' | 'other';
type More = {
  apply?: Error;
  seen?: Seen;
  after?: number;
  leavesNothing?: true;
  revert?: 'none';
  steps?: string;
  before?: Event[];
  mode?: 'dry-run';
  takes?: number;
};

const own = `  - { id: one, title: One, uses: test.make, with: {} }\n`;

/** Makes the change of the first step, and tells what that wrote. */
async function made({
  apply,
  seen = 'after',
  after = 1,
  leavesNothing,
  revert,
  steps = own,
  before = [],
  mode,
  takes,
}: More) {
  const action: AnyAction = change({
    ...{ name: 'test.make', summary: 'Make', input: z.strictObject({}), state: z.json(), output: z.json() },
    ...(leavesNothing && { leavesNothing }),
    plan: async () => ({ before: 0, after, diff: ['+ 1'], notes: ['note'], guards: [] }),
    async apply() {
      await clock.sleep(7);
      if (apply !== undefined) throw apply;
      return { n: 1 };
    },
    observe: async () => seen,
    ...(revert !== 'none' && { revert: async () => undefined }),
    summarise: () => ({ headline: 'made', detail: [] }),
  });
  const clock = standingClock();
  const { options } = bench(steps, { actions: [action] });
  const begun: Event[] =
    before.length > 0 ? before : [{ type: 'step-started', step: 'one', title: 'One', uses: 'test.make' }];
  const on = sessionOn(options, begun, {
    clock,
    first: mode === undefined ? {} : { mode },
    ...(takes !== undefined && { takes }),
  });
  const [step] = options.runbook.steps;
  if (step?.kind !== 'action' || action.kind !== 'change') throw new Error('it is a change');
  const asks = { confirm: undefined, approvals: undefined };
  const ended = changeStep(on.session, step, action, asks);
  if (takes !== undefined) {
    await expect(ended).rejects.toMatchObject({ code: 'audit' });
    return { ...on, clock, end: { kind: 'cut' } };
  }
  return { ...on, clock, end: await ended };
}

const digest = planDigest('test.make', {}, 0, 1);
const planned = {
  ...{
    type: 'step-planned',
    step: 'one',
    uses: 'test.make',
    before: 0,
    after: 1,
    diff: ['+ 1'],
    notes: ['note'],
    digest,
  },
};
const go = { type: 'go-given', step: 'one' };
const intended = {
  ...{ type: 'change-intended', step: 'one', uses: 'test.make', input: {}, before: 0, after: 1, digest },
  ...{ undoable: true, rollback: 'auto' },
};
const answered = { type: 'change-applied', step: 'one', how: 'answered', output: { n: 1 } };
const observed = { type: 'change-applied', step: 'one', how: 'observed', output: null };
const summary = { headline: 'made', detail: [] };
const done = { type: 'step-succeeded', step: 'one', output: { n: 1 }, summary, knowledge: 'known' };
const leftNothing = { type: 'change-left-nothing', step: 'one' };
const failedOf = (told: object) => ({ type: 'step-failed', step: 'one', error: told });
const notApplied = (told: object) => ({ type: 'change-not-applied', step: 'one', error: told });
const unresolved = (message: string) => ({
  ...{ type: 'change-unresolved', step: 'one', error: { code: 'lost-answer', message, hint: expect.any(String) } },
});
const lostOutput = {
  ...done,
  output: null,
  summary: { headline: 'done; its answer was lost, the world shows it', detail: [] },
};
const doubtedOf = (told: object) => ({ type: 'change-doubted', step: 'one', error: told });

const refused = new OpsError('refused', 'no', { hint: 'ask' });
const no = { code: 'refused', message: 'no', hint: 'ask' };
const lost = new OpsError('lost-answer', 'the connection was reset');
const silence = { code: 'lost-answer', message: 'the connection was reset' };
const notShown = {
  code: 'failed',
  message: 'the provider answered that it was done, and the world does not show it',
  hint: 'look at the provider’s own console',
};
const whole = [planned, go, intended];
const mayHappen =
  'in doubt: its answer was lost (the connection was reset); it does not show so far, and may still happen';
const elsewhere = 'in doubt: the world is neither as it was nor as intended';

type Case = [string, More, object[], string];
const cases: Case[] = [
  ['made', {}, [...whole, answered, done], 'succeeded'],
  [
    'so already',
    { after: 0 },
    [
      { ...planned, after: 0, digest: planDigest('test.make', {}, 0, 0) },
      expect.objectContaining({
        type: 'step-succeeded',
        summary: expect.objectContaining({ headline: 'already so: nothing to do' }),
      }),
    ],
    'succeeded',
  ],
  [
    'what leaves nothing gives no go',
    { leavesNothing: true, revert: 'none' },
    [planned, { ...intended, leavesNothing: true }, answered, leftNothing, done],
    'succeeded',
  ],
  [
    'what cannot be undone',
    { revert: 'none' },
    [planned, go, { ...intended, undoable: false }, answered, done],
    'succeeded',
  ],
  ['refused', { apply: refused, seen: 'before' }, [...whole, notApplied(no), failedOf(no)], 'failed'],
  ['refused, and then odd', { apply: refused, seen: 'other' }, [...whole, notApplied(no), failedOf(no)], 'failed'],
  ['refused, and there', { apply: refused }, [...whole, { ...observed }, lostOutput], 'succeeded'],
  ['lost, and there', { apply: lost }, [...whole, doubtedOf(silence), observed, lostOutput], 'succeeded'],
  [
    'lost, and not there',
    { apply: lost, seen: 'before' },
    [...whole, doubtedOf(silence), unresolved(mayHappen), failedOf(unresolved(mayHappen).error)],
    'unresolved',
  ],
  [
    'lost, and odd',
    { apply: lost, seen: 'other' },
    [...whole, doubtedOf(silence), unresolved(`${elsewhere} (the connection was reset)`), failedOf(expect.anything())],
    'unresolved',
  ],
  ['answered, and not there', { seen: 'before' }, [...whole, notApplied(notShown), failedOf(notShown)], 'failed'],
  [
    'answered, and odd',
    { seen: 'other' },
    [...whole, unresolved(elsewhere), failedOf(expect.anything())],
    'unresolved',
  ],
  [
    'planned',
    { mode: 'dry-run' },
    [
      planned,
      {
        ...done,
        output: null,
        knowledge: 'unknown',
        summary: { headline: 'would change; not done in a dry run', detail: ['+ 1', 'note'] },
      },
    ],
    'succeeded',
  ],
];

test.each(cases)('a change is told step by step: %s', async (_what, more, events, kind) => {
  const { recorded, end } = await made(more);
  expect(recorded).toEqual(events);
  expect(end.kind).toBe(kind);
});

test('a plan and a write have half a minute each, a look five seconds; when the write has ended is known', async () => {
  const { clock, session } = await made({});
  expect(clock.boxes).toEqual([30_000, 30_000, 5_000]);
  expect(session.sentByMs.get('one')).toBe(7);
  expect((await made({ apply: lost, seen: 'before' })).session.sentByMs.get('one')).toBe(7);
});

test('only what is undoable and was not made hides how the world would be', async () => {
  expect((await made({ mode: 'dry-run' })).session.pendingChange).toBe(true);
  expect((await made({ mode: 'dry-run', revert: 'none' })).session.pendingChange).toBe(false);
  expect((await made({})).session.pendingChange).toBe(false);
});

test('the go is given once, and not by an optional step', async () => {
  const begun: Event = { type: 'step-started', step: 'one', title: 'One', uses: 'test.make' };
  const gone: Event[] = [{ type: 'go-given', step: 'zero' }, begun];
  expect((await made({ before: gone })).recorded).toEqual([planned, intended, answered, done]);
  const steps = `  - { id: one, title: One, optional: true, uses: test.make, with: {} }\n`;
  expect((await made({ steps })).recorded).toEqual([planned, intended, answered, done]);
});

const uses = { uses: 'test.make', digest };
const doubted = changing('one', [{ type: 'change-doubted', step: 'one', error }], uses);
const intent = changing('one', [], uses);
const gone = changing('one', [{ type: 'change-not-applied', step: 'one', error }], uses);
const wasApplied = changing('one', [applied('one')], uses);
const lostBefore = {
  code: 'lost-answer',
  message: 'its answer was lost; the world shows that it did not happen',
};
const undone = 'in doubt: it was applied, and the world shows that it is undone';

const takenUp: Case[] = [
  ['in doubt, and there', { before: doubted }, [observed, lostOutput], 'succeeded'],
  ['intended, and there', { before: intent }, [observed, lostOutput], 'succeeded'],
  ['applied, and there', { before: wasApplied }, [done], 'succeeded'],
  [
    'there, and leaves nothing',
    { before: doubted, leavesNothing: true },
    [observed, leftNothing, lostOutput],
    'succeeded',
  ],
  [
    'applied, and undone since',
    { before: wasApplied, seen: 'before' },
    [unresolved(undone), failedOf(expect.anything())],
    'unresolved',
  ],
  [
    'applied, and odd',
    { before: wasApplied, seen: 'other' },
    [unresolved(elsewhere), failedOf(expect.anything())],
    'unresolved',
  ],
  [
    'in doubt, and odd',
    { before: doubted, seen: 'other' },
    [unresolved(elsewhere), failedOf(expect.anything())],
    'unresolved',
  ],
  [
    'in doubt, and not there',
    { before: doubted, seen: 'before' },
    [notApplied(lostBefore), ...whole, notApplied(notShown), failedOf(notShown)],
    'failed',
  ],
  ['gone for certain', { before: gone }, [...whole, answered, done], 'succeeded'],
];

test.each(takenUp)(
  'a change of an earlier drive is finished from what the world shows: %s',
  async (_what, more, events, kind) => {
    const { recorded, end } = await made(more);
    expect(recorded).toEqual(events);
    expect(end.kind).toBe(kind);
  },
);

test('a log that fails, or another driver, ends the step at once', async () => {
  for (const code of ['audit', 'fenced'] as const)
    await expect(made({ apply: new OpsError(code, 'no more') })).rejects.toMatchObject({ code });
});

test.each([...cases, ...takenUp])(
  'a log that is full ends a change at the first entry that it does not take: %s',
  async (_what, more, events) => {
    for (const takes of events.keys()) {
      const { recorded, refused: notTaken } = await made({ ...more, takes });
      expect(recorded).toEqual(events.slice(0, takes));
      expect(notTaken).toEqual([events[takes]]);
    }
  },
);
