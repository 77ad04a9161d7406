import { describe, expect, test } from 'vitest';
import { sha256 } from '../../src/journal/chain.ts';
import type { Entry, Event, RecordedError } from '../../src/journal/events.ts';
import type { ChangeStatus, RunState, StepState } from '../../src/journal/run-state.ts';
import { advance, advanceBySaid, foldRun } from '../../src/journal/state.ts';
import { firstAtMs, stamped } from './support/stamped.ts';
import { alice, bob, ended, intended, started } from './support/store-fixture.ts';

const atMs = (seq: number) => firstAtMs + (seq - 1) * 1000;
const at = (seq: number) => new Date(atMs(seq)).toISOString();

/** The run after `events`, of which the first is entry 2. */
function runAfter(events: readonly Event[], first: Partial<Extract<Event, { type: 'run-started' }>> = {}): RunState {
  const state = foldRun(stamped([{ ...started(['r']), ...first }, ...events]));
  return state ?? expect.unreachable('it is a run');
}

function stepAfter(...events: readonly Event[]): StepState {
  return runAfter(events).steps.get('s') ?? expect.unreachable('the step has begun');
}

const begun: Event = { type: 'step-started', step: 's', title: 'Switch', uses: 'cloudflare.set-load-balancer' };
const planned = {
  type: 'step-planned',
  step: 's',
  uses: 'cloudflare.set-load-balancer',
  before: { enabled: true },
  after: { enabled: false },
  diff: ['- on', '+ off'],
  notes: ['soon'],
  digest: 'a'.repeat(64),
} as const;
const succeeded: Extract<Event, { type: 'step-succeeded' }> = {
  type: 'step-succeeded',
  step: 's',
  output: 7,
  summary: { headline: 'well', detail: [] },
  knowledge: 'known',
};
const error: RecordedError = { code: 'failed', message: 'no answer' };
const failed: Event = { type: 'step-failed', step: 's', error };

const freshStep: StepState = {
  id: 's',
  title: 'Switch',
  uses: 'cloudflare.set-load-balancer',
  phase: 'running',
  startedAtMs: atMs(2),
  endedAtMs: null,
  output: null,
  knowledge: 'known',
  isPlanned: false,
  summary: null,
  error: null,
  skippedWhy: null,
  plan: null,
  change: null,
  noted: null,
  confirmed: [],
  approval: null,
  approvalPlaces: [],
  refusals: [],
  voided: [],
  markedDone: null,
  undoneByHand: null,
  timeline: { sentUpTo: 0, toldUpTo: 0 },
  toldAtEnd: null,
};

const leavingNothing: Event = { ...intended('s'), leavesNothing: true };

const freshChange = {
  status: 'intended',
  uses: 'cloudflare.set-load-balancer',
  input: {},
  before: { enabled: true },
  after: { enabled: false },
  digest: 'd'.repeat(64),
  undoable: true,
  leavesNothing: false,
  rollback: 'auto',
  appliedSeq: null,
  output: null,
  error: null,
};

