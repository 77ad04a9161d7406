import { findOpsError, OpsError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';
import { answeredError, asksForPause, awsError } from './aws-error.ts';

/** What calls need of a context. */
export type AwsCallContext = Pick<ActionContext, 'clients' | 'clock' | 'signal'>;

/** The waits before the second and the third attempt after a failure. */
const retryMs = [250, 750] as const;

/** The waits while the API asks for a pause; the last one again and again, until the step's time is over. */
const pauseMs = [500, 1_000, 2_000, 4_000] as const;

/**
 * Reads: again after network errors and 5xx, up to three times; and for as long as the API only asks for a pause and
 * the signal allows. Throws what {@link awsError} makes of the last failure, or the signal's reason as soon as it aborts.
 */
export async function readWithRetry<T>(
  ctx: AwsCallContext,
  what: string,
  read: (options: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  let failures = 0;
  for (let pauses = 0; ; ) {
    ctx.signal.throwIfAborted();
    // The SDK may leave its listener behind: on the step's own signal they would pile up, and Node would warn.
    const own = new AbortController();
    const stop = () => own.abort(ctx.signal.reason);
    ctx.signal.addEventListener('abort', stop, { once: true });
    try {
      return await read({ abortSignal: own.signal });
    } catch (error) {
      ctx.signal.throwIfAborted();
      if (asksForPause(error)) {
        await pauseUnlessOver(ctx, pauseBefore(pauses), awsError(error, what, 'read'));
        pauses += 1;
        continue;
      }
      const waitMs = mayTryAgain(error) ? retryMs[failures] : undefined;
      if (waitMs === undefined) throw awsError(error, what, 'read');
      failures += 1;
      await ctx.clock.sleep(waitMs, ctx.signal);
    } finally {
      ctx.signal.removeEventListener('abort', stop);
    }
  }
}

/** Sleeps. When the step's time ends meanwhile, what the API said last is told in place of the time. */
async function pauseUnlessOver(ctx: AwsCallContext, ms: number, said: OpsError): Promise<void> {
  try {
    await ctx.clock.sleep(ms, ctx.signal);
  } catch (error) {
    const { reason } = ctx.signal;
    throw reason instanceof OpsError && reason.code === 'timeout' ? said : error;
  }
}

function mayTryAgain(error: unknown): boolean {
  const answer = answeredError(error);
  if (answer !== undefined) return answer.status >= 500;
  const code = findOpsError(error)?.code;
  return code === 'not-sent' || code === 'lost-answer';
}

function pauseBefore(pauses: number): number {
  return pauseMs[Math.min(pauses, pauseMs.length - 1)] ?? 0;
}

/**
 * Writes: again only where the API says that it did not carry the call out and asks for a pause, while the step's time
 * lasts. The signal is looked at before each attempt; then the call settles within the transport's time box: an aborted
 * write would only leave more doubt. Throws what {@link awsError} makes of the failure.
 */
export async function writeWithPauses<T>(ctx: AwsCallContext, what: string, write: () => Promise<T>): Promise<T> {
  for (let pauses = 0; ; pauses += 1) {
    if (ctx.signal.aborted) {
      throw new OpsError('not-sent', `${what}: stopped before it was sent`, { cause: ctx.signal.reason });
    }
    try {
      return await write();
    } catch (error) {
      if (!asksForPause(error)) throw awsError(error, what, 'write');
      try {
        await ctx.clock.sleep(pauseBefore(pauses), ctx.signal);
      } catch {
        // The time is over: the API's own no is what happened, and it says that nothing was done.
        throw awsError(error, what, 'write');
      }
    }
  }
}
