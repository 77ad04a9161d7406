import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyAction, change } from '../../src/actions/action.ts';
import { changesToRevert, rollBack } from '../../src/engine/rollback.ts';
import { type Answer, settle } from '../../src/engine/settle.ts';
import { settleDoubts } from '../../src/engine/settle-doubts.ts';
import { OpsError } from '../../src/errors.ts';
import type { Event } from '../../src/journal/events.ts';
import { useBenches } from './benches.ts';
import { applied, changing, error, stateOf, succeeded } from './folded.ts';
import { sessionOn, standingClock } from './session-on.ts';

const bench = useBenches();
const options = (steps = '\n  - { id: one, title: One, uses: test.look, with: { name: a } }\n') => bench(steps).options;

type Seen = 'before' | 'after' | 'other' | Error;
const silence = new OpsError('lost-answer', 'the provider is silent');

/** An action whose looks show one thing after another, the last for ever; from its `revert` on, what `after` says. */
function looking(
  seen: readonly Seen[],
  more: { attended?: true; leavesNothing?: true; revert?: Error | 'none'; after?: Seen[] } = {},
): Extract<AnyAction, { kind: 'change' }> {
  const left = [...seen];
  const { attended, leavesNothing, after } = more;
  const made = change({
    ...{ name: 'test.seen', summary: 'Look', input: z.json(), state: z.json(), output: z.json() },
    plan: async () => ({ before: 0, after: 1, diff: [], notes: [], guards: [] }),
    apply: async () => null,
    async observe() {
      const now = (left.length > 1 ? left.shift() : left[0]) ?? 'other';
      if (now instanceof Error) throw now;
      return now;
    },
    ...(attended && { attended }),
    ...(leavesNothing && { leavesNothing }),
    ...(more.revert !== 'none' && {
      async revert() {
        if (after !== undefined) left.splice(0, left.length, ...after);
        if (more.revert instanceof Error) throw more.revert;
      },
    }),
    summarise: () => ({ headline: 'seen', detail: [] }),
  });
  if (made.kind !== 'change') throw new Error('it is a change');
  return made;
}

const planned = { input: {}, before: 0, after: 1 };
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

type Case = [string, Answer, Seen[], object, number, Parameters<typeof looking>[1]?];
const cases: Case[] = [
  ['what is there', 'answered', ['after'], { world: 'after' }, 1],
  ['what is there after a lost answer', 'lost', ['after'], { world: 'after' }, 1],
  ['a write that surely did not happen', 'surely-not', ['before'], { world: 'before', proven: true }, 1],
  ['a lost one that does not show', 'lost', ['before'], { world: 'before', proven: false }, 10],
  ['a lost one that shows late', 'lost', [...times(9, 'before' as const), 'after'], { world: 'after' }, 10],
  ['an answered one that does not show', 'answered', ['before'], { world: 'before', proven: true }, 60],
  ['an answered one that shows late', 'answered', [...times(59, 'before' as const), 'after'], { world: 'after' }, 60],
  ['an answered one that then is odd', 'answered', [...times(6, 'before' as const), 'other'], { world: 'other' }, 7],
  ['one that was applied, and is gone', 'was-applied', ['before'], { world: 'before', proven: true }, 6],
  ['an odd world after an answer', 'answered', ['other'], { world: 'other' }, 6],
  ['an odd world after a no', 'surely-not', ['other'], { world: 'other' }, 6],
  ['an odd world after silence', 'lost', ['other'], { world: 'other' }, 10],
  ['a silent world', 'answered', [silence], { world: 'unobservable', error: silence }, 6],
  ['one that an earlier drive left', 'left-behind', ['before'], { world: 'before', proven: true }, 60],
  ['a person’s no', 'answered', ['before'], { world: 'before', proven: true }, 1, { attended: true }],
  ['a person’s silence', 'lost', [silence], { world: 'unobservable', error: silence }, 1, { attended: true }],
];

test.each(cases)(
  'what became of a write is told by looks, half a second apart: %s',
  async (_what, answer, seen, settled, looks, more) => {
    const clock = standingClock();
    const { session } = sessionOn(options(), [], { clock });
    const action = looking(seen, more);
    expect(await settle(session, 'one', action, planned, answer)).toEqual(settled);
    expect(clock.slept).toEqual(times(looks - 1, 500));
    // A person is given all the time they need.
    expect(clock.boxes).toEqual(more?.attended === true ? [] : times(looks, 5_000));
  },
);

