import { z } from 'zod';
import { boundedText } from '../../world/bounded-text.ts';
import { change } from '../action.ts';
import { pageLeftOpen } from './left-open.ts';
import { dedupKeySchema, type EventOutput, eventOutputSchema, observeEvent, sendEvent } from './send-event.ts';

const severities = ['critical', 'error', 'warning', 'info'] as const;

const inputSchema = z.strictObject({
  summary: z.string().regex(/\S/, 'text that is not blank').max(1_024).describe('what the one who is called reads'),
  severity: z.enum(severities).default('critical'),
  details: z.record(z.string(), z.json()).default({}).describe('what else helps them'),
  'dedup-key': dedupKeySchema,
});

const stateSchema = z.union([
  z.null(),
  z.strictObject({
    'dedup-key': z.string(),
    summary: z.string(),
    severity: z.enum(severities),
    source: z.string(),
    details: z.record(z.string(), z.json()),
  }),
]);

type Input = z.output<typeof inputSchema>;

/**
 * `pagerduty.trigger`: pages whoever is on call for the integration's service (Events API v2). The run's id is the
 * deduplication key, so a repetition is the same page. There is nothing to read back: a lost answer means that the page
 * may be on its way; the same event is then sent again, which is harmless, and only an acceptance counts. Where none
 * comes, the step is in doubt, and PagerDuty itself is the place to look.
 */
export const trigger = change<Input, z.output<typeof stateSchema>, EventOutput>({
  name: 'pagerduty.trigger',
  summary: 'Page whoever is on call, once for a run',
  input: inputSchema,
  state: stateSchema,
  output: eventOutputSchema,
  secrets: ['pagerduty'],
  async plan(input, ctx) {
    const after = {
      'dedup-key': input['dedup-key'] || ctx.run.id,
      summary: input.summary,
      severity: input.severity,
      source: ctx.env.pagerduty?.source ?? ctx.env.hostname,
      details: input.details,
    };
    return {
      before: null,
      after,
      diff: [`+ page (${after.severity}): ${after.summary}`, `+ source: ${after.source}`],
      notes: [
        'a page cannot be unsent; `resend-ops close-page` ends it',
        `repeated with the key ${after['dedup-key']}, it stays one page`,
      ],
      guards: [],
    };
  },
  async apply({ input, after }, ctx) {
    const { severity } = input;
    // One line on whatever calls: a phone, a watch, an alert's title.
    const summary = input.summary.replace(/\s+/g, ' ');
    const source = after?.source ?? ctx.env.hostname;
    const event = {
      event_action: 'trigger',
      payload: { summary, severity, source, custom_details: input.details },
    };
    return await sendEvent(ctx, 'page whoever is on call', event, after?.['dedup-key'] ?? ctx.run.id);
  },
  observe: async (_planned, ctx) => observeEvent(ctx),
  outputOf: async ({ after }, ctx) => ({ 'dedup-key': after?.['dedup-key'] ?? ctx.run.id }),
  leavesOpen: (output, input, run) =>
    pageLeftOpen(output?.['dedup-key'] ?? (input['dedup-key'] || run), { isClosed: false }),
  summarise: (output) => ({ headline: boundedText(`paged (${output['dedup-key']})`, 76), detail: [] }),
});
