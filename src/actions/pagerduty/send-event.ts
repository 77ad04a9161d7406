import { z } from 'zod';
import type { JsonFields } from '../../world/json-api.ts';
import type { ActionContext } from '../action.ts';
import { sendAgainWhileLost } from '../send-again.ts';

/** The key that events of one page share (at most 255 characters; PagerDuty docs, Events API v2, `dedup_key`). */
export const dedupKeySchema = z
  .string()
  .max(255)
  .default('')
  .describe('the key that makes repetitions one page; left out or empty: the run’s id');

/** What PagerDuty took. */
export const eventOutputSchema = z.strictObject({
  'dedup-key': z.string().describe('for pagerduty.resolve in a later run'),
});

/** What PagerDuty took. */
export type EventOutput = z.output<typeof eventOutputSchema>;

const acceptedSchema = z.object({ status: z.string(), dedup_key: z.string().min(1) });
const notedSchema = z.object({ accepted: z.string() });

/**
 * Sends an event until it is accepted. The same event with the same key is one page however often it comes, so that a
 * lost answer is told by sending it again (PagerDuty docs, alert de-duplication). Accepted means queued: the API is
 * asynchronous, and says nothing of what becomes of it.
 */
export async function sendEvent(
  ctx: ActionContext,
  what: string,
  event: JsonFields,
  key: string,
): Promise<EventOutput> {
  const api = await ctx.clients.pagerduty();
  const accepted = await sendAgainWhileLost(ctx, () =>
    api.call(
      { what, method: 'POST', path: '/v2/enqueue', body: { ...event, dedup_key: key }, answer: acceptedSchema },
      ctx.signal,
    ),
  );
  await ctx.note({ accepted: accepted.dedup_key });
  return { 'dedup-key': accepted.dedup_key };
}

/**
 * Whether the event was accepted, from what was noted: the Events API cannot be read. An event whose answer was lost
 * three times over may be there or not, and is called so (`other`); sending it again, by another run with the same key,
 * does no harm.
 */
export async function observeEvent(ctx: ActionContext): Promise<'after' | 'other'> {
  return notedSchema.safeParse(ctx.noted).success ? 'after' : 'other';
}
