import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import type { ActionContext } from '../action.ts';
import { type CloudflareIds, listLoadBalancers, readLoadBalancer } from './load-balancer.ts';
import { listRecordsAt } from './records-at-name.ts';
import { verifyToken } from './verify-token.ts';

const verification = z.object({ status: z.string() });

/**
 * Throws `credentials` when Cloudflare refuses the token: it is disabled or expired, or it may not read what the action
 * reads (verification alone says nothing about permissions). `readOnce` answers false where there is nothing to read
 * with yet. Any other trouble is no finding.
 */
export async function verifyCredentials(
  ctx: ActionContext,
  readOnce: (ctx: ActionContext) => Promise<boolean>,
): Promise<void> {
  const [token, reading] = await Promise.allSettled([readTokenStatus(ctx), readOnce(ctx)]);
  if (token.status === 'fulfilled' && token.value !== undefined && token.value !== 'active') {
    throw new OpsError('credentials', `the Cloudflare token is ${boundedText(token.value, 40)}`, {
      hint: 'make a new token, and set the process variable that the environment file names',
    });
  }
  if (reading.status === 'rejected' && refusesCredentials(reading.reason)) {
    throw new OpsError('credentials', reading.reason.message, {
      hint: 'the token needs, for this zone: DNS and Load Balancers, Write for what it switches and Read for the other; check also its address filter',
      cause: reading.reason,
    });
  }
  // A token that another account owns fails verification, and may read all the same: then the reading counts.
  const reads = reading.status === 'fulfilled' && reading.value;
  if (token.status === 'rejected' && refusesCredentials(token.reason) && !reads) throw token.reason;
  for (const outcome of [token, reading]) {
    if (outcome.status === 'rejected' && !(outcome.reason instanceof OpsError)) throw outcome.reason;
  }
}

async function readTokenStatus(ctx: ActionContext): Promise<string | undefined> {
  const answer = await verifyToken(ctx);
  const parsed = verification.safeParse(answer);
  return parsed.success ? parsed.data.status : undefined;
}

/** Reads the hostname's load balancer; false where its ids are not filled in yet, which the plan tells. */
export async function readsLoadBalancer(ctx: ActionContext): Promise<boolean> {
  const { cloudflare } = ctx.env;
  if (cloudflare === undefined) return false;
  const ids: CloudflareIds = { zoneId: cloudflare['zone-id'], loadBalancerId: cloudflare['load-balancer-id'] };
  if (isPlaceholder(ids.zoneId) || isPlaceholder(ids.loadBalancerId ?? '')) return false;
  await readLoadBalancer(ctx, ids, ctx.env.hostname);
  return true;
}

/** Reads the hostname's records and the zone's load balancers; false where the zone's id is not filled in yet. */
export async function readsRecords(ctx: ActionContext): Promise<boolean> {
  const zoneId = ctx.env.cloudflare?.['zone-id'];
  if (zoneId === undefined || isPlaceholder(zoneId)) return false;
  await Promise.all([listRecordsAt(ctx, zoneId, ctx.env.hostname), listLoadBalancers(ctx, zoneId)]);
  return true;
}

function refusesCredentials(reason: unknown): reason is OpsError {
  return reason instanceof OpsError && reason.code === 'credentials';
}
