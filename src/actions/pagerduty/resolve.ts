import { z } from 'zod';
import { boundedText } from '../../world/bounded-text.ts';
import { change } from '../action.ts';
import { pageLeftOpen } from './left-open.ts';
import { dedupKeySchema, type EventOutput, eventOutputSchema, observeEvent, sendEvent } from './send-event.ts';

const inputSchema = z.strictObject({ 'dedup-key': dedupKeySchema });

const stateSchema = z.union([z.null(), z.strictObject({ 'dedup-key': z.string(), resolved: z.literal(true) })]);

type Input = z.output<typeof inputSchema>;

/**
 * `pagerduty.resolve`: ends a page (Events API v2). PagerDuty accepts it also where there is no page of that key, and
 * where it is resolved already. A lost answer is told as with `pagerduty.trigger`: the same event is sent again.
 */
export const resolve = change<Input, z.output<typeof stateSchema>, EventOutput>({
  name: 'pagerduty.resolve',
  summary: 'End a page that a run has sent',
  input: inputSchema,
  state: stateSchema,
  output: eventOutputSchema,
  secrets: ['pagerduty'],
  async plan(input, ctx) {
    const key = input['dedup-key'] || ctx.run.id;
    return {
      before: null,
      after: { 'dedup-key': key, resolved: true },
      diff: [`- page ${key}`],
      notes: ['a page that is ended does not come back by itself'],
      guards: [],
    };
  },
  apply: ({ input }, ctx) =>
    sendEvent(ctx, 'end the page', { event_action: 'resolve' }, input['dedup-key'] || ctx.run.id),
  observe: async (_planned, ctx) => observeEvent(ctx),
  outputOf: async ({ input }, ctx) => ({ 'dedup-key': input['dedup-key'] || ctx.run.id }),
  leavesOpen: (output) => (output === null ? undefined : pageLeftOpen(output['dedup-key'], { isClosed: true })),
  summarise: (output) => ({ headline: boundedText(`the page is ended (${output['dedup-key']})`, 76), detail: [] }),
});
