import { describe, expect, it } from 'vitest';
import { manualConfirm } from '../../../src/actions/manual/confirm.ts';
import type { Answer } from '../../../src/world/operator.ts';
import { runCheck, testContext, testOperator } from '../action-context.ts';

async function confirm(answer: Answer<boolean>) {
  const operator = testOperator([answer]);
  const input = { message: 'Is the status page red?', instructions: 'Open status.example.com.' };
  const result = runCheck(manualConfirm, input, testContext({ operator }));
  await result.catch(() => undefined);
  expect(operator).toMatchObject({ told: ['Open status.example.com.'], asked: ['Is the status page red?'] });
  return result;
}

describe('manual.confirm', () => {
  it.each(['terminal', 'flag', 'rehearsal'] as const)(
    'goes on with a yes, and tells that it came from %s',
    async (by) => {
      const { output, summary } = await confirm({ kind: 'answered', value: true, by });
      expect(output).toEqual({ by });
      expect(summary.headline).toContain(by === 'terminal' ? 'the operator says yes' : by);
    },
  );

  it('fails on a no', async () => {
    await expect(confirm({ kind: 'answered', value: false, by: 'terminal' })).rejects.toMatchObject({
      code: 'failed',
      message: 'the operator says no to: Is the status page red?',
    });
  });

  it('says which flag answers where there is no terminal', async () => {
    await expect(confirm({ kind: 'unanswerable', flag: '--yes' })).rejects.toMatchObject({
      hint: expect.stringContaining('--yes'),
    });
  });

  it('tells an interruption from an answer', async () => {
    await expect(confirm({ kind: 'interrupted' })).rejects.toMatchObject({ code: 'aborted' });
  });
});
