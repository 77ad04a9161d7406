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
};

async function look(rehearsals: PastRehearsal[], unreadable = 0) {
  const past = { rehearsals: async () => ({ rehearsals, unreadable }), lastOutput: async () => undefined };
  const { output, summary } = await runCheck(rehearsalInspect, {}, testContext({ past }));
  return { ids: (output as { findings: { id: string }[] }).findings.map(({ id }) => id), output, summary };
}

test('one that went well lately is silent', async () => {
  const { ids, output, summary } = await look([good]);
  expect(ids).toEqual([]);
  expect(output).toMatchObject({ lastAt: good.at, daysAgo: 2, good: true });
  expect(summary.headline).toBe('last rehearsed 2 days ago (cloudflare-edge-down), and it went well');
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
