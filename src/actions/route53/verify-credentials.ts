import { OpsError } from '../../errors.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import type { ActionContext } from '../action.ts';
import { readHostedZone } from './hosted-zone.ts';
import { listSetsAt } from './list-record-sets.ts';

/**
 * Throws `credentials` when AWS refuses the key, or the key may not read the zone and its record sets. Whether it may
 * change them shows only when it does. Any other trouble is no finding.
 */
export async function verifyCredentials(ctx: ActionContext): Promise<void> {
  const zoneId = ctx.env.aws?.['hosted-zone-id'];
  if (zoneId === undefined || isPlaceholder(zoneId)) return;
  const { hostname } = ctx.env;
  for (const outcome of await Promise.allSettled([
    readHostedZone(ctx, zoneId, hostname),
    listSetsAt(ctx, zoneId, hostname),
  ])) {
    if (outcome.status === 'fulfilled') continue;
    const { reason } = outcome;
    if (!(reason instanceof OpsError)) throw reason;
    if (reason.code !== 'credentials') continue;
    throw new OpsError('credentials', reason.message, {
      hint:
        'the key needs, for this zone: route53:GetHostedZone, route53:ListResourceRecordSets, route53:ListResourceRecordSetProtections, ' +
        'route53:ChangeResourceRecordSets, and route53:GetChange; check also this machine’s clock',
      cause: reason,
    });
  }
}
