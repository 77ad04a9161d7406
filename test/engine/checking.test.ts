import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyAction, change, check, type Summary } from '../../src/actions/action.ts';
import { checkStep } from '../../src/engine/check-step.ts';
import { executeInOrder } from '../../src/engine/execute.ts';
import type { Session } from '../../src/engine/session.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { OpsError } from '../../src/errors.ts';
import type { Event } from '../../src/journal/events.ts';
import { useBenches } from './benches.ts';
import { sessionOn, standingClock } from './session-on.ts';

const bench = useBenches();

const noway = new OpsError('not-sent', 'no way');
const told = { code: 'not-sent', message: 'no way' };
const begun: Event = { type: 'step-started', step: 'one', title: 'One', uses: 'test.check' };
const go: Event = { type: 'go-given', step: 'zero' };

type More = {
  step?: string;
  /** How its calls end, the last for ever; well where there is none. */
  fails?: (Error | undefined)[];
  attended?: true;
  before?: Event[];
  prepare?: (session: Session) => void;
};

/** Runs the check of the one step, which is worded by `step`, and tells what that wrote. */
async function checked({ step = '', fails = [], attended, before = [], prepare }: More) {
  const left = [...fails];
  const summary: Summary = { headline: 'seen', detail: ['more'], milestone: 'switched' };
  const action = check({
    ...{ name: 'test.check', summary: 'Check', input: z.strictObject({}), output: z.object({ n: z.number() }) },
    ...(attended && { attended }),
    async run() {
      const error = left.length > 1 ? left.shift() : left[0];
      if (error !== undefined) throw error;
      return { n: 1 };
    },
    summarise: () => summary,
  });
  const { options } = bench(`  - { id: one, title: One, uses: test.check, with: {}${step} }\n`, { actions: [action] });
  const clock = standingClock();
  const progress: string[] = [];
  const watched = { ...options, progress: (id: string, text: string) => void progress.push(`${id}: ${text}`) };
  const { session, recorded } = sessionOn(watched, [...before, begun], { clock });
  const [only] = options.runbook.steps;
  if (only?.kind !== 'action' || action.kind !== 'check') throw new Error('it is a check');
  prepare?.(session);
  const end = await checkStep(session, only, action);
  return { recorded, end, clock, progress };
}

const summary = { headline: 'seen', detail: ['more'], milestone: 'switched' };
const seen = { type: 'step-succeeded', step: 'one', output: { n: 1 }, summary, knowledge: 'known' };
const failed = { type: 'step-failed', step: 'one', error: told };
const pending = (session: Session) => {
  session.pendingChange = true;
};
const unknown = (headline: string, detail: string[], output: unknown) => ({
  ...{ type: 'step-succeeded', step: 'one', output, summary: { headline, detail }, knowledge: 'unknown' },
});

const cases: [string, More, unknown[], string][] = [
  ['well', {}, [seen], 'succeeded'],
  [
    'well, after the go',
    { before: [go] },
    [seen, { type: 'milestone-reached', step: 'one', milestone: 'switched' }],
    'succeeded',
  ],
  ['not', { fails: [noway] }, [failed], 'failed'],
  [
    'at the second try',
    { fails: [noway, undefined], step: ', retry: { attempts: 2, every: 1s }' },
    [failed, seen],
    'succeeded',
  ],
  [
    'with another outcome than expected',
    { step: ', expect: outputs.n == 2' },
    [
      expect.objectContaining({ type: 'guard-raised', guard: 'one' }),
      {
        type: 'step-failed',
        step: 'one',
        error: expect.objectContaining({ code: 'failed' }),
        output: { n: 1 },
        summary,
      },
    ],
    'failed',
  ],
  [
    'of a world that is to be changed',
    { prepare: pending },
    [unknown('now: seen; after the change: unknown', ['more'], { n: 1 })],
    'succeeded',
  ],
  [
    'not, of a world that is to be changed',
    { prepare: pending, fails: [noway] },
    [unknown('now: no way; after the change: unknown', [], null)],
    'succeeded',
  ],
  [
    'with a bug, of a world that is to be changed',
    { prepare: pending, fails: [new TypeError('x')] },
    [{ type: 'step-failed', step: 'one', error: expect.objectContaining({ code: 'bug' }) }],
    'failed',
  ],
  [
    'cut short by a stop',
    {
      fails: [new OpsError('aborted', 'stopped')],
      prepare: (session) => {
        session.stop = 'leave';
      },
    },
    [{ type: 'step-failed', step: 'one', error: { code: 'aborted', message: 'stopped' } }],
    'stopped',
  ],
  [
    'cut short by something else',
    { fails: [new OpsError('aborted', 'stopped')] },
    [{ type: 'step-failed', step: 'one', error: { code: 'aborted', message: 'stopped' } }],
    'failed',
  ],
];

test.each(cases)('what a check has seen is told: %s', async (_what, more, events, kind) => {
  const { recorded, end } = await checked(more);
  expect(recorded).toEqual(events);
  expect(end.kind).toBe(kind);
});