describe('a step', () => {
  test('begins with what its first entry says, and nothing more', () => {
    expect(stepAfter(begun)).toEqual(freshStep);
    expect(stepAfter({ type: 'step-started', step: 's', title: 'Look' })).toEqual({
      ...freshStep,
      title: 'Look',
      uses: null,
    });
    expect(stepAfter({ type: 'step-skipped', step: 's', why: 'not needed' })).toEqual({
      ...freshStep,
      title: 's',
      uses: null,
      phase: 'skipped',
      endedAtMs: atMs(2),
      skippedWhy: 'not needed',
    });
  });

  test('takes from each entry what it says, and leaves the rest as it was', () => {
    const { before, after, diff, notes, digest } = planned;
    const summary = { headline: 'not well', detail: [] };
    const cases: [Event[], Partial<StepState>][] = [
      [[planned], { plan: { before, after, diff, notes, digest } }],
      [[{ type: 'fact-noted', step: 's', fact: { etag: 'x' } }], { noted: { etag: 'x' } }],
      [
        ['a', 'b'].map((one) => ({
          type: 'confirmation-given',
          step: 's',
          digest: one,
          kind: 'typed',
          by: 'terminal',
        })),
        { confirmed: ['a', 'b'] },
      ],
      [
        [succeeded],
        { phase: 'succeeded', endedAtMs: atMs(3), output: 7, summary: succeeded.summary, knowledge: 'known' },
      ],
      [[failed], { phase: 'failed', endedAtMs: atMs(3), error }],
      [
        [{ type: 'step-failed', step: 's', error, output: 0, summary }],
        { phase: 'failed', endedAtMs: atMs(3), error, output: 0, summary },
      ],
      [[{ type: 'step-skipped', step: 's', why: 'off' }], { phase: 'skipped', endedAtMs: atMs(3), skippedWhy: 'off' }],
      [
        [{ type: 'follow-up-intended', step: 's', headline: 'told', upTo: 5 }],
        { timeline: { sentUpTo: 5, toldUpTo: 0 } },
      ],
      [
        [
          { type: 'follow-up-intended', step: 's', headline: 'told', upTo: 5 },
          { type: 'timeline-told', step: 's', upTo: 4 },
          { type: 'follow-up-intended', step: 's', headline: 'told without the timeline' },
        ],
        { timeline: { sentUpTo: 5, toldUpTo: 4 } },
      ],
      [
        [{ type: 'ending-told', step: 's', ending: 'undone', text: 'all is back', state: 'resolved' }],
        { toldAtEnd: 'resolved' },
      ],
      [
        [{ type: 'marked-done', step: 's', evidence: 'I saw it' }],
        { phase: 'succeeded', endedAtMs: atMs(3), markedDone: 'I saw it' },
      ],
      [[{ type: 'marked-done', step: 's', evidence: 'put back', undone: true }], { undoneByHand: 'put back' }],
      [[{ type: 'revert-intended', step: 's' }], {}],
      [[{ type: 'guard-raised', step: 's', guard: 'g', message: 'm', hint: 'h' }], {}],
    ];
    for (const [events, expected] of cases) {
      expect(stepAfter(begun, ...events), JSON.stringify(events)).toEqual({ ...freshStep, ...expected });
    }
  });

  test('that succeeds after a failure, or is marked done after one, has no error any more', () => {
    expect(stepAfter(begun, failed, begun, succeeded).error).toBeNull();
    expect(stepAfter(begun, failed, succeeded).error).toBeNull();
    expect(stepAfter(begun, failed, { type: 'marked-done', step: 's', evidence: 'I saw it' })).toMatchObject({
      phase: 'succeeded',
      error: null,
    });
  });

  test('that begins anew keeps what it has left in the world and what people were told, and forgets the rest', () => {
    const left: Event[] = [
      intended('s'),
      { type: 'fact-noted', step: 's', fact: 1 },
      { type: 'confirmation-given', step: 's', digest: 'c', kind: 'plain', by: 'flag' },
      { type: 'approval-posted', step: 's', digest: 'c', room: 'ops', place: 'p' },
      {
        type: 'approval-refused',
        step: 's',
        digest: 'c',
        by: 'eve',
        why: 'stranger',
        message: 'who is eve?',
      },
      { type: 'timeline-told', step: 's', upTo: 4 },
    ];
    const ofOnce: Event[] = [
      planned,
      { type: 'approvals-voided', step: 's', digest: 'c', why: 'expired' },
      { type: 'ending-told', step: 's', ending: 'undone', text: 'all is back', state: 'resolved' },
      { ...succeeded, knowledge: 'unknown' },
      failed,
    ];
    expect(stepAfter(begun, ...left, ...ofOnce, { type: 'step-started', step: 's', title: 'Again' })).toEqual({
      ...freshStep,
      title: 'Again',
      uses: null,
      startedAtMs: atMs(14),
      change: freshChange,
      noted: 1,
      confirmed: ['c'],
      timeline: { sentUpTo: 0, toldUpTo: 4 },
      approvalPlaces: [{ request: 6, digest: 'c', room: 'ops', place: 'p', isClosed: false }],
      refusals: [{ by: 'eve', digest: 'c', why: 'stranger', account: null }],
    });
  });

  test('that is taken up in the middle is the same step, begun when it was', () => {
    const again: Event = { type: 'step-started', step: 's', title: 'Switch it', uses: 'route53.set-record' };
    expect(stepAfter(begun, planned, again)).toMatchObject({
      title: 'Switch it',
      uses: 'route53.set-record',
      startedAtMs: atMs(2),
      plan: { digest: planned.digest },
    });
  });

  test('of a dry run would make its change where it has a plan, or has taken an alternative that has', () => {
    const unknown = { ...succeeded, knowledge: 'unknown' } as const;
    const wouldBe = (...events: Event[]) => stepAfter(begun, ...events).isPlanned;
    expect(wouldBe(planned, unknown)).toBe(true);
    expect(wouldBe(planned, succeeded)).toBe(false);
    expect(wouldBe(unknown)).toBe(false);
    const other = { ...planned, step: 'o' };
    const planOther: Event[] = [{ type: 'step-started', step: 'o', title: 'Other' }, other, { ...unknown, step: 'o' }];
    expect(wouldBe(...planOther, { ...unknown, output: { by: 'o' } })).toBe(true);
    expect(wouldBe({ type: 'step-started', step: 'o', title: 'O' }, other, { ...unknown, output: { by: 'o' } })).toBe(
      false,
    );
    for (const output of [{ by: 'nobody' }, { by: 1 }, { to: 'o' }, ['o'], 'o', null, 1]) {
      expect(wouldBe(...planOther, { ...unknown, output }), JSON.stringify(output)).toBe(false);
    }
    expect(wouldBe(...planOther, { ...succeeded, output: { by: 'o' } })).toBe(false);
  });
});

