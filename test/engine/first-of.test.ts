import { expect, test } from 'vitest';
import { firstOf } from '../../src/engine/first-of.ts';
import type { StepEnd } from '../../src/engine/step-end.ts';
import type { Event } from '../../src/journal/events.ts';
import type { Told } from '../journal/support/entries.ts';
import { useBenches } from './benches.ts';
import { sessionOfTold } from './session-on.ts';

const bench = useBenches();

const ways = `  - id: either
    title: Either
    first-of:
      - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
      - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
      - { id: three, title: Three, uses: test.set, with: { name: c, value: 3 } }
`;

const refused = { code: 'refused' as const, message: 'no' };
const started = (step: string, more: { atMs?: number } = {}): Told => ({
  ...{ type: 'step-started', step, title: step, ...more },
  ...(step === 'either' ? {} : { uses: 'test.set' }),
});
const failed = (step: string, error: { code: 'refused' | 'aborted'; message: string } = refused): Told => ({
  ...{ type: 'step-failed', step, error },
});
const skipped = (step: string, why = 'not needed'): Told => ({ type: 'step-skipped', step, why });
const succeeded = (step: string, knowledge: 'known' | 'unknown' = 'known'): Told => ({
  ...{ type: 'step-succeeded', step, output: {}, summary: { headline: 'done', detail: [] }, knowledge },
});
const intended = (step: string): Told => ({
  ...{ type: 'change-intended', step, uses: 'test.set', input: {}, before: 0, after: 1, digest: 'd' },
  ...{ undoable: true, rollback: 'auto' },
});
const applied = (step: string): Told => ({ type: 'change-applied', step, how: 'answered', output: {} });
const notApplied = (step: string): Told => ({ type: 'change-not-applied', step, error: refused });
const reverted = (step: string): Told => ({ type: 'change-reverted', step });

type Way = { end: StepEnd; recorded?: Event[]; stops?: true };

/** Tries the group of three ways in a run that has come this far; each way does what `does` says, or succeeds. */
async function tried(
  told: readonly Told[],
  {
    does = {},
    isTakenUp = false,
    ...more
  }: { does?: Record<string, Way[]>; isTakenUp?: boolean; interactive?: boolean; answers?: unknown[] } = {},
) {
  const made = bench(ways, more);
  const group = made.options.runbook.steps[0];
  if (group?.kind !== 'first-of') throw new Error('the step is a group of ways');
  const { session, recorded } = sessionOfTold(made.options, told);
  const order: string[] = [];
  const end = await firstOf(session, group, isTakenUp, async ({ id }) => {
    order.push(id);
    const way = does[id]?.shift() ?? { end: { kind: 'succeeded' as const } };
    for (const event of way.recorded ?? []) await session.record(event);
    if (way.stops === true) session.stop = 'leave';
    return way.end;
  });
  return { end, order, recorded, session, asked: made.operator.asked };
}

const begun = [started('either'), started('one')];

test.each<[string, Told[], boolean, string[]]>([
  ['nothing has begun', [started('either')], false, ['one']],
  ['the second was made', [...begun, failed('one'), started('two'), succeeded('two')], false, ['two']],
  ['the first is in doubt', [...begun, intended('one')], false, ['one']],
  ['the second is in doubt', [...begun, failed('one'), started('two'), intended('two')], false, ['two']],
  ['two are in doubt', [...begun, intended('one'), started('two'), intended('two'), started('three')], false, ['two']],
  ['the first did not happen', [...begun, intended('one'), notApplied('one'), failed('one')], false, ['one']],
  ['the first was undone', [...begun, intended('one'), applied('one'), reverted('one')], false, ['one']],
  ['the first failed, in this drive', [...begun, failed('one')], false, ['one']],
  ['taken up: nothing has begun', [started('either')], true, ['one']],
  ['taken up: the first runs', begun, true, ['one']],
  ['taken up: the first failed', [...begun, failed('one')], true, ['two']],
  ['taken up: the first did not happen', [...begun, intended('one'), notApplied('one'), failed('one')], true, ['two']],
  ['taken up: the first failed, and may have happened', [...begun, intended('one'), failed('one')], true, ['one']],
  ['taken up: a stop cut the first short', [...begun, failed('one', { ...refused, code: 'aborted' })], true, ['one']],
  ['taken up: the first was skipped', [...begun, skipped('one')], true, ['two']],
  ['taken up: the second runs', [...begun, failed('one'), started('two')], true, ['two']],
  [
    'taken up: the second failed too, and the first is in doubt all the same',
    [...begun, intended('one'), started('two'), failed('two')],
    true,
    ['three'],
  ],
  [
    'taken up: the group has begun again since the first failed',
    [started('either'), started('one'), failed('one'), failed('either'), started('either')],
    true,
    ['one'],
  ],
  [
    'taken up: the first began in the same millisecond as the group',
    [started('either', { atMs: 1_000 }), started('one', { atMs: 1_000 }), failed('one')],
    true,
    ['two'],
  ],
])('where a group begins: %s', async (_, told, isTakenUp, order) => {
  expect((await tried(told, { isTakenUp })).order).toEqual(order);
});

