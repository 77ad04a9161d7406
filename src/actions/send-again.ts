import { OpsError } from '../errors.ts';
import type { ActionContext } from './action.ts';

/** How often a call whose answer was lost is sent in all. */
const mostTimes = 3;
const waitMs = 1_000;

/**
 * Sends a call that the provider carries out only once however often it comes (an idempotency key, a deduplication
 * key), and sends the very same again while its answer is lost. Only for such calls: anything else would be done twice.
 * Throws what the last attempt threw; once an answer was lost, a later attempt that was not sent leaves it lost.
 */
export async function sendAgainWhileLost<T>(
  ctx: Pick<ActionContext, 'clock' | 'signal' | 'progress'>,
  send: () => Promise<T>,
): Promise<T> {
  let lost: OpsError | undefined;
  for (let turn = 1; ; turn += 1) {
    try {
      return await send();
    } catch (error) {
      const known = error instanceof OpsError ? error : undefined;
      const isOpen = known?.code === 'lost-answer' || (known?.code === 'not-sent' && lost !== undefined);
      if (known?.code === 'lost-answer') lost = known;
      if (!isOpen) throw error;
      if (turn >= mostTimes || ctx.signal.aborted) throw lost ?? error;
    }
    ctx.progress('the answer was lost: sending the same again, which is done only once');
    await ctx.clock.sleep(waitMs);
  }
}