test.each([
  [0, 1, 60],
  [20_000, 1, 20],
  [24_500, 1, 11],
  [25_000, 1, 10],
  [29_000, 1, 10],
  [20_000, 20, 60],
])('a write that left %i ms ago is watched until it would have landed (speed %i)', async (ageMs, speed, looks) => {
  for (const sent of [true, false]) {
    const clock = standingClock(speed);
    if (sent) await clock.sleep(7_000);
    const { session } = sessionOn(options(), [], { clock });
    // Of a write of another process it is known that it had left when this one took the run up.
    if (sent) session.sentByMs.set('one', 7_000);
    await clock.sleep(ageMs);
    const before = clock.slept.length;
    await settle(session, 'one', looking(['before']), planned, 'left-behind');
    expect(clock.slept.length - before).toBe(looks - 1);
  }
});

test('who stops the run waits three seconds for a promise, and it is not proven', async () => {
  const clock = standingClock();
  const { session } = sessionOn(options(), [], { clock });
  session.stop = 'leave';
  const settled = await settle(session, 'one', looking(['before']), planned, 'answered');
  expect(settled).toEqual({ world: 'before', proven: false });
  expect(clock.slept).toEqual(times(5, 500));
});

test('a log that fails while it is looked ends the looking', async () => {
  for (const code of ['audit', 'fenced'] as const) {
    const { session } = sessionOn(options(), []);
    const ended = new OpsError(code, 'no more');
    await expect(settle(session, 'one', looking([ended]), planned, 'lost')).rejects.toBe(ended);
  }
});

const uses = { uses: 'test.seen' };
const done = changing('one', [applied('one'), succeeded('one')], uses);
const intended = changing('one', [], uses);
const lost = new OpsError('lost-answer', 'the connection was reset', { hint: 'look' });
const refused = new OpsError('refused', 'no', { hint: 'ask' });
const drifted = {
  code: 'drift',
  message: expect.stringContaining('the world is neither as before nor as this run left it'),
};
const reverting = [{ type: 'revert-intended', step: 'one' }] as const;
const seenApplied = { type: 'change-applied', step: 'one', how: 'observed', output: null } as const;
const reverted = { type: 'change-reverted', step: 'one' } as const;
const inDoubt = (first: string, then = 'it does not show so far') =>
  `in doubt: ${first}; ${then}, and may still happen`;
const failed = (observed: string, told: object) => ({ type: 'revert-failed', step: 'one', error: told, observed });
const answeredDone = 'the undoing was answered "done"';

type Undoing = [string, Event[], Parameters<typeof looking>, object[], number];
const undoings: Undoing[] = [
  ['what is there is undone, and seen to be', done, [['after'], { after: ['before'] }], [...reverting, reverted], 0],
  [
    'what shows a little later',
    done,
    [['after'], { after: [...times(9, 'after' as const), 'before'] }],
    [...reverting, reverted],
    9,
  ],
  ['what was undone already', done, [['before']], [reverted], 0],
  [
    'what leaves nothing',
    done,
    [['after'], { leavesNothing: true }],
    [{ type: 'change-left-nothing', step: 'one' }],
    0,
  ],
  [
    'what cannot be undone',
    done,
    [['after'], { revert: 'none' }],
    [...reverting, failed('after', { code: 'refused', message: 'test.seen cannot be undone' })],
    0,
  ],
  [
    'what others changed',
    done,
    [['other']],
    [failed('other', { ...drifted, hint: 'someone else changed it: compare by hand' })],
    0,
  ],
  [
    'what nobody can look at',
    done,
    [[silence]],
    [failed('unobservable', { code: 'lost-answer', message: silence.message })],
    2,
  ],
  [
    'what a person cannot tell',
    done,
    [[silence], { attended: true }],
    [failed('unobservable', { code: 'lost-answer', message: silence.message })],
    0,
  ],
  [
    'what can be looked at the third time',
    done,
    [[silence, silence, 'after'], { after: ['before'] }],
    [...reverting, reverted],
    2,
  ],
  [
    'what nobody saw, and is there',
    intended,
    [['after'], { after: ['before'] }],
    [seenApplied, ...reverting, reverted],
    0,
  ],
  [
    'what nobody saw, and never comes',
    intended,
    [['before']],
    [
      {
        type: 'change-not-applied',
        step: 'one',
        error: { code: 'lost-answer', message: 'the world shows that it did not happen' },
      },
    ],
    59,
  ],
  [
    'what nobody saw, and comes late',
    intended,
    [['before', 'before', 'before', 'after'], { after: ['before'] }],
    [seenApplied, ...reverting, reverted],
    2,
  ],
  ['what nobody saw, and turns odd', intended, [['before', 'other']], [failed('other', drifted)], 59],
  [
    'what nobody saw, and nobody can look at',
    intended,
    [['before', silence]],
    [failed('unobservable', { code: 'lost-answer', message: silence.message })],
    59,
  ],
  [
    'a refusal',
    done,
    [['after'], { revert: refused }],
    [...reverting, failed('after', { code: 'refused', message: 'no', hint: 'ask' })],
    9,
  ],
  [
    'a lost answer',
    done,
    [['after'], { revert: lost }],
    [
      ...reverting,
      failed('after', { code: 'lost-answer', message: inDoubt('the connection was reset'), hint: 'look' }),
    ],
    9,
  ],
  [
    'a lost answer to what was done',
    done,
    [['after'], { revert: lost, after: ['before'] }],
    [...reverting, reverted],
    0,
  ],
  [
    'a promise',
    done,
    [['after']],
    [...reverting, failed('after', { code: 'failed', message: inDoubt(answeredDone) })],
    9,
  ],
  [
    'a promise that leads elsewhere',
    done,
    [['after'], { after: ['other'] }],
    [...reverting, failed('other', { code: 'failed', message: inDoubt(answeredDone) })],
    9,
  ],
  [
    'a promise that nobody can look at',
    done,
    [['after'], { after: [silence] }],
    [
      ...reverting,
      failed('unobservable', {
        code: 'failed',
        message: inDoubt(answeredDone, 'nobody can look: the provider is silent'),
      }),
    ],
    9,
  ],
  [
    'a bug',
    done,
    [['after'], { revert: new TypeError('x') }],
    [...reverting, failed('after', { code: 'bug', message: 'unexpected: TypeError: x', hint: expect.any(String) })],
    9,
  ],
];

