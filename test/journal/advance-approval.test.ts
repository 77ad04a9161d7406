import { expect, test } from 'vitest';
import type { StepState } from '../../src/journal/run-state.ts';
import { runOf, type Told, timeOf } from './support/entries.ts';

const started: Told = { type: 'step-started', step: 'switch', title: 'Switch', uses: 'test.set' };
const asked = (more: { withinMs?: number; digest?: string; atMs?: number } = {}): Told => ({
  type: 'approval-requested',
  step: 'switch',
  digest: 'd1',
  count: 2,
  from: ['bo', 'cy'],
  withinMs: 60_000,
  ...more,
});
const reacted = (by: string, account: string, digest = 'd1'): Told => ({
  ...{ type: 'approval-given', step: 'switch', digest, how: 'reaction', by, account },
});
const said = (user: string): Told => ({ type: 'approval-given', step: 'switch', digest: 'd1', how: 'command', user });
const posted = (room: string, place: string, digest = 'd1'): Told => ({
  ...{ type: 'approval-posted', step: 'switch', digest, room, place },
});

function stepAfter(told: readonly Told[], options?: { speed?: number }): StepState {
  const step = runOf([started, ...told], options).steps.get('switch');
  if (step === undefined) throw new Error('the step has begun');
  return step;
}

test('a request is known by its entry, and waits for as many of these people until its time is over', () => {
  expect(stepAfter([]).approval).toBeNull();
  expect(stepAfter([asked({ atMs: 5_000 })]).approval).toEqual({
    ...{ request: 3, digest: 'd1', count: 2, from: ['bo', 'cy'], expiresAtMs: timeOf(65_000) },
    ...{ given: [], status: 'waiting', voidedWhy: null },
  });
});

test.each([
  [1, 60_000, 60_000],
  [10, 60_000, 6_000],
  // Compressed to less than three real seconds, people could not answer.
  [20, 60_000, 3_000],
  [21, 60_000, 3_000],
  [20, 61_000, 3_050],
  [20, 3_000, 3_000],
  [20, 2_999, 2_999],
  [1, 1_000, 1_000],
])('at speed %i, %i ms are waited for %i real ms', (speed, withinMs, realMs) => {
  const { approval } = stepAfter([asked({ withinMs, atMs: 0 })], { speed });
  expect(approval?.expiresAtMs).toBe(timeOf(realMs));
});

test('an approval is its actor’s, and a reaction that of the person whose account it is', () => {
  const { approval } = stepAfter([asked(), { ...said('bo'), atMs: 7_000 }, { ...reacted('cy', 'U1'), atMs: 8_000 }]);
  expect(approval?.given).toEqual([
    { by: 'bo', digest: 'd1', atMs: timeOf(7_000), account: null },
    { by: 'cy', digest: 'd1', atMs: timeOf(8_000), account: 'U1' },
  ]);
  expect(approval).toMatchObject({ status: 'waiting', count: 2 });
});

test('a reaction that is taken back takes away that account’s word on that plan, and nothing else', () => {
  const given = [reacted('bo', 'U1'), reacted('bo', 'U1', 'd0'), reacted('cy', 'U2'), said('cy')];
  const back = (account: string, digest: string): Told => ({
    ...{ type: 'approval-withdrawn', step: 'switch', digest, by: 'bo', account },
  });
  const left = (withdrawn: Told) =>
    stepAfter([asked(), ...given, withdrawn]).approval?.given.map(
      ({ by, account, digest }) => `${by} ${account} ${digest}`,
    );
  expect(left(back('U1', 'd1'))).toEqual(['bo U1 d0', 'cy U2 d1', 'cy null d1']);
  expect(left(back('U2', 'd1'))).toEqual(['bo U1 d1', 'bo U1 d0', 'cy null d1']);
  expect(left(back('U2', 'd0'))).toHaveLength(4);
});

test('a new request begins with nothing given; where the old one was shown stays known', () => {
  const step = stepAfter([asked(), reacted('bo', 'U1'), posted('war', 'p1'), asked({ digest: 'd2' })]);
  expect(step.approval).toMatchObject({ request: 6, digest: 'd2', given: [], status: 'waiting' });
  expect(step.approvalPlaces).toEqual([{ request: 3, digest: 'd1', room: 'war', place: 'p1', isClosed: false }]);
});

test('what one room shows of one request is closed alone', () => {
  const step = stepAfter([
    asked(),
    posted('war', 'p1'),
    posted('ops', 'p2'),
    asked({ digest: 'd2' }),
    posted('war', 'p3', 'd2'),
    { type: 'approval-closed', step: 'switch', room: 'war', request: 3 },
  ]);
  expect(step.approvalPlaces.map(({ place, request, isClosed }) => [place, request, isClosed])).toEqual([
    ['p1', 3, true],
    ['p2', 3, false],
    ['p3', 6, false],
  ]);
});

test('a request that is void says why, and every reason is kept; one that is approved is so', () => {
  const voided = (why: 'plan-changed' | 'expired' | 'stopped'): Told => ({
    ...{ type: 'approvals-voided', step: 'switch', digest: 'd1', why },
  });
  const step = stepAfter([asked(), voided('plan-changed'), asked(), voided('expired')]);
  expect(step.approval).toMatchObject({ request: 5, status: 'voided', voidedWhy: 'expired' });
  expect(step.voided).toEqual(['plan-changed', 'expired']);
  const approved = stepAfter([asked(), { type: 'step-approved', step: 'switch', digest: 'd1', by: ['bo', 'cy'] }]);
  expect(approved.approval).toMatchObject({ status: 'approved', voidedWhy: null });
});

test('refusals are kept in order, with the account where it was a reaction', () => {
  const refused = (by: string, account?: string): Told => ({
    ...{ type: 'approval-refused', step: 'switch', digest: 'd1', by, why: 'stranger', message: 'no' },
    ...(account === undefined ? {} : { account }),
  });
  expect(stepAfter([refused('eve'), asked(), refused('mal', 'U9')]).refusals).toEqual([
    { by: 'eve', digest: 'd1', why: 'stranger', account: null },
    { by: 'mal', digest: 'd1', why: 'stranger', account: 'U9' },
  ]);
});

test('a word on a step that asks for no approval, from a log of another version, changes nothing of it', () => {
  const step = stepAfter([
    said('bo'),
    { type: 'approval-withdrawn', step: 'switch', digest: 'd1', by: 'bo', account: 'U1' },
    { type: 'step-approved', step: 'switch', digest: 'd1', by: ['bo'] },
    { type: 'approvals-voided', step: 'switch', digest: 'd1', why: 'stopped' },
    posted('war', 'p1'),
  ]);
  expect(step.approval).toBeNull();
  expect(step.voided).toEqual(['stopped']);
  expect(step.approvalPlaces).toEqual([{ request: 7, digest: 'd1', room: 'war', place: 'p1', isClosed: false }]);
});
