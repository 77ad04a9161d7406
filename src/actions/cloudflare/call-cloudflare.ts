import { findOpsError, OpsError } from '../../errors.ts';
import type { CloudflareClient } from '../../world/cloudflare.ts';
import type { ActionContext } from '../action.ts';
import { answeredStatus, cloudflareError } from './cloudflare-error.ts';

/** What calls need of a context. */
export type CallContext = Pick<ActionContext, 'clients' | 'clock' | 'signal'>;

const attempts = 3;
/** The wait before the second and the third attempt. */
const backoffMs = [250, 750] as const;
/** A Retry-After beyond this is not waited out: 3 a.m. is better spent on the other way. */
const longestRetryAfterMs = 2_000;

/**
 * Reads, up to three times: again only after network errors, 429 and 5xx. Throws what {@link cloudflareError} makes of
 * the last failure, or the signal's reason as soon as it aborts.
 */
export async function readWithRetry<T>(
  ctx: CallContext,
  what: string,
  read: (client: CloudflareClient, options: { signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const client = await ctx.clients.cloudflare();
  for (let attempt = 1; ; attempt += 1) {
    ctx.signal.throwIfAborted();
    // The SDK never takes its listener off again: on the step's own signal they would pile up, and Node would warn.
    const own = new AbortController();
    const stop = () => own.abort(ctx.signal.reason);
    ctx.signal.addEventListener('abort', stop, { once: true });
    try {
      return await read(client, { signal: own.signal });
    } catch (error) {
      ctx.signal.throwIfAborted();
      const waitMs = attempt < attempts ? waitBeforeRetry(error, backoffMs[attempt - 1] ?? 0) : undefined;
      if (waitMs === undefined) throw cloudflareError(error, what, 'read');
      await ctx.clock.sleep(waitMs, ctx.signal);
    } finally {
      ctx.signal.removeEventListener('abort', stop);
    }
  }
}

/** Undefined where trying again makes no sense. */
function waitBeforeRetry(error: unknown, backoff: number): number | undefined {
  const answer = answeredStatus(error);
  if (answer === undefined) {
    const code = findOpsError(error)?.code;
    return code === 'not-sent' || code === 'lost-answer' ? backoff : undefined;
  }
  if (answer.status !== 429 && answer.status < 500) return undefined;
  const waitMs = Math.max(backoff, answer.retryAfterMs ?? 0);
  return waitMs <= longestRetryAfterMs ? waitMs : undefined;
}

/**
 * Writes, once. The step's signal is looked at before; then the call settles within the transport's time box: an
 * aborted write would only leave more doubt. Throws what {@link cloudflareError} makes of the failure.
 */
export async function writeOnce<T>(
  ctx: CallContext,
  what: string,
  write: (client: CloudflareClient) => Promise<T>,
): Promise<T> {
  const client = await ctx.clients.cloudflare();
  if (ctx.signal.aborted) {
    throw new OpsError('not-sent', `${what}: stopped before it was sent`, { cause: ctx.signal.reason });
  }
  try {
    return await write(client);
  } catch (error) {
    throw cloudflareError(error, what, 'write');
  }
}
