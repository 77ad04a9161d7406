import { expect, test } from 'vitest';
import {
  approvalAwaited,
  approversOf,
  refusalOf,
  runnersOf,
  shortDigest,
  stepAwaitingApproval,
} from '../../src/engine/judge-approval.ts';
import { runOf, type Told, timeOf } from '../journal/support/entries.ts';

const digest = 'abcdef0123456789';
const other = 'f'.repeat(64);
const expiresAt = '2026-11-18T12:01:00.000Z';

const started = (step: string): Told => ({ type: 'step-started', step, title: step, uses: 'test.set' });
const asked = (step = 'switch'): Told => ({
  ...{ type: 'approval-requested', step, digest, count: 2, from: ['bo', 'cy', 'ana', 'dan'] },
  ...{ withinMs: 60_000, atMs: 0 },
});
const driver = (user: string): Told => ({
  ...{ type: 'driver-started', pid: 1, process: 'p', boot: 'b', forced: false, user },
});
const voided = (why: 'plan-changed' | 'expired' | 'stopped'): Told => ({
  ...{ type: 'approvals-voided', step: 'switch', digest, why },
});
const said = (user: string, atMs: number, of = digest): Told => ({
  ...{ type: 'approval-given', step: 'switch', digest: of, how: 'command', user, atMs },
});
const failed: Told = { type: 'step-failed', step: 'switch', error: { code: 'failed', message: 'no' } };
const ended: Told = { type: 'run-ended', outcome: 'failed', exitCode: 1, message: 'ended', left: [] };
const waiting = [started('switch'), asked()];

function judged(told: readonly Told[], { by = 'bo', of = digest, atMs = 1_000 } = {}) {
  const state = runOf(told);
  const step = state.steps.get('switch');
  if (step === undefined) throw new Error('the step has begun');
  return refusalOf(state, step, { by, digest: of, atMs: timeOf(atMs) });
}

test('an approval counts that is of this plan, by one of the people asked, up to the last millisecond', () => {
  expect(judged(waiting)).toBeUndefined();
  expect(judged(waiting, { atMs: 60_000 })).toBeUndefined();
  // Enough have approved already: one more is no mistake.
  expect(judged([...waiting, { type: 'step-approved', step: 'switch', digest, by: ['bo', 'cy'] }])).toBeUndefined();
});

test.each([
  [
    'who began the run, although they may approve',
    judged(waiting, { by: 'ana' }),
    'runner',
    'approver is the runner: ana runs this, or has run it, and another person must approve',
  ],
  [
    'who has driven it since',
    judged([...waiting, driver('dan')], { by: 'dan' }),
    'runner',
    'dan runs this, or has run',
  ],
  ['a step that has not asked', judged([started('switch')]), 'not-asked', 'switch asks for no approval now'],
  [
    'somebody who was not asked',
    judged(waiting, { by: 'eve' }),
    'stranger',
    'eve is not one of those who may approve: bo, cy, ana, dan',
  ],
  [
    'another plan',
    judged(waiting, { of: other }),
    'other-plan',
    'bo approves of plan ffffffffffff, and it is now abcdef012345: look at the plan again',
  ],
  [
    'a millisecond too late',
    judged(waiting, { atMs: 60_001 }),
    'expired',
    `approvals of this plan were waited for until ${expiresAt}`,
  ],
  [
    'in time, of what was found expired',
    judged([...waiting, voided('expired')]),
    'expired',
    `approvals of this plan were waited for until ${expiresAt}`,
  ],
  [
    'a plan that has changed',
    judged([...waiting, voided('plan-changed')]),
    'other-plan',
    'plan abcdef012345 is void: the world has changed, and it is made anew',
  ],
  ['a run that stops', judged([...waiting, voided('stopped')]), 'not-asked', 'switch waits for no approval any more'],
  ['a step that has failed', judged([...waiting, failed]), 'not-asked', 'switch waits for no approval any more'],
  ['a run that has ended', judged([...waiting, ended]), 'not-asked', 'switch waits for no approval any more'],
] as const)('an approval is refused: %s', (_, refusal, why, message) => {
  expect(refusal).toEqual({ why, message: expect.stringContaining(message) });
});

test('of several reasons the one that the person can do least about is told', () => {
  const reasons = [
    judged([started('switch')], { by: 'ana' }),
    judged(waiting, { by: 'eve', of: other }),
    judged(waiting, { of: other, atMs: 60_001 }),
    judged([...waiting, voided('plan-changed')], { atMs: 60_001 }),
  ];
  expect(reasons.map((refusal) => refusal?.why)).toEqual(['runner', 'stranger', 'other-plan', 'expired']);
});

test('of what was given only that counts which is not refused, and each person once', () => {
  const state = runOf([
    ...waiting,
    ...[said('bo', 1_000), said('bo', 2_000), said('eve', 3_000), said('ana', 4_000), said('dan', 5_000, other)],
    ...[said('cy', 60_000), said('dan', 60_001)],
  ]);
  const step = state.steps.get('switch');
  expect(step && approversOf(state, step)).toEqual(['bo', 'cy']);
  const without = runOf([started('switch')]);
  expect(without.steps.get('switch')?.approval).toBeNull();
  const bare = without.steps.get('switch');
  expect(bare && approversOf(without, bare)).toEqual([]);
});

test('whoever began the run and whoever has driven it since are its runners, each once', () => {
  expect(runnersOf(runOf([]))).toEqual(['ana']);
  expect(runnersOf(runOf([driver('ana'), driver('bo'), driver('ana'), driver('cy')]))).toEqual(['ana', 'bo', 'cy']);
});

test('what a run waits for: the step that waits now, who is asked, and who has approved so far', () => {
  const state = runOf([started('before'), ...waiting, said('cy', 9_000), said('eve', 9_500)]);
  expect(stepAwaitingApproval(state)?.id).toBe('switch');
  expect(approvalAwaited(state)).toEqual({
    ...{ step: 'switch', digest, count: 2, from: ['bo', 'cy', 'ana', 'dan'], expiresAt, approvedBy: ['cy'] },
  });
});

test.each<[string, Told[]]>([
  ['it has asked for none', [started('switch')]],
  ['it is approved', [...waiting, { type: 'step-approved', step: 'switch', digest, by: ['bo', 'cy'] }]],
  ['the request is void', [...waiting, voided('stopped')]],
  ['its step has failed', [...waiting, failed]],
  ['it has ended', [...waiting, ended]],
])('a run waits for no approval: %s', (_, told) => {
  const state = runOf(told);
  expect(stepAwaitingApproval(state)).toBeUndefined();
  expect(approvalAwaited(state)).toBeNull();
});

test('a digest is read and typed by its first twelve characters', () => {
  expect(shortDigest('0123456789abcdef')).toBe('0123456789ab');
});