describe('a change', () => {
  const applied: Event = { type: 'change-applied', step: 's', how: 'answered', output: { id: 1 } };
  const changeAfter = (...events: Event[]) => stepAfter(begun, intended('s'), ...events).change;

  test('is as it was intended, until it is known what became of it', () => {
    expect(changeAfter()).toEqual(freshChange);
    expect(stepAfter(begun, leavingNothing).change).toEqual({
      ...freshChange,
      leavesNothing: true,
    });
    const cases: [Event, object][] = [
      [
        { type: 'change-doubted', step: 's', error },
        { status: 'doubted', error },
      ],
      [applied, { status: 'applied', appliedSeq: 4, output: { id: 1 } }],
      [
        { type: 'change-not-applied', step: 's', error },
        { status: 'not-applied', error },
      ],
      [
        { type: 'change-unresolved', step: 's', error },
        { status: 'unresolved', error },
      ],
      [{ type: 'revert-intended', step: 's' }, { status: 'reverting' }],
      [{ type: 'change-reverted', step: 's' }, { status: 'reverted' }],
      [{ type: 'change-left-nothing', step: 's' }, { status: 'left-nothing' }],
      [
        { type: 'revert-failed', step: 's', error, observed: 'other' },
        { status: 'revert-failed', error },
      ],
      [{ type: 'milestone-reached', step: 's', milestone: 'switched' }, {}],
    ];
    for (const [event, expected] of cases) {
      expect(changeAfter(event), event.type).toEqual({ ...freshChange, ...expected });
    }
  });

  test('that a person made is in place, at the time when it came to be, unless it was undone', () => {
    const done: Event = { type: 'marked-done', step: 's', evidence: 'I saw it' };
    expect(changeAfter(done)).toEqual({ ...freshChange, status: 'applied', appliedSeq: 4 });
    expect(changeAfter(applied, done)).toMatchObject({ status: 'applied', appliedSeq: 4 });
    const kept: [Event, ChangeStatus][] = [
      [{ type: 'change-reverted', step: 's' }, 'reverted'],
      [{ type: 'change-left-nothing', step: 's' }, 'left-nothing'],
    ];
    for (const [event, status] of kept) expect(changeAfter(event, done)).toMatchObject({ status, appliedSeq: null });
  });

  test('that a person undid is undone, and its step stays as it was', () => {
    const undone: Event = { type: 'marked-done', step: 's', evidence: 'put back', undone: true };
    const tried: Event = { type: 'revert-failed', step: 's', error, observed: 'other' };
    const step = stepAfter(begun, intended('s'), applied, failed, tried, undone);
    expect(step).toMatchObject({ phase: 'failed', error, markedDone: null, undoneByHand: 'put back' });
    expect(step.change).toMatchObject({ status: 'reverted', error: null, appliedSeq: 4 });
  });
});

