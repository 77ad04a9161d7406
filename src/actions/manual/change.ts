import { z } from 'zod';
import { findOpsError, OpsError } from '../../errors.ts';
import { type ActionContext, change, type Planned } from '../action.ts';
import { lastLookGuard, lastLookKeys, takeLastLook, withoutLook, withoutSuite } from '../http/last-look.ts';
import { wrapText } from '../http/text-columns.ts';
import { lookHasSuite, suiteHasLook } from '../input-rules.ts';

const proofSchema = z.strictObject({
  uses: z.string().describe('a check that fails unless the change is there, such as dns.verify'),
  with: z.record(z.string(), z.json()).default({}),
});

const inputSchema = z
  .strictObject({
    instructions: z.string().describe('what the person is to do'),
    'undo-instructions': z.string().optional().describe('what the person is to do to take it back'),
    proof: proofSchema.optional().describe('looked at after the person has said that it is done; it must agree'),
    ...lastLookKeys,
  })
  .refine(lookHasSuite.holds, withoutSuite)
  .refine(suiteHasLook.holds, withoutLook);

/** How long the proof may take to agree after the person has said that it is done. */
const proofMs = 60_000;
/** How long a look at what is may take. */
const lookMs = 4_000;

/** How checks that do not fail on disagreement tell it. */
const verdictSchema = z.object({
  agreed: z.boolean().optional(),
  passed: z.number().optional(),
  total: z.number().optional(),
});

const stateSchema = z.strictObject({ done: z.boolean() });

type Input = z.output<typeof inputSchema>;
type State = z.output<typeof stateSchema>;

/** A person makes the change and says so; the proof, where one is given, must agree. The program itself writes nothing. */
export const manualChange = change({
  name: 'manual.change',
  summary: 'Have a person make a change, and prove that it is there',
  input: inputSchema,
  state: stateSchema,
  output: z.strictObject({ proven: z.boolean(), proof: z.string().nullable() }),
  attended: true,
  guards: [lastLookGuard],
  lastLook: (input, ctx) => takeLastLook(input, ctx),
  async plan(input) {
    const undo = input['undo-instructions'];
    return {
      before: { done: false },
      after: { done: true },
      diff: [`by hand: ${input.instructions}`],
      notes: [
        undo === undefined
          ? 'taking it back has no instructions: the program cannot guide that'
          : `taken back by hand: ${undo}`,
        input.proof === undefined ? 'no proof: your word is what the log will hold' : `proved by ${input.proof.uses}`,
      ],
      guards: [],
    };
  },
  async apply(planned, ctx) {
    const { input } = planned;
    ctx.operator.tell(input.instructions);
    if (!(await personSays(ctx, 'Is it done?'))) {
      await ctx.note({ done: false });
      throw new OpsError('refused', 'the operator says that it was not done', {
        hint: 'do it and resume the run, or stop',
      });
    }
    await ctx.note({ done: true });
    if (input.proof === undefined) return { proven: false, proof: null };
    return { proven: true, proof: await prove(input.proof, ctx) };
  },
  observe,
  outputOf: async ({ input }) => ({ proven: input.proof !== undefined, proof: null }),
  async revert(planned, ctx) {
    const undo = planned.input['undo-instructions'];
    if (undo === undefined) {
      throw new OpsError('refused', 'there are no instructions for taking it back', {
        hint: `undo by hand what was done: ${planned.input.instructions}`,
      });
    }
    ctx.operator.tell(undo);
    if (!(await personSays(ctx, 'Is it taken back?'))) {
      throw new OpsError('refused', 'the operator says that it was not taken back', { hint: `take it back: ${undo}` });
    }
    await ctx.note({ done: false });
  },
  summarise(output) {
    if (!output.proven) return { headline: 'done by hand, on the operator’s word', detail: [] };
    return { headline: 'done by hand, and proven', detail: output.proof === null ? [] : wrapText(output.proof) };
  },
});

/**
 * What the person answers. Only a person can know that they have done something: no flag can say it for them. Without a
 * person it is `refused`; a question that was interrupted leaves open whether it was done.
 */
async function personSays(ctx: ActionContext, message: string): Promise<boolean> {
  const answer = await ctx.operator.confirm({ message, step: ctx.step, signal: ctx.signal });
  if (answer.kind === 'answered' && answer.by === 'terminal') return answer.value;
  if (answer.kind === 'interrupted') {
    throw new OpsError('aborted', `interrupted at the question “${message}”`, {
      hint: 'look whether it was done; resume the run to be asked again',
    });
  }
  throw new OpsError('refused', 'a person must do this, and there is no one to ask', {
    hint: 'run it in a terminal without --yes; or do it by hand and record that with `resend-ops mark-done`',
  });
}

/**
 * The proof, after the person has said that it is done. Whatever keeps it from agreeing leaves the change in doubt:
 * even an error that elsewhere means "nothing was written" does not mean that here.
 */
async function prove(proof: z.output<typeof proofSchema>, ctx: ActionContext): Promise<string> {
  try {
    return await runProof(proof, ctx, proofMs);
  } catch (cause) {
    const known = findOpsError(cause);
    if (known === undefined) throw cause;
    throw new OpsError('lost-answer', `said to be done, but ${proof.uses} does not show it: ${known.message}`, {
      cause,
      ...(known.hint === undefined ? {} : { hint: known.hint }),
    });
  }
}

/**
 * Runs the proof once, and answers its headline. A check that disagrees fails, or says so in its output: `agreed: false`
 * (dns.verify that only looks), or fewer `passed` than `total` (http.check). Throws `failed` then.
 */
async function runProof(proof: z.output<typeof proofSchema>, ctx: ActionContext, withinMs: number): Promise<string> {
  const { output, summary } = await ctx.runCheck(proof.uses, proof.with, withinMs);
  const told = verdictSchema.safeParse(output);
  const { agreed, passed, total } = told.success ? told.data : {};
  if (agreed === false || (passed !== undefined && total !== undefined && (passed < total || total === 0))) {
    throw new OpsError('failed', `${proof.uses} does not agree: ${summary.headline}`);
  }
  return summary.headline;
}

/** What the proof shows now; without one, what the operator has said, or says when asked. */
async function observe({ input }: Planned<Input, State>, ctx: ActionContext): Promise<'before' | 'after' | 'other'> {
  if (input.proof === undefined) {
    const said = stateSchema.safeParse(ctx.noted);
    if (said.success) return said.data.done ? 'after' : 'before';
    const answer = await ctx.operator.confirm({
      message: `Is this in place now: ${input.instructions}`,
      step: ctx.step,
      signal: ctx.signal,
    });
    if (answer.kind !== 'answered' || answer.by !== 'terminal') return 'other';
    return answer.value ? 'after' : 'before';
  }
  try {
    await runProof(input.proof, ctx, lookMs);
    return 'after';
  } catch (error) {
    // A check that found otherwise says `failed`; one that could not look has not seen anything.
    if (error instanceof OpsError && error.code === 'failed') return 'before';
    throw error;
  }
}
