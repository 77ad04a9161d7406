import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import type { ActionContext } from '../action.ts';
import { type CallContext, readWithRetry } from './call-cloudflare.ts';

const zoneSchema = z.object({ account: z.object({ id: z.string().min(1) }) });

/**
 * Verifies the token as a user's, and, where no user has it, as one that the zone's account owns (Cloudflare API, Verify
 * Token, of users and of accounts). Answers the API's own word, unparsed. Throws what {@link readWithRetry} throws: of a
 * token that neither knows, what was said of it as a user's.
 */
export async function verifyToken(ctx: CallContext & Pick<ActionContext, 'env'>): Promise<unknown> {
  try {
    return await readWithRetry(ctx, 'verify the token', (client, options) => client.user.tokens.verify(options));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const account = await accountOf(ctx);
    if (account === undefined) throw error;
    return await verifyAsAccounts(ctx, account, error);
  }
}

async function verifyAsAccounts(ctx: CallContext, account: string, asUsers: unknown): Promise<unknown> {
  try {
    return await readWithRetry(ctx, 'verify the token of the account', (client, options) =>
      client.accounts.tokens.verify({ account_id: account }, options),
    );
  } catch (error) {
    throw isRefusal(error) ? asUsers : error;
  }
}

/** The zone's account; undefined where the environment names no zone yet, or it cannot be read: then nobody knows better. */
async function accountOf(ctx: CallContext & Pick<ActionContext, 'env'>): Promise<string | undefined> {
  const zoneId = ctx.env.cloudflare?.['zone-id'];
  if (zoneId === undefined || isPlaceholder(zoneId)) return undefined;
  try {
    const zone: unknown = await readWithRetry(ctx, 'read the zone’s account', (client, options) =>
      client.zones.get({ zone_id: zoneId }, options),
    );
    return zoneSchema.safeParse(zone).data?.account.id;
  } catch (error) {
    if (error instanceof OpsError && !ctx.signal.aborted) return undefined;
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof OpsError && (error.code === 'credentials' || error.code === 'refused');
}