test('a group that is taken up behind its last way tries none, and says why of each', async () => {
  const told = [
    ...[...begun, failed('one'), started('two'), skipped('two', 'it is not night')],
    ...[started('three'), failed('three', { code: 'refused', message: 'closed' })],
  ];
  const { order, end, recorded } = await tried(told, { isTakenUp: true });
  expect(order).toEqual([]);
  const error = {
    code: 'failed',
    message: 'none of the 3 ways worked: one: no; two: it is not night; three: closed',
    hint: 'each way says above why it did not; mend one and run again',
  };
  expect(end).toEqual({ kind: 'failed', step: 'either', error });
  expect(recorded).toEqual([{ type: 'step-failed', step: 'either', error }]);
});

test('what came before the place where a group is taken up is told, also where no reason is known', async () => {
  const told = [started('either'), started('two'), failed('two'), started('three'), intended('three')];
  const failing = { end: { kind: 'failed', step: 'three', error: refused } } as const;
  const { end } = await tried(told, { does: { three: [{ ...failing, recorded: [notApplied('three')] }] } });
  expect(end).toMatchObject({
    error: { message: 'none of the 3 ways worked: one: passed over; two: no; three: no' },
  });
});

test('a group succeeds by the first way that does, and knows as much as that way', async () => {
  for (const knowledge of ['known', 'unknown'] as const) {
    const { end, order, recorded } = await tried([started('either')], {
      does: {
        one: [{ end: { kind: 'skipped' }, recorded: [skipped('one')] }],
        two: [{ end: { kind: 'succeeded' }, recorded: [started('two'), succeeded('two', knowledge)] }],
      },
    });
    expect(order).toEqual(['one', 'two']);
    expect(end).toEqual({ kind: 'succeeded' });
    expect(recorded.at(-1)).toEqual({
      type: 'step-succeeded',
      step: 'either',
      output: { by: 'two' },
      summary: { headline: 'by two', detail: [] },
      knowledge,
    });
  }
});

const failure = { end: { kind: 'failed' as const, step: 'one', error: refused } };
const doubt = { end: { kind: 'unresolved' as const, step: 'one', error: refused } };
const guard = { type: 'guard-raised' as const, step: 'one', guard: 'back', message: 'it is back', hint: 'hold' };
const passed = {
  type: 'guard-overridden' as const,
  step: 'one',
  guard: 'back',
  reason: 'known',
  message: 'it is back',
};
const asked: Event = {
  ...{ type: 'approval-requested', step: 'one', digest: 'd', count: 1, from: ['bo'], withinMs: 1 },
};
const voided = (why: 'expired' | 'plan-changed'): Event => ({
  type: 'approvals-voided',
  step: 'one',
  digest: 'd',
  why,
});