describe('a run', () => {
  test('begins with what its first entry says, and nothing more', () => {
    const { type: _type, ...said } = started(['r']);
    const fresh = {
      ...said,
      run: 'run-1',
      durations: [],
      leavesNothing: false,
      startedAtMs: atMs(1),
      startedBy: alice,
      phase: 'running',
      rollingBack: false,
      rollbackCause: null,
      steps: new Map(),
      clocks: { goAt: null, switchedMs: null, recoveredMs: null, predictedDrainMs: null },
      guards: [],
      drivenBy: [],
      driver: null,
      released: null,
      ending: null,
      lastSeq: 1,
      head: { seq: 1, hash: sha256('1') },
    };
    expect(runAfter([])).toEqual(fresh);
    expect(runAfter([], { durations: ['window'], leavesNothing: true })).toEqual({
      ...fresh,
      durations: ['window'],
      leavesNothing: true,
    });
  });

  test('knows its newest driver, and everybody who has driven it', () => {
    const drives = (pid: number): Event => ({ type: 'driver-started', pid, process: '1', boot: 'b', forced: false });
    const state = runAfter([drives(11)]);
    const first = { epoch: 1, actor: alice, pid: 11, since: at(2), released: false };
    expect(state.driver).toEqual(first);
    advance(state, entryBy(bob, 3, { type: 'driver-released' }));
    expect(state.driver).toEqual({ ...first, released: true });
    advance(state, entryBy(bob, 4, drives(12)));
    advance(state, entryBy(alice, 5, drives(13)));
    expect(state.driver).toEqual({ ...first, pid: 13, since: at(5) });
    expect(state.drivenBy).toEqual(['alice', 'bob']);
    expect(runAfter([{ type: 'driver-released' }]).driver).toBeNull();
  });

  test('stops each clock once, the first time after go, in the run’s own time', () => {
    const go: Event = { type: 'go-given', step: 's' };
    const reached = (milestone: 'switched' | 'recovered'): Event => ({
      type: 'milestone-reached',
      step: 's',
      milestone,
    });
    const clocks = (...events: Event[]) => runAfter(events, { speed: 60 }).clocks;
    const none = { goAt: null, switchedMs: null, recoveredMs: null, predictedDrainMs: null };
    expect(clocks(reached('switched'), reached('recovered'))).toEqual(none);
    expect(
      clocks(go, reached('switched'), go, reached('recovered'), reached('switched'), reached('recovered')),
    ).toEqual({ ...none, goAt: at(2), switchedMs: 60_000, recoveredMs: 180_000 });
    // A check that proves it stops it too, also where its process has died before it said so.
    const proves = (knowledge: 'known' | 'unknown'): Event => ({
      ...succeeded,
      knowledge,
      summary: { headline: 'well', detail: [], milestone: 'recovered' },
    });
    expect(clocks(go, proves('known'))).toEqual({ ...none, goAt: at(2), recoveredMs: 60_000 });
    expect(clocks(go, proves('unknown'), succeeded)).toEqual({ ...none, goAt: at(2) });
    // The clock of the machine was set back meanwhile.
    const state = runAfter([go]);
    advance(state, { ...entryBy(alice, 3, reached('switched')), time: at(1) });
    expect(state.clocks.switchedMs).toBe(0);
  });

  test('is judged by the prediction that was made before go', () => {
    const predicts = (predictedDrainMs: number): Event => ({
      ...succeeded,
      summary: { headline: 'well', detail: [], predictedDrainMs },
    });
    const go: Event = { type: 'go-given', step: 's' };
    expect(runAfter([predicts(0), predicts(300), succeeded, go, predicts(60)]).clocks.predictedDrainMs).toBe(300);
    expect(runAfter([go, predicts(60)]).clocks.predictedDrainMs).toBeNull();
  });

  test('remembers each guard that was raised or overridden, in order', () => {
    expect(
      runAfter([
        { type: 'guard-raised', step: 's', guard: 'freeze', message: 'it is Friday', hint: 'wait' },
        { type: 'guard-overridden', step: 's', guard: 'freeze', reason: 'it burns', message: 'it is Friday' },
      ]).guards,
    ).toEqual([
      { step: 's', guard: 'freeze', message: 'it is Friday', hint: 'wait', overriddenBecause: null },
      { step: 's', guard: 'freeze', message: 'it is Friday', hint: '', overriddenBecause: 'it burns' },
    ]);
  });

  test('is rolled back by whose wish it was, which the decision says before it begins', () => {
    const decided = (choice: 'continue' | 'rollback', cause?: 'failed'): Event => ({
      type: 'decided',
      choice,
      by: 'terminal',
      ...(cause === undefined ? {} : { cause }),
    });
    expect(runAfter([decided('continue', 'failed')])).toMatchObject({ rollbackCause: null, rollingBack: false });
    expect(runAfter([decided('rollback')])).toMatchObject({ rollbackCause: 'stopped', rollingBack: false });
    expect(runAfter([decided('rollback', 'failed')])).toMatchObject({ rollbackCause: 'failed', phase: 'running' });
    expect(runAfter([{ type: 'rollback-started', why: 'asked', cause: 'asked' }])).toMatchObject({
      rollbackCause: 'asked',
      rollingBack: true,
      phase: 'rolling-back',
    });
  });

  test('that ended, waits or was given up is told as such, until somebody takes it up again', () => {
    const suspended: Event = { type: 'run-suspended', exitCode: 4, message: 'look at it', left: ['s'] };
    expect(runAfter([suspended])).toMatchObject({
      phase: 'suspended',
      ending: { outcome: 'needs-attention', exitCode: 4, message: 'look at it', left: ['s'] },
    });
    expect(runAfter([{ ...ended, left: ['t'] }])).toMatchObject({
      phase: 'ended',
      ending: { outcome: 'succeeded', exitCode: 0, message: 'done', left: ['t'] },
    });
    const released: Event = { type: 'claim-released', reason: 'it is gone' };
    expect(runAfter([suspended, released])).toMatchObject({
      phase: 'suspended',
      released: { by: alice, at: at(3), reason: 'it is gone' },
    });
    const goesOn = { phase: 'running', ending: null, released: null };
    expect(runAfter([suspended, released, { type: 'resumed' }])).toMatchObject({ ...goesOn, rollbackCause: null });
    const reopened: Event = { type: 'run-reopened', resources: ['r'], why: 'rollback' };
    expect(runAfter([ended, released, reopened])).toMatchObject({ ...goesOn, rollbackCause: 'asked' });
  });

  test('stands where its newest entry stands, also where an older one is heard of late', () => {
    const comment: Event = { type: 'commented', text: 'hello' };
    const state = runAfter([comment]);
    expect(state).toMatchObject({ lastSeq: 2, head: { seq: 2, hash: sha256('2') } });
    advance(state, entryBy(alice, 5, comment));
    advanceBySaid(state, entryBy(bob, 4, { type: 'claim-released', reason: 'late' }));
    expect(state).toMatchObject({ lastSeq: 5, head: { seq: 5, hash: sha256('5') }, released: { reason: 'late' } });
    advanceBySaid(state, entryBy(bob, 6, comment));
    expect(state).toMatchObject({ lastSeq: 6, head: { seq: 6, hash: sha256('6') } });
  });
});

function entryBy(actor: Entry['actor'], seq: number, event: Event): Entry {
  const [entry] = stamped([event], seq);
  return entry === undefined ? expect.unreachable('there is one') : { ...entry, actor };
}
