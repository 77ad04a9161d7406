import { expect, test } from 'vitest';
import { resultOf } from '../../src/engine/result.ts';
import type { Event } from '../../src/journal/events.ts';
import { applied, changing, error, run, stateOf, succeeded } from './folded.ts';

const planned: Event = {
  ...{ type: 'step-planned', step: 'one', uses: 'test.set', before: 0, after: 1, diff: [], notes: [], digest: 'd' },
} as const;
const begun: Event = { type: 'step-started', step: 'one', title: 'One', uses: 'test.set' };
const unknown: Event = { ...succeeded('one'), knowledge: 'unknown' } as Event;
const failed: Event = { type: 'step-failed', step: 'one', error };
const skipped: Event = { type: 'step-skipped', step: 'one', why: 'not due' };
const notReverted: Event = { type: 'revert-failed', step: 'one', error, observed: 'after' };

const cases: [Event[], string, string | null][] = [
  [[begun], 'running', null],
  [[begun, skipped], 'skipped', null],
  [[begun, failed], 'failed', null],
  [[begun, succeeded('one')], 'succeeded', null],
  [[begun, unknown], 'unknown', null],
  [[begun, planned, unknown], 'planned', null],
  [[begun, planned, succeeded('one')], 'succeeded', null],
  [changing('one'), 'in-doubt', null],
  [changing('one', [{ type: 'change-doubted', step: 'one', error }]), 'in-doubt', null],
  [changing('one', [{ type: 'change-unresolved', step: 'one', error }, failed]), 'in-doubt', null],
  [changing('one', [{ type: 'change-not-applied', step: 'one', error }, failed]), 'failed', null],
  [changing('one', [applied('one'), succeeded('one')]), 'succeeded', null],
  [
    changing('one', [applied('one'), succeeded('one'), { type: 'change-reverted', step: 'one' }]),
    'succeeded',
    'reverted',
  ],
  [changing('one', [applied('one'), succeeded('one'), notReverted]), 'succeeded', 'revert-failed'],
];

test.each(cases)('what became of a step, and apart from it of its change: %#', (events, outcome, recovery) => {
  const { steps } = resultOf(stateOf(events));
  expect(steps).toMatchObject([{ id: 'one', outcome, recovery }]);
});

test('a step’s time is by the run’s own clock, and there is none before its end', () => {
  const times = (events: Event[], speed: number) => resultOf(stateOf(events, { speed })).steps.map(({ ms }) => ms);
  expect(times([begun], 1)).toEqual([null]);
  expect(times([begun, failed], 1)).toEqual([1_000]);
  expect(times([begun, planned, failed], 20)).toEqual([40_000]);
});

test('a run that has not ended, or was given up, needs attention', () => {
  const ended: Event = { type: 'run-ended', outcome: 'rolled-back', exitCode: 1, message: 'undone', left: [] };
  const suspended: Event = { type: 'run-suspended', exitCode: 3, message: 'left: one', left: [] };
  const released: Event = { type: 'claim-released', reason: 'nobody will' };
  const next = `next: \`resend-ops resume ${run}\`, or \`resend-ops rollback ${run}\``;
  expect(resultOf(stateOf([]))).toMatchObject({
    ...{ outcome: 'needs-attention', exitCode: 3, message: `not finished; ${next}` },
  });
  expect(resultOf(stateOf([suspended]))).toMatchObject({ exitCode: 3, message: 'left: one' });
  expect(resultOf(stateOf([suspended, released]))).toMatchObject({
    outcome: 'needs-attention',
    exitCode: 3,
    message:
      'was released by ada@desk at 2026-12-01T10:11:14.000Z: nobody will; it had changed nothing: start a new run',
  });
  expect(resultOf(stateOf([ended]))).toEqual({
    ...{ type: 'result', run, runbook: 'switch', mode: 'live', outcome: 'rolled-back', exitCode: 1, message: 'undone' },
    clocks: { goAt: null, switchedMs: null, recoveredMs: null, predictedDrainMs: null },
    ...{ steps: [], overrides: {}, head: { seq: 2, hash: 'hash-2' } },
  });
});

test('only what was raised and passed knowingly counts as overridden', () => {
  const raised: Event = { type: 'guard-raised', step: 'one', guard: 'fresh', message: 'old', hint: 'wait' };
  const passed: Event = { type: 'guard-overridden', step: 'one', guard: 'known', reason: 'I know', message: 'old' };
  expect(resultOf(stateOf([raised, passed])).overrides).toEqual({ known: 'I know' });
});