test.each<[string, Way, string[]]>([
  ['it failed with nothing in the world', failure, ['one', 'two']],
  ['its change did not happen', { ...failure, recorded: [intended('one'), notApplied('one')] }, ['one', 'two']],
  ['its change was undone', { ...failure, recorded: [intended('one'), reverted('one')] }, ['one', 'two']],
  ['its change is there', { ...failure, recorded: [intended('one'), applied('one')] }, ['one']],
  ['a guard objected', { ...failure, recorded: [guard] }, ['one']],
  ['a guard objected that was passed by name', { ...failure, recorded: [passed] }, ['one', 'two']],
  ['a guard objected to another step', { ...failure, recorded: [{ ...guard, step: 'else' }] }, ['one', 'two']],
  ['one guard was passed, and another objected', { ...failure, recorded: [passed, guard] }, ['one']],
  ['too few approved of it in time', { ...failure, recorded: [asked, voided('expired')] }, ['one']],
  ['its plan changed while it was approved', { ...failure, recorded: [asked, voided('plan-changed')] }, ['one', 'two']],
  ['nobody can tell, and nobody can be asked', doubt, ['one']],
  ['the run stops', { end: { kind: 'stopped', choice: 'leave' } }, ['one']],
])('whether the next way is tried: %s', async (_, way, order) => {
  const { order: made, end, recorded } = await tried([started('either'), started('one')], { does: { one: [way] } });
  expect(made).toEqual(order);
  if (order.length > 1) return;
  expect(end).toEqual(
    way.end.kind === 'failed' ? { kind: 'failed', step: expect.any(String), error: refused } : way.end,
  );
  const told = recorded.filter((event) => event.type === 'step-failed');
  expect(told).toEqual(way.end.kind === 'stopped' ? [] : [{ type: 'step-failed', step: 'either', error: refused }]);
});

test('a guard that fails a group fails it as a whole, without the way’s own `on-failure`', async () => {
  const end: StepEnd = { kind: 'failed', step: 'one', error: refused, policy: 'continue' };
  const guarded = await tried(begun, { does: { one: [{ end, recorded: [guard] }] } });
  expect(guarded.end).toEqual({ kind: 'failed', step: 'either', error: refused });
  const expired = await tried(begun, { does: { one: [{ end, recorded: [asked, voided('expired')] }] } });
  expect(expired.end).toEqual(end);
});

test('a guard that objected before this group began does not count against its ways', async () => {
  const { order } = await tried([started('one'), guard, started('either')], { does: { one: [failure] } });
  expect(order).toEqual(['one', 'two']);
});

test('a stop while nobody can tell ends the group as stopped, with or without a terminal', async () => {
  for (const interactive of [false, true]) {
    const { end, order, recorded } = await tried(begun, {
      does: { one: [{ ...doubt, stops: true }] },
      interactive,
      answers: ['next'],
    });
    expect(end).toEqual({ kind: 'stopped', choice: 'leave' });
    expect(order).toEqual(['one']);
    expect(recorded.filter(({ type }) => type === 'step-failed')).toEqual([]);
  }
});

test('in doubt at a terminal it is asked until the answer is no look: each answer is in the log', async () => {
  const {
    order,
    recorded,
    asked: questions,
  } = await tried(begun, {
    does: { one: [doubt, doubt, doubt] },
    interactive: true,
    answers: ['look', 'look', 'next'],
  });
  expect(order).toEqual(['one', 'one', 'one', 'two']);
  expect(questions).toEqual(Array(3).fill('One: nobody can tell whether it happened'));
  expect(recorded.filter(({ type }) => type === 'decided')).toEqual([
    { type: 'decided', choice: 'retry', by: 'terminal' },
    { type: 'decided', choice: 'retry', by: 'terminal' },
    { type: 'decided', choice: 'continue', by: 'terminal' },
  ]);

  for (const [answer, by] of [
    ['leave', 'terminal'],
    ['CTRL-C', 'interrupt'],
  ] as const) {
    const left = await tried(begun, { does: { one: [doubt] }, interactive: true, answers: [answer] });
    expect(left.order).toEqual(['one']);
    expect(left.end).toEqual({ kind: 'stopped', choice: 'leave' });
    expect(left.recorded).toEqual([{ type: 'decided', choice: 'leave', by }]);
    expect(left.session.reads.signal.aborted).toBe(true);
  }
});