test.each(undoings)(
  'a rollback tells of a change what became of it: %s',
  async (_what, before, [seen, more], events, sleeps) => {
    const clock = standingClock();
    const made = looking(seen, more);
    const { session, recorded } = sessionOn(options(), before, { clock, actions: [made] });
    await rollBack(session, { why: 'a test', cause: 'failed' });
    expect(recorded).toEqual([{ type: 'rollback-started', why: 'a test', cause: 'failed' }, ...events]);
    expect(clock.slept).toEqual(times(sleeps, 500));
    expect(session.undoing).toBe(true);
    expect(session.optional.signal.reason).toMatchObject({ code: 'aborted', message: 'the run is rolled back' });
  },
);

test.each(undoings)(
  'a log that gives out ends a rollback at the first entry that it refuses: %s',
  async (_what, before, [seen, more], events) => {
    for (const takes of events.keys()) {
      const made = looking(seen, more);
      const {
        session,
        recorded,
        refused: notTaken,
      } = sessionOn(options(), before, { actions: [made], takes: takes + 1 });
      const undone = rollBack(session, { why: 'a test', cause: 'failed' });
      await expect(undone).rejects.toMatchObject({ code: 'audit' });
      expect(recorded.slice(1)).toEqual(events.slice(0, takes));
      expect(notTaken).toEqual([events[takes]]);
    }
  },
);

test('an undoing has half a minute, and a person has all the time they need', async () => {
  for (const attended of [true, undefined]) {
    const clock = standingClock();
    const action = looking(['after'], { after: ['before'], ...(attended && { attended }) });
    const { session } = sessionOn(options(), done, { clock, actions: [action] });
    await rollBack(session, { why: 'a test', cause: 'failed' });
    expect(clock.boxes).toEqual(attended === true ? [] : [5_000, 30_000, 5_000]);
  }
});

test('another driver ends an undoing', async () => {
  const fenced = new OpsError('fenced', 'taken over');
  const action = looking(['after'], { revert: fenced });
  const { session } = sessionOn(options(), done, { actions: [action] });
  await expect(rollBack(session, { why: 'a test', cause: 'failed' })).rejects.toBe(fenced);
});

test('a change by an action that is not there is left, and the rest is undone', async () => {
  const made = looking(['after'], { after: ['before'] });
  for (const name of ['test.gone', 'test.look']) {
    const before = [...done, ...changing('two', [applied('two')], { uses: name })];
    const { session, recorded } = sessionOn(options(), before, { actions: [made] });
    await rollBack(session, { why: 'a test', cause: 'failed' });
    expect(recorded[1]).toEqual({
      ...{ type: 'revert-failed', step: 'two', observed: 'unobservable' },
      error: { code: 'invalid', message: `this version does not have ${name}` },
    });
    expect(recorded.at(-1)).toEqual(reverted);
  }
});

