import type { OpsError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';
import { cloudflareError } from './cloudflare-error.ts';

const waitsMs = [300, 900];

/**
 * Reads from Cloudflare, up to three times where the trouble may pass (network, 5xx). A refusal is final. Waits of the
 * provider's choosing (`Retry-After`) are not obeyed: the step's time box would be gone.
 */
export async function readWithRetry<T>(ctx: ActionContext, what: string, read: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      const known: OpsError = cloudflareError(error, what);
      const waitMs = waitsMs[attempt];
      const passing = known.code === 'not-sent' || known.code === 'lost-answer';
      if (waitMs === undefined || !passing || ctx.signal.aborted) throw known;
      await ctx.clock.sleep(waitMs, ctx.signal);
    }
  }
}
