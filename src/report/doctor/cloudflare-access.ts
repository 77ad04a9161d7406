import { z } from 'zod';
import { readWithRetry } from '../../actions/cloudflare/call-cloudflare.ts';
import { listLoadBalancers } from '../../actions/cloudflare/load-balancer.ts';
import { listRecordsAt } from '../../actions/cloudflare/records-at-name.ts';
import { verifyToken } from '../../actions/cloudflare/verify-token.ts';
import { daysUntil, inDays, severityOfDays } from '../../actions/days-left.ts';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import { type Asked, ask, type Means, type ReadingContext, withoutAnswer } from './asking.ts';
import { type Finding, fine, trouble } from './finding.ts';
import type { FindingId } from './finding-ids.ts';

/** Cloudflare API, Verify Token (https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/). */
const verification = z.object({
  id: z.string().nullish(),
  status: z.string(),
  expires_on: z.string().nullish(),
  not_before: z.string().nullish(),
});

type Verification = z.output<typeof verification>;

/** A token that ends sooner than this is to be replaced now: nobody does so in the middle of an incident. */
const soonDays = 14;

const newToken =
  'make a token with Load Balancers Edit, DNS Edit and Zone Read on this zone, and put it where the environment file says';

/**
 * The Cloudflare token: whether it is alive and for how long, and whether it may read what the switch reads. Verification
 * alone says nothing of permissions, and reading nothing of writing: that shows only when something is written.
 */
export async function examineCloudflare(means: Means): Promise<Finding[]> {
  const { cloudflare, hostname } = means.env;
  if (cloudflare === undefined) return [];
  const zoneId = cloudflare['zone-id'];
  if (isPlaceholder(zoneId)) return [];
  const [token, zone, balancers, records] = await Promise.all([
    ask(means, readVerification),
    ask(means, (ctx) =>
      readWithRetry(ctx, 'read the zone', (client, options) => client.zones.get({ zone_id: zoneId }, options)),
    ),
    ask(means, (ctx) => listLoadBalancers(ctx, zoneId)),
    ask(means, (ctx) => listRecordsAt(ctx, zoneId, hostname)),
  ]);
  const readsSomething = [zone, balancers, records].some((asked) => 'answer' in asked);
  const status = judgeToken(token, readsSomething, means.clock.now());
  if (status.state === 'bad') return [status];
  const permission = (id: FindingId, asked: Asked<unknown>, what: string, name: string, breaks: string) =>
    'answer' in asked
      ? fine(id, `the token may read ${what}`)
      : withoutAnswer(id, asked, { breaks, remedy: `give the token the permission ${name} for this zone` });
  return [
    status,
    permission('cloudflare-zone', zone, 'the zone', 'Zone Read', 'the zone cannot be looked at before the switch'),
    permission(
      'cloudflare-load-balancers',
      balancers,
      'the zone’s load balancers',
      'Load Balancers Edit',
      'the load balancer cannot be disabled: the failover stops before it starts',
    ),
    permission(
      'cloudflare-records',
      records,
      `the records at ${hostname}`,
      'DNS Edit',
      'what would answer beneath the load balancer cannot be seen, and no record can be switched',
    ),
  ];
}

async function readVerification(ctx: ReadingContext): Promise<Verification> {
  const what = 'verify the token';
  const answer = await verifyToken(ctx);
  const parsed = verification.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new OpsError('failed', `${what}: the answer does not tell its status`, { hint: 'look in the dashboard' });
}

function judgeToken(token: Asked<Verification>, readsSomething: boolean, nowMs: number): Finding {
  const id = 'cloudflare-token';
  const breaks = 'nothing can be switched at Cloudflare: the failover stops before it starts';
  if (!('answer' in token)) {
    // A token that another account than the zone's owns fails verification, and may read all the same.
    if ('refused' in token && readsSomething) {
      return trouble(id, 'unknown', {
        found: 'the token reads, and cannot be verified: neither a user nor the zone’s account knows it',
        breaks: 'when it ends cannot be told',
        remedy: 'look at its end in the dashboard, under Manage Account, Account API Tokens',
      });
    }
    return withoutAnswer(id, token, { breaks, remedy: newToken });
  }
  const { id: tokenId, status, expires_on: expiresOn, not_before: notBefore } = token.answer;
  // The id is what the dashboard and its audit log know the token by, and no secret.
  const name = tokenId === null || tokenId === undefined ? 'the token' : `token ${boundedText(tokenId, 40)}`;
  const endsMs = Date.parse(expiresOn ?? '');
  const on = Number.isNaN(endsMs) ? '' : new Date(endsMs).toISOString().slice(0, 10);
  const days = daysUntil(expiresOn ?? '', nowMs);
  if (status !== 'active' || endsMs <= nowMs) {
    const since = on === '' ? '' : `; it ends on ${on}`;
    const found = `${name} is ${status === 'active' ? 'expired' : boundedText(status, 40)}${since}`;
    return trouble(id, 'bad', { found, breaks, remedy: newToken });
  }
  if (Date.parse(notBefore ?? '') > nowMs)
    return trouble(id, 'bad', { found: `${name} is good only from ${notBefore} on`, breaks, remedy: newToken });
  if (days !== null && days < soonDays) {
    const found = `${name} ends ${inDays(days)}, on ${on}`;
    return trouble(id, severityOfDays(days) === 'critical' ? 'bad' : 'warn', {
      found,
      breaks: `from ${on} on ${breaks}`,
      remedy: newToken,
    });
  }
  return fine(id, `${name} is active${on === '' ? ' and has no end' : ` until ${on}`}`);
}