test('the last applied is undone first, and before it what nobody saw applied; what its step keeps is not', () => {
  const events = [
    ...changing('a'),
    ...changing('b'),
    ...changing('c', [applied('c')]),
    ...changing('kept', [applied('kept')], { rollback: 'none' }),
    ...changing('d'),
    applied('b'),
    ...changing('gone', [{ type: 'change-not-applied', step: 'gone', error }]),
  ];
  expect(changesToRevert(stateOf(events)).map(({ id }) => id)).toEqual(['d', 'a', 'b', 'c']);
});

test('what an optional step is writing settles first, and is undone after the rest', async () => {
  const steps = `
  - { id: one, title: One, uses: test.look, with: { name: a } }
  - { id: beside, title: Beside, optional: true, uses: test.look, with: { name: a } }
  - { id: ended, title: Ended, optional: true, uses: test.look, with: { name: a } }
`;
  const before = [
    ...done,
    ...changing('ended', [applied('ended'), succeeded('ended')], uses),
    ...changing('beside', [], uses),
  ];
  const action = looking(['before']);
  for (const isBeside of [true, false]) {
    const { session, recorded } = sessionOn(options(steps), before, { actions: [action] });
    if (isBeside)
      session.background.set(
        'beside',
        Promise.resolve().then(async () => void (await session.record(applied('beside')))),
      );
    else await session.record(applied('beside'));
    await rollBack(session, { why: 'a test', cause: 'failed' });
    const order = recorded.flatMap((event) => (event.type === 'change-reverted' ? [event.step] : []));
    expect(order).toEqual(isBeside ? ['ended', 'one', 'beside'] : ['beside', 'ended', 'one']);
  }
});

const kept = { ...uses, rollback: 'none' as const };
const message = { ...uses, undoable: false };
const doubtful: Event = { type: 'change-doubted', step: 'one', error };
const unresolved: Event = { type: 'change-unresolved', step: 'one', error };
const doubtOf = (words: string) => ({
  ...{ type: 'change-unresolved', step: 'one', error: { code: 'lost-answer', message: `in doubt: ${words}` } },
});

test.each([
  ['kept, and there', changing('one', [doubtful], kept), 'after', [seenApplied], 0],
  ['a message that is there', changing('one', [doubtful], message), 'after', [seenApplied], 0],
  [
    'kept, and not there',
    changing('one', [doubtful], kept),
    'before',
    [
      {
        type: 'change-not-applied',
        step: 'one',
        error: { code: 'lost-answer', message: 'the world shows that it did not happen' },
      },
    ],
    0,
  ],
  [
    'kept, and odd',
    changing('one', [doubtful], kept),
    'other',
    [doubtOf('the world is neither as it was nor as intended')],
    1,
  ],
  ['told before, and odd', changing('one', [doubtful, unresolved], kept), 'other', [], 1],
  ['told before, and there', changing('one', [doubtful, unresolved], kept), 'after', [seenApplied], 0],
  ['kept, and surely there', changing('one', [applied('one')], kept), 'other', [], 0],
  ['of no action', changing('one', [doubtful], { ...kept, uses: 'test.gone' }), 'after', [], 1],
  ['of a check', changing('one', [doubtful], { ...kept, uses: 'test.look' }), 'after', [], 1],
] as const)(
  'a rollback looks at what it does not undo until it would have landed: %s',
  async (_what, before, seen, events, still) => {
    const { session, recorded } = sessionOn(options(), before, { actions: [looking([seen])] });
    expect(await settleDoubts(session)).toHaveLength(still);
    expect(recorded).toEqual(events);
  },
);

test('the doubtful message of an optional step is nothing that a rollback waits for', async () => {
  const optional = options('\n  - { id: one, title: One, optional: true, uses: test.look, with: { name: a } }\n');
  const { session, recorded } = sessionOn(optional, changing('one', [doubtful], message), {
    actions: [looking(['after'])],
  });
  expect([await settleDoubts(session), recorded]).toEqual([[], []]);
});

test('the looks before an undoing are half a second apart', async () => {
  const clock = standingClock();
  const at: number[] = [];
  const action = {
    ...looking([silence]),
    async observe() {
      at.push(clock.now());
      throw silence;
    },
  };
  const { session } = sessionOn(options(), done, { clock, actions: [action] });
  await rollBack(session, { why: 'a test', cause: 'failed' });
  expect(at).toEqual([0, 500, 1_000]);
});
