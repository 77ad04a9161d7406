import { describe, expect, it } from 'vitest';
import { wait } from '../../../src/actions/wait/wait.ts';
import { runCheck, testClock, testContext } from '../action-context.ts';

describe('wait', () => {
  it('lets the time pass by the run’s clock, and says what for', async () => {
    const clock = testClock();
    const ctx = testContext({ clock });
    const { output, summary } = await runCheck(wait, { for: '2m', why: 'caches fill' }, ctx);
    expect(output).toEqual({ waitedMs: 120_000 });
    expect(clock.slept).toEqual([120_000]);
    expect(ctx.said).toEqual(['waiting 120 s: caches fill']);
    expect(summary.headline).toBe('Waited 120 s: caches fill');
  });

  it('returns at once where waiting makes no sense, and says that it would wait', async () => {
    const clock = testClock();
    const { output, summary } = await runCheck(wait, { for: '5s' }, testContext({ clock, mayWait: false }));
    expect(output).toEqual({ waitedMs: 0 });
    expect(clock.slept).toEqual([]);
    expect(summary.headline).toBe('Would wait 5 s');
  });

  it('ends with the step’s signal', async () => {
    const reason = new Error('stopped');
    const ctx = testContext({ signal: AbortSignal.abort(reason) });
    await expect(runCheck(wait, { for: '5s' }, ctx)).rejects.toBe(reason);
  });

  it('keeps a long reason within the screen', async () => {
    const { summary } = await runCheck(wait, { for: 250, why: 'because '.repeat(20) }, testContext());
    expect(summary.headline).toMatch(/^Waited 250 ms: because/);
  });

  it('refuses what is no duration', async () => {
    await expect(runCheck(wait, { for: 'soon' }, testContext())).rejects.toThrow('a duration');
  });
});