test('a check is tried as often as its step says, with a wait between, and once where it says nothing', async () => {
  const step = ', retry: { attempts: 3, every: 4s }';
  const { recorded, clock, progress } = await checked({ fails: [noway], step });
  expect(recorded).toEqual([failed, failed, failed]);
  expect(clock.slept).toEqual([4_000, 4_000]);
  expect(progress).toEqual(['one: try 1 of 3 failed; again soon', 'one: try 2 of 3 failed; again soon']);
  const once = await checked({ fails: [noway] });
  expect([once.recorded.length, once.clock.slept, once.progress]).toEqual([1, [], []]);
  const prepare = (session: Session) => {
    session.stop = 'leave';
  };
  const stopped = await checked({ fails: [noway], step, prepare });
  expect([stopped.recorded.length, stopped.clock.slept]).toEqual([1, []]);
});

test('a check has a minute, or what its step says; where it waits for a person, none of its own', async () => {
  expect((await checked({})).clock.boxes).toEqual([60_000]);
  expect((await checked({ step: ', timeout: 7s' })).clock.boxes).toEqual([7_000]);
  expect((await checked({ attended: true })).clock.boxes).toEqual([]);
  expect((await checked({ attended: true, step: ', timeout: 7s' })).clock.boxes).toEqual([7_000]);
});

test('a log that fails, or another driver, ends a check at once', async () => {
  for (const code of ['audit', 'fenced'] as const)
    await expect(checked({ fails: [new OpsError(code, 'no more')] })).rejects.toMatchObject({ code });
});

/** A change that fails so at each write; `shows` is what is seen of it. */
function failing(error: Error, shows: 'before' | 'other' = 'before'): AnyAction {
  return change({
    ...{ name: 'test.fail', summary: 'Fail', input: z.strictObject({}), state: z.json(), output: z.json() },
    plan: async () => ({ before: 0, after: 1, diff: [], notes: [], guards: [] }),
    apply: () => Promise.reject(error),
    observe: async () => shows,
    summarise: () => ({ headline: 'done', detail: [] }),
  });
}

const waits = [2_000, 5_000, 10_000, 20_000];

test.each([
  ['was not sent', failing(noway), waits],
  ['was refused', failing(new OpsError('refused', 'no')), []],
  [
    'was not planned in time',
    { ...failing(noway), plan: () => Promise.reject(new OpsError('timeout', 'late')) } as AnyAction,
    waits,
  ],
])('an optional step that %s is tried again, four times at most, or not at all', async (_what, action, slept) => {
  const { options } = bench('  - { id: one, title: One, optional: true, uses: test.fail, with: {} }\n', {
    actions: [action],
  });
  const clock = standingClock();
  const { session, recorded } = sessionOn(options, [], { clock });
  expect(await executeInOrder(session, options.runbook.steps)).toEqual({ kind: 'succeeded' });
  await Promise.all(session.background.values());
  expect(clock.slept).toEqual(slept);
  expect(recorded.filter(({ type }) => type === 'step-failed')).toHaveLength(slept.length + 1);
});

test('an optional step is not tried again once the run stops, or its time is over', async () => {
  for (const end of [
    (session: Session) => {
      session.stop = 'leave';
    },
    (session: Session) => session.optional.abort(new OpsError('aborted', 'over')),
  ]) {
    const { options } = bench('  - { id: one, title: One, optional: true, uses: test.fail, with: {} }\n', {
      actions: [failing(noway)],
    });
    const clock = standingClock();
    const { session, recorded } = sessionOn(
      {
        ...options,
        subscribe: (entry) => {
          if (entry.type === 'step-failed') end(session);
        },
      },
      [],
      { clock },
    );
    await executeInOrder(session, options.runbook.steps);
    await Promise.all(session.background.values());
    expect(clock.slept).toEqual([]);
    expect(recorded.filter(({ type }) => type === 'step-failed')).toHaveLength(1);
  }
});

test('a run’s first entry has all that it was begun with, and no more', async () => {
  const steps = '  - { id: see, title: See, uses: test.look, with: { name: a } }\n';
  const head = 'inputs:\n  for: { type: duration, default: 5s }\n  name: { type: string, default: x }\nlock: zone\n';
  const first = async (more: object, withHead = head) => {
    const { options, entries } = bench(steps, { head: withHead });
    await startRun({ ...options, ...more });
    const [entry] = entries;
    if (entry?.type !== 'run-started') throw new Error('it has not begun');
    const { seq, time, run, epoch, actor, prev, hash, documents, begunBy, ...rest } = entry;
    return rest;
  };
  const all = {
    ...{ type: 'run-started', runbook: 'test', title: 'A test', mode: 'live', speed: 20, environment: 'test' },
    ...{ hostname: 'api.example.com', inputs: { for: 5_000, name: 'x' }, durations: ['for'], resources: ['zone'] },
    ...{ overrides: {}, version: '0.0.0', leavesNothing: true },
  };
  const inputs = { for: 5_000, name: 'x' };
  expect(await first({ inputs })).toEqual(all);
  const { durations: _, ...bare } = all;
  expect(await first({}, '')).toEqual({ ...bare, inputs: {}, resources: [] });
  expect(await first({ inputs, mode: 'dry-run' })).toEqual({ ...all, mode: 'dry-run', resources: [] });
  expect(await first({ inputs, mode: 'rehearsal' })).toMatchObject({
    resources: [expect.stringMatching(/^rehearsal\/\d{8}-\d{6}-\w+\/zone$/)],
  });
});
