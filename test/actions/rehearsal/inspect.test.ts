import { expect, test } from 'vitest';
import type { PastRehearsal } from '../../../src/actions/past.ts';
import { rehearsalInspect } from '../../../src/actions/rehearsal/inspect.ts';
import { runCheck, testContext } from '../action-context.ts';

/** The test clock stands at the beginning of 2026. */
const good: PastRehearsal = {
  at: '2025-12-30T00:00:00.000Z',
  run: 'r1',
  runbook: 'failover',
  scenario: 'cloudflare-edge-down',
  mode: 'rehearsal',
  exitCode: 0,
  asExpected: true,
  met: true,
  switchedMs: 3_240,
  recoveredMs: 301_000,
  objective: { switchedMs: 60_000, recoveredMs: 360_000 },
  customers: { before: { sent: 100, lost: 40 }, during: { sent: 60, lost: 20 }, after: { sent: 40, lost: 1 } },
};

async function look(rehearsals: PastRehearsal[], unreadable = 0) {
  const past = { rehearsals: async () => ({ rehearsals, unreadable }), lastOutput: async () => undefined };
  const { output, summary } = await runCheck(rehearsalInspect, {}, testContext({ past }));
  return { ids: (output as { findings: { id: string }[] }).findings.map(({ id }) => id), output, summary };
}

test('one that went well lately is silent', async () => {
  const { ids, output, summary } = await look([good]);
  expect(ids).toEqual([]);
  const { switchedMs, recoveredMs, objective } = good;
  const score = { switchedMs, recoveredMs, objective, sent: 200, lost: 61, lostAfterGo: 21 };
  expect(output).toMatchObject({ lastAt: good.at, daysAgo: 2, good: true, score });
  expect(summary.headline).toBe('rehearsed 2 days ago, and it went well, switched 3.2 s');
  expect(summary.detail).toEqual([
    'cloudflare-edge-down: switched in 3.2 s of 60 s, recovered in',
    '  301 s of 360 s',
    '61 of 200 requests of customers lost, 21 of them after “go”',
  ]);
});

test('clocks that were not reached, or have no objective, are said so', async () => {
  const { output, summary } = await look([
    { ...good, met: false, recoveredMs: null, objective: { switchedMs: null, recoveredMs: 360_000 } },
  ]);
  expect((output as { score: object }).score).toMatchObject({ recoveredMs: null });
  expect(summary.detail.join(' ')).toContain('switched in 3.2 s, not recovered of 360 s');
  expect(summary.detail.join(' ').replace(/\s+/g, ' ')).toContain('the objective was missed (switched in 3.2 s,');
  const never = await look([]);
  expect([never.summary.headline, (never.output as { score: null }).score]).toEqual([
    'failover was never rehearsed here',
    null,
  ]);
});

test.each<[string, PastRehearsal[], number, string[]]>([
  ['never', [], 0, ['rehearsal/missing']],
  [
    'only of another runbook, or as a dry run',
    [
      { ...good, runbook: 'failback' },
      { ...good, mode: 'dry-run' },
    ],
    0,
    ['rehearsal/missing'],
  ],
  ['too long ago', [{ ...good, at: '2025-11-30T00:00:00.000Z' }], 0, ['rehearsal/old']],
  ['on the last day that counts', [{ ...good, at: '2025-12-02T00:00:00.000Z' }], 0, []],
  ['not as expected', [{ ...good, asExpected: false }], 0, ['rehearsal/failed']],
  ['late', [{ ...good, met: false }], 0, ['rehearsal/failed']],
  ['failed, with nothing expected', [{ ...good, asExpected: null, exitCode: 3 }], 0, ['rehearsal/failed']],
  ['failed, as its scenario expects', [{ ...good, exitCode: 1, met: null }], 0, []],
  ['the newest counts', [{ ...good, asExpected: false }, good], 0, []],
  ['beside lines that are no scores', [good], 2, ['rehearsal/unreadable']],
])('%s', async (_what, rehearsals, unreadable, expected) => {
  expect((await look(rehearsals, unreadable)).ids).toEqual(expected);
});
