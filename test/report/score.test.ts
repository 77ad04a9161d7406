import { describe, expect, test } from 'vitest';
import type { RunState } from '../../src/journal/run-state.ts';
import { type Score, type ScoreFacts, scoreOf } from '../../src/report/score.ts';
import { readScores, trendsOf } from '../../src/report/score-history.ts';

/** A run that said go at 10 s, switched 3 s and recovered 20 s after it. */
function state(more: Partial<RunState> = {}): RunState {
  return {
    run: 'r1',
    runbook: 'failover',
    title: 'Fail over',
    mode: 'rehearsal',
    speed: 10,
    environment: 'production',
    hostname: 'api.example.com',
    inputs: {},
    durations: [],
    documents: [],
    resources: [],
    overrides: {},
    leavesNothing: false,
    version: '1.2.3',
    startedAtMs: Date.parse('2026-11-24T03:00:00Z'),
    startedBy: { user: 'a', host: 'b' },
    phase: 'ended',
    rollingBack: false,
    rollbackCause: null,
    steps: new Map(),
    clocks: { goAt: '2026-11-24T03:00:01Z', switchedMs: 3_000, recoveredMs: 20_000, predictedDrainMs: null },
    guards: [
      { step: 'look', guard: 'verdict', message: 'm', hint: 'h', overriddenBecause: 'game day' },
      { step: 'look', guard: 'primary-recovering', message: 'm', hint: 'h', overriddenBecause: null },
    ],
    drivenBy: [],
    driver: null,
    released: null,
    ending: { outcome: 'succeeded', exitCode: 0, message: 'done', left: ['the load balancer: in place'] },
    lastSeq: 9,
    head: { seq: 9, hash: 'f' },
    ...more,
  };
}

const second = (at: number, sent: number, ok: number) => ({ at: at * 1_000, sent, ok });
const facts: ScoreFacts = {
  scenario: 'cloudflare-edge-down',
  from: null,
  seed: 7,
  atPromptsMs: 1_500,
  endsOn: 'fallback',
  asked: ['switch'],
  notices: ['monitoring'],
  expected: { verdict: ['provider-fault'], exitCode: 0 },
  objective: { switchedWithinMs: 60_000, recoveredWithinMs: 360_000 },
  goAtMs: 10_000,
  customers: { clients: 8, buckets: [second(9, 5, 0), second(10, 4, 1), second(29, 3, 2), second(30, 6, 6)] },
};

describe('the score of a rehearsal', () => {
  test('parts what customers lost at go and at recovery, and names what was passed and left', () => {
    expect(scoreOf(state(), facts)).toMatchObject({
      at: '2026-11-24T03:00:00.000Z',
      customers: {
        clients: 8,
        before: { sent: 5, lost: 5 },
        during: { sent: 7, lost: 4 },
        after: { sent: 6, lost: 0 },
      },
      atPromptsMs: 1_500,
      guards: ['verdict', 'primary-recovering'],
      overrides: { verdict: 'game day' },
      left: ['the load balancer: in place'],
      met: true,
    });
  });

  test.each([
    ['a clock too late', { switchedMs: 61_000, recoveredMs: 62_000 }, false],
    ['a clock never reached', { switchedMs: 3_000, recoveredMs: null }, false],
    ['both in time', { switchedMs: 60_000, recoveredMs: 360_000 }, true],
  ])('the objective: %s', (_what, clocks, met) => {
    const given = { goAt: '2026-11-24T03:00:01Z', predictedDrainMs: null, ...clocks };
    expect(scoreOf(state({ clocks: given }), facts).met).toBe(met);
  });

  test('without "go" nothing is judged by the clocks, and everything is before', () => {
    const clocks = { goAt: null, switchedMs: null, recoveredMs: null, predictedDrainMs: null };
    const score = scoreOf(state({ clocks }), { ...facts, goAtMs: null });
    expect(score.met).toBeNull();
    expect(score.customers.before).toEqual({ sent: 18, lost: 9 });
    expect(score.customers.after).toEqual({ sent: 0, lost: 0 });
  });

  test('is compared with what the scenario expects, by verdict and by exit code', () => {
    const found = (verdict: string) => state({ steps: new Map([['diagnose', step('http.compare', { verdict })]]) });
    expect(scoreOf(found('provider-fault'), facts)).toMatchObject({ verdict: 'provider-fault', asExpected: true });
    expect(scoreOf(found('healthy'), facts).asExpected).toBe(false);
    const ending = { outcome: 'failed', exitCode: 1, message: '', left: [] } as const;
    expect(scoreOf(state({ ending }), facts).asExpected).toBe(false);
    expect(scoreOf(state(), { ...facts, expected: {} }).asExpected).toBeNull();
    for (const [expected, asExpected] of [
      [{ endsOn: 'fallback', asked: ['switch'] }, true],
      [{ endsOn: 'edge' }, false],
      [{ asked: [] }, false],
      [{ guards: ['verdict', 'primary-recovering'], notices: ['monitoring'], refused: [], voided: [] }, true],
      [{ guards: [] }, false],
      [{ guards: ['verdict'] }, false],
      [{ notices: [] }, false],
      [{ notices: ['investigating'] }, false],
    ] as const) {
      expect(scoreOf(state(), { ...facts, expected }).asExpected).toBe(asExpected);
    }
  });

  test('what came of approvals is part of it', () => {
    const refusals = [{ by: 'eve', digest: 'd', account: null, why: 'stranger' }] as const;
    const approvals = { ...step('cloudflare.set-record', { verdict: '' }), refusals, voided: ['expired'] as const };
    const found = state({ steps: new Map([['switch', approvals]]) });
    expect(scoreOf(found, facts)).toMatchObject({ refused: ['stranger'], voided: ['expired'] });
    const judged = (expected: ScoreFacts['expected']) => scoreOf(found, { ...facts, expected }).asExpected;
    expect(judged({ refused: ['stranger'], voided: ['expired'] })).toBe(true);
    expect([judged({ refused: [] }), judged({ refused: ['runner'] }), judged({ voided: [] })]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

function step(uses: string, output: { verdict: string }) {
  return {
    id: 's',
    title: 's',
    uses,
    phase: 'succeeded',
    startedAtMs: 0,
    endedAtMs: 1,
    output,
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
  } as const;
}

describe('the history of scores', () => {
  const line = (more: Partial<Score>) => JSON.stringify({ ...scoreOf(state(), facts), ...more });

  test('is read line by line; a line that is none is told by its number', () => {
    const { scores, unreadable } = readScores(`${line({})}\n\n{"at":1}\nnot json\n${line({ run: 'r2' })}\n{"cut`);
    expect(scores.map(({ run }) => run)).toEqual(['r1', 'r2']);
    expect(unreadable).toEqual([
      { line: 3, why: 'at is wrong' },
      { line: 4, why: 'it is no score' },
      { line: 6, why: 'it is no score' },
    ]);
  });

  test('has a trend for what was rehearsed more than once; dry runs do not count', () => {
    const lines = [
      line({ switchedMs: 5_000 }),
      line({ scenario: 'healthy' }),
      line({ switchedMs: 1, mode: 'dry-run' }),
      line({ switchedMs: 2_000 }),
    ];
    expect(trendsOf(readScores(lines.join('\n')).scores)).toEqual([
      { runbook: 'failover', scenario: 'cloudflare-edge-down', switchedMs: [5_000, 2_000], lost: [9, 9] },
    ]);
  });
});
