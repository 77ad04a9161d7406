import { z } from 'zod';
import { check } from '../action.ts';
import { durationSchema } from '../duration.ts';
import { lineWidth, toWidth } from '../http/text-columns.ts';

const inputSchema = z.strictObject({
  for: durationSchema.describe('how long'),
  why: z.string().optional().describe('what the time is for; shown while it passes'),
});

const outputSchema = z.strictObject({ waitedMs: z.number() });

/** Waits, by the run's clock. Where waiting makes no sense (a dry run) it returns at once and says that it would wait. */
export const wait = check<z.output<typeof inputSchema>, z.output<typeof outputSchema>>({
  name: 'wait',
  summary: 'Let time pass',
  input: inputSchema,
  output: outputSchema,
  async run(input, ctx) {
    if (!ctx.mayWait) return { waitedMs: 0 };
    const started = ctx.clock.now();
    ctx.progress(`waiting ${inWords(input.for)}${input.why === undefined ? '' : `: ${input.why}`}`);
    await ctx.clock.sleep(input.for, ctx.signal);
    return { waitedMs: ctx.clock.now() - started };
  },
  summarise(output, input) {
    const why = input.why === undefined ? '' : `: ${input.why}`;
    const waited = output.waitedMs > 0 || input.for === 0;
    const headline = waited ? `Waited ${inWords(output.waitedMs)}${why}` : `Would wait ${inWords(input.for)}${why}`;
    return { headline: toWidth(headline, lineWidth).trimEnd(), detail: [] };
  },
});

function inWords(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`;
}
