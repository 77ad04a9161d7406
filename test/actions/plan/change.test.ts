import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../src/actions/action.ts';
import { planChange } from '../../../src/actions/plan/change.ts';
import { OpsError } from '../../../src/errors.ts';
import type { Json } from '../../../src/world/json.ts';
import { failureOf, runCheck, testContext } from '../action-context.ts';

const plan: Plan<Json> = {
  before: { on: true },
  after: { on: false },
  diff: ['- on: true', '+ on: false'],
  notes: ['one call undoes it'],
  guards: [],
};
const change = { uses: 'cloudflare.set-load-balancer', with: { enabled: false } };
const look = (answer: () => Promise<Plan<Json>>, asked: unknown[] = []) =>
  runCheck(
    planChange,
    { change },
    testContext({
      planChange: (...given) => {
        asked.push(given);
        return answer();
      },
    }),
  );
const ids = (output: Json) => (output as { findings: { id: string; severity: string; where: string }[] }).findings;

describe('plan.change', () => {
  test('a plan that can be made is shown, and is no finding', async () => {
    const asked: unknown[] = [];
    const { output, summary } = await look(async () => plan, asked);
    expect(asked).toEqual([['cloudflare.set-load-balancer', { enabled: false }]]);
    expect(output).toMatchObject({ planned: true, diff: plan.diff, critical: 0, findings: [] });
    expect(summary.headline).toBe('cloudflare.set-load-balancer can be planned; nothing was written');
    expect(summary.detail).toEqual(['- on: true', '+ on: false', 'one call undoes it']);
  });

  test('each guard that it would stop at', async () => {
    const guards = [
      { guard: 'negative-cache', message: 'the SOA minimum is 1800 s', hint: 'lower it' },
      { guard: 'dns-drift', message: 'another record', hint: 'look' },
    ];
    const { output } = await look(async () => ({ ...plan, guards }));
    expect(ids(output)).toMatchObject([
      { id: 'plan/guard-raised', severity: 'critical', where: 'negative-cache' },
      { id: 'plan/guard-raised', severity: 'critical', where: 'dns-drift' },
    ]);
    expect(output).toMatchObject({ planned: true, critical: 2 });
  });

  test('nothing to do', async () => {
    const { output } = await look(async () => ({ ...plan, diff: [] }));
    expect(ids(output)).toMatchObject([{ id: 'plan/nothing-to-do', severity: 'warning' }]);
  });

  test.each(['refused', 'invalid', 'credentials', 'failed', 'not-sent', 'lost-answer'] as const)(
    'one that cannot be made (%s)',
    async (code) => {
      const { output, summary } = await look(() =>
        Promise.reject(new OpsError(code, 'no record beneath', { hint: 'add one' })),
      );
      expect(output).toMatchObject({
        planned: false,
        critical: 1,
        findings: [{ id: 'plan/impossible', breaks: expect.stringContaining('no record beneath'), remedy: 'add one' }],
      });
      expect(summary.headline).toContain('cannot be planned');
    },
  );

  test('a plan that would write is no finding but a failure', async () => {
    const write = () => Promise.reject(new OpsError('write-blocked', 'blocked before it left this process: PUT'));
    expect(await failureOf(look(write))).toMatchObject({ code: 'write-blocked' });
  });
});
