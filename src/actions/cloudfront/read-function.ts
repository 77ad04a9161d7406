import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';
import { answeredError } from '../aws/aws-error.ts';
import { readWithRetry } from '../aws/call-aws.ts';

/** The two stages of a function: what is edited, and what runs. */
export type Stage = 'DEVELOPMENT' | 'LIVE';

/** A stage of a function: its code as text, its hash, and the ETag that TestFunction asks for. */
export type FunctionStage = { code: string; sha256: string; etag: string; runtime: string };

const describedSchema = z.object({
  ETag: z.string().min(1),
  FunctionSummary: z.object({ FunctionConfig: z.object({ Runtime: z.string().default('unknown') }) }),
});

/** Reads one stage of a function. Undefined when it is not there: `LIVE` before the first publication. */
export async function readFunction(ctx: ActionContext, name: string, stage: Stage): Promise<FunctionStage | undefined> {
  const what = `read the ${stage} code of the function ${name}`;
  const client = await ctx.clients.cloudfront();
  const wanted = { Name: name, Stage: stage };
  try {
    const [code, described] = await Promise.all([
      readWithRetry(ctx, what, (options) => client.getFunction(wanted, options)),
      readWithRetry(ctx, what, (options) => client.describeFunction(wanted, options)),
    ]);
    const parsed = describedSchema.safeParse(described);
    if (!parsed.success || !(code.FunctionCode instanceof Uint8Array)) {
      throw new OpsError('failed', `${what}: the answer is no function`, { hint: 'look at it in the console' });
    }
    const { createHash } = await import('node:crypto');
    return {
      code: new TextDecoder().decode(code.FunctionCode),
      sha256: createHash('sha256').update(code.FunctionCode).digest('hex'),
      etag: parsed.data.ETag,
      runtime: parsed.data.FunctionSummary.FunctionConfig.Runtime,
    };
  } catch (error) {
    if (error instanceof OpsError && answeredError(error.cause)?.code === 'NoSuchFunctionExists') return undefined;
    throw error;
  }
}
