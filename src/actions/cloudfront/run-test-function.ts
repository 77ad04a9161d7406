import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { FunctionEvent } from '../../world/function-sandbox.ts';
import type { ActionContext } from '../action.ts';
import { readWithRetry } from '../aws/call-aws.ts';

const answerSchema = z.object({
  TestResult: z.object({
    ComputeUtilization: z.string().optional(),
    FunctionErrorMessage: z.string().default(''),
  }),
});

/**
 * Runs the LIVE code at CloudFront for an event (TestFunction: it sends nothing and changes nothing). `utilization` is the
 * share of the allowed time in percent, null where it is not told; `error` is empty when the function ran through.
 */
export async function runTestFunction(
  ctx: ActionContext,
  { name, etag, event }: { name: string; etag: string; event: FunctionEvent },
): Promise<{ error: string; utilization: number | null }> {
  const what = `test the function ${name} at CloudFront`;
  const client = await ctx.clients.cloudfront();
  const EventObject = new TextEncoder().encode(JSON.stringify(event));
  const answer = await readWithRetry(ctx, what, (options) =>
    client.testFunction({ Name: name, IfMatch: etag, Stage: 'LIVE', EventObject }, options),
  );
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) throw new OpsError('failed', `${what}: the answer is no test result`);
  const { ComputeUtilization, FunctionErrorMessage } = parsed.data.TestResult;
  const utilization = Number(ComputeUtilization ?? '');
  const isTold = ComputeUtilization !== undefined && ComputeUtilization !== '' && Number.isFinite(utilization);
  return { error: FunctionErrorMessage, utilization: isTold ? utilization : null };
}
