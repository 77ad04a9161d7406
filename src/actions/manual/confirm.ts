import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { check } from '../action.ts';

/** A person looks at something that the program cannot see, and says yes or no. */
export const manualConfirm = check({
  name: 'manual.confirm',
  summary: 'Ask the operator to look at something and say yes',
  input: z.strictObject({
    message: z.string().describe('the question; yes lets the run go on'),
    instructions: z.string().optional().describe('what to look at, shown before the question'),
  }),
  output: z.strictObject({ by: z.enum(['terminal', 'flag', 'rehearsal']) }),
  attended: true,
  async run(input, ctx) {
    if (input.instructions !== undefined) ctx.operator.tell(input.instructions);
    const answer = await ctx.operator.confirm({ message: input.message, step: ctx.step, signal: ctx.signal });
    if (answer.kind === 'answered' && answer.value) return { by: answer.by };
    if (answer.kind === 'interrupted') throw new OpsError('aborted', 'interrupted at the question');
    if (answer.kind === 'unanswerable') {
      throw new OpsError('failed', 'a person must answer, and there is no terminal to ask on', {
        hint: `run it in a terminal, or answer with ${answer.flag}`,
      });
    }
    throw new OpsError('failed', `the operator says no to: ${input.message}`, {
      hint: 'nothing was changed by this step',
    });
  },
  summarise: (output) => ({
    headline: output.by === 'terminal' ? 'the operator says yes' : `yes, by ${output.by}`,
    detail: [],
  }),
});
