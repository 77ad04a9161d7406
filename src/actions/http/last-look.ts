import { z } from 'zod';
import type { ActionContext } from '../action.ts';
import type { GuardFinding } from '../guard-finding.ts';
import { lookHasSuite, suiteHasLook } from '../input-rules.ts';
import { sendSuite } from './send-suite.ts';

/** The keys of a change that can look at the primary once more before it writes. */
export const lastLookKeys = {
  'last-look': z
    .string()
    .optional()
    .describe(
      'route over which the suite is sent once more just before the write; if it works again, nothing is written. Empty: no such look',
    ),
  suite: z.string().optional().describe('name of a suite in runbooks/suites; for last-look'),
};

/** The guard that a last look may raise. */
export const lastLookGuard = 'primary-recovering';

type Keys = { 'last-look'?: string | undefined; suite?: string | undefined };

const together = 'last-look (a route) and suite go together';

/** What to say of a look without a suite. */
export const withoutSuite = { message: together, path: ['suite'], params: { reads: lookHasSuite.reads } };

/** What to say of a suite without a look. */
export const withoutLook = { message: together, path: ['last-look'], params: { reads: suiteHasLook.reads } };

const looks = 3;
const gapMs = 500;
/** What has not met everything three times by then has not recovered; the write waits no longer. */
const withinMs = 3_000;

/**
 * Sends the suite's critical requests over the primary up to three times, half a second apart. Only where every one is
 * met each time does it object: minutes can lie between the verdict and the go, and a primary that has come back makes
 * the switch a risk without a gain. The first miss ends it, so that a failing primary costs the switch one request.
 * Rejects with the signal's reason when the operator stops.
 */
export async function takeLastLook(input: Keys, ctx: ActionContext): Promise<GuardFinding[]> {
  const { 'last-look': route, suite: name } = input;
  if (route === undefined || route === '' || name === undefined) return [];
  const whole = ctx.suite(name);
  const suite = { ...whole, requests: whole.requests.filter(({ critical }) => critical) };
  const box = ctx.clock.timeBox(withinMs);
  const signal = AbortSignal.any([ctx.signal, box.signal]);
  try {
    for (let look = 0; look < looks; look += 1) {
      if (look > 0) await ctx.clock.sleep(gapMs, signal);
      ctx.progress(`a last look at ${route}: ${look + 1} of ${looks}`);
      const sent = (await sendSuite({ suite, route, atOnce: 10 }, { ...ctx, signal })).filter(
        ({ outcome }) => outcome !== 'skipped',
      );
      if (sent.length === 0 || sent.some(({ outcome }) => outcome !== 'passed')) return [];
    }
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (box.signal.aborted) return [];
    throw error;
  } finally {
    box.cancel();
  }
  return [
    {
      guard: lastLookGuard,
      message: `${route} met every critical request in ${looks} looks just now: it may be back`,
      hint: 'hold, and compare the paths again over minutes (--over 12m) before you switch; where such a look has said to switch, green for a moment is what a flap does',
    },
  ];
}
