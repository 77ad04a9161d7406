import { z } from 'zod';
import type { Json } from '../world/json.ts';
import { durationSchema } from './duration-schema.ts';
import { isAnything } from './language-rules.ts';

const kebab = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const nameSchema = z.string().max(64).regex(kebab, 'lower-case letters and digits, parted by dashes');
const words = z.string().regex(/\S/, 'text that is not blank');
const plainText = words.max(300);
/** What a person types, character for character. */
const phrase = z.string().regex(/^\S(.*\S)?$/, 'a phrase on one line, without spaces around it');
/** What YAML gave is JSON already; looking through it again would only take time. */
const anyValue = z.custom<Json>(isAnything);
const expression = words.describe('a CEL expression, bare: no ${{ }} around it');

/** An input of a runbook as written. */
export const inputSchema = z.strictObject({
  type: z.enum(['string', 'number', 'boolean', 'duration']),
  required: z.boolean().optional().describe('the run does not start without it'),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  prompt: plainText.optional().describe('what a person is asked when it is not given'),
  description: plainText.optional().describe('the help of its option'),
  'one-of': z.array(words).min(1).max(50).optional().describe('the only values allowed (type string)'),
});

const objectiveSchema = z.strictObject({
  'switched-within': durationSchema.optional().describe('from go until authoritative DNS answers with the new route'),
  'recovered-within': durationSchema.optional().describe('from go until clients have drained'),
  from: z.literal('go').optional().describe('the clocks start at the operator’s go'),
});

const confirmSchema = z
  .union([z.literal(true), words, z.strictObject({ type: phrase.describe('the phrase that the operator types') })])
  .describe('asked before the step: true, a question, or { type: PHRASE }');

const approvalsSchema = z
  .strictObject({
    count: z.int().min(1).max(5).optional().describe('how many other people must approve; 1 unless given'),
    from: z
      .union([z.array(words).min(1).max(50), words])
      .optional()
      .describe('who may: names as the log has them, or an expression that lists them; the environment’s unless given'),
    within: durationSchema.optional().describe('how long an approval is waited for, and good for; 10m unless given'),
    when: expression.optional().describe('none is needed unless this holds; a CEL expression'),
  })
  .describe('changes only: people other than the one who runs agree to exactly this plan');

/** The keys that steps and groups share. */
export const commonKeys = {
  id: nameSchema.optional().describe('unique in the runbook; later steps read steps.ID.outputs'),
  title: plainText.optional().describe('what a person reads'),
  when: expression.optional().describe('the step is skipped unless this holds; a CEL expression'),
  expect: expression.optional().describe('the step fails unless this holds afterwards; a CEL expression'),
  confirm: confirmSchema.optional(),
  approvals: approvalsSchema.optional(),
  optional: z.boolean().optional().describe('never blocks and never fails the run'),
  'on-failure': z.enum(['stop', 'rollback', 'ask', 'continue']).optional().describe('what happens when it fails'),
};

/** The keys that only steps with an action have. */
export const actionKeys = {
  uses: z.string().min(1).optional().describe('the action, named system.verb-noun'),
  with: z.record(z.string(), anyValue).optional().describe('the action’s input; text may hold ${{ expressions }}'),
  timeout: durationSchema.optional().describe('the step’s time box'),
  retry: z
    .strictObject({
      attempts: z.int().min(2).max(100).describe('how often in all'),
      every: durationSchema.describe('the pause between two attempts'),
    })
    .optional()
    .describe('checks only; changes are never repeated blindly'),
  rollback: z.enum(['auto', 'none']).optional().describe('whether a rollback undoes this change'),
};

/** A step as written: an action (`uses`), steps that run together (`parallel`), or alternatives in order (`first-of`). */
type RawStep = z.output<z.ZodObject<typeof commonKeys & typeof actionKeys>> & {
  parallel?: RawStep[] | undefined;
  'first-of'?: RawStep[] | undefined;
};

/** A step as written; which keys go together is checked by the linter, with better words than a union's. */
const stepSchema: z.ZodType<RawStep> = z
  .strictObject({
    ...commonKeys,
    ...actionKeys,
    get parallel(): z.ZodOptional<z.ZodArray<z.ZodType<RawStep>>> {
      return stepListSchema.optional();
    },
    get 'first-of'(): z.ZodOptional<z.ZodArray<z.ZodType<RawStep>>> {
      return stepListSchema.optional();
    },
  })
  .meta({ id: 'step' });

const stepListSchema = z.array(stepSchema).min(1).max(100);

/** The runbook language: the one definition that loading, linting and the published JSON Schema come from. */
export const runbookSchema = z.strictObject({
  title: plainText.describe('one line: what the runbook does'),
  description: z.string().max(2000).optional(),
  objective: objectiveSchema.optional().describe('what the run promises; shown while it runs, scored in rehearsals'),
  inputs: z.record(nameSchema, inputSchema).optional().describe('each is an option of the runbook’s command'),
  lock: z
    .union([
      phrase,
      z.strictObject({
        resource: phrase,
        when: expression.describe('held only where this is true; it reads inputs, env and run'),
      }),
    ])
    .optional()
    .describe('the resource that one run at a time may hold'),
  steps: stepListSchema.describe('in order'),
});

/** A runbook as written, once the schema has accepted it. */
export type RawRunbook = z.output<typeof runbookSchema>;

/** An input as written, once the schema has accepted it. */
export type RawInput = z.output<typeof inputSchema>;

const lenientStep = z.object({ ...commonKeys, ...actionKeys });

/** The keys of a step whose values are well-formed; the others are reported by the schema, and left out here. */
export type LenientStep = z.output<typeof lenientStep>;

/** Reads a step's own keys, without the steps in it, as far as they are well-formed. */
export function readLeniently(item: { readonly [key: string]: Json }): LenientStep {
  const strict = lenientStep.safeParse(item);
  if (strict.success) return strict.data;
  const bad = new Set(strict.error.issues.map((issue) => issue.path[0]));
  return lenientStep.parse(Object.fromEntries(Object.entries(item).filter(([key]) => !bad.has(key))));
}
