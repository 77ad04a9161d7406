import { OpsError } from '../../errors.ts';
import { unlessAborted } from '../../world/dial.ts';
import type { SlackClient } from '../../world/slack.ts';
import type { ActionContext } from '../action.ts';
import { slackError } from './slack-error.ts';

type CallContext = Pick<ActionContext, 'clients' | 'signal'>;

/** Reads, once; ends as soon as the step's signal aborts, with its reason. Throws what {@link slackError} makes of a failure. */
export async function readSlack<T>(
  ctx: CallContext,
  what: string,
  read: (client: SlackClient) => Promise<T>,
): Promise<T> {
  const client = await ctx.clients.slack();
  ctx.signal.throwIfAborted();
  try {
    return await unlessAborted(read(client), ctx.signal);
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw slackError(error, what);
  }
}

/** Writes, once. The step's signal is looked at before; then the call settles within the client's time. */
export async function writeSlack<T>(
  ctx: CallContext,
  what: string,
  write: (client: SlackClient) => Promise<T>,
): Promise<T> {
  const client = await ctx.clients.slack();
  if (ctx.signal.aborted) {
    throw new OpsError('not-sent', `${what}: stopped before it was sent`, { cause: ctx.signal.reason });
  }
  try {
    return await write(client);
  } catch (error) {
    throw slackError(error, what);
  }
}

/** Throws `credentials` when Slack refuses the token. Any other trouble is no finding: a war room never blocks. */
export async function verifySlackToken(ctx: ActionContext): Promise<void> {
  try {
    await readSlack(ctx, 'check the Slack token', (client) => client.auth.test());
  } catch (error) {
    if (!(error instanceof OpsError) || error.code === 'credentials') throw error;
  }
}
