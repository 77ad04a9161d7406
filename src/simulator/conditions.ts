import { staged } from './change-cloudfront.ts';
import type { SimulatedPolicy } from './cloudfront-state.ts';
import { makeAlertsResolveEarly } from './seed-alerting.ts';
import type { SimulatedWorld } from './state.ts';

/** What can be wrong before anyone needs it, with the standby, the alerting, or what a failover needs, by the name that scenarios give it. */
export const conditions = {
  'alias-missing': 'the hostname is not attached to the distribution: 403 to everyone',
  'authorization-stripped': 'the origin request policy forwards no Authorization',
  'function-drift': 'the LIVE function sends batches to the Email API, unlike the reviewed code',
  'certificate-expiring': 'the certificate for the hostname has two days left',
  'waf-large-body': 'AWS WAF refuses bodies over 8 KB',
  'origin-timeout-short': 'the distribution gives an origin five seconds to answer',
  'slack-behind-provider': 'Slack is behind the same edge, and falls with it',
  'token-expired': 'the Cloudflare token has come to its end',
  'token-ends-soon': 'the Cloudflare token ends in five days',
  'token-without-scope': 'the Cloudflare token may read the zone and its records, and no load balancer',
  'token-read-only': 'the Cloudflare token may read everything, and change nothing',
  'token-account-owned': 'the Cloudflare token is owned by the account, not by a user, and ends in five days',
  'aws-key-read-only': 'the AWS key may read everything, and change nothing',
  'alerts-resolve-early': 'missing data resolves the monitors, and services resolve incidents before they escalate',
} as const;

/** One of {@link conditions}. */
export type Condition = keyof typeof conditions;

const daysLeft = 2;
/** The size limit of AWS's common rule set (AWS WAF docs, baseline managed rule groups: SizeRestrictions_BODY). */
const commonRuleSetBytes = 8_192;

/** A policy that lists what an API needs, and forgets one header. */
const withoutAuthorization: SimulatedPolicy = {
  id: '5b0c2f34-7d1c-4f7a-9a53-2f6d1f1c9e10',
  name: 'api-headers',
  headers: { include: 'listed', names: ['host', 'user-agent', 'content-type', 'idempotency-key', 'accept'] },
  queries: { include: 'all', names: [] },
  cookies: { include: 'none', names: [] },
  ttl: null,
};

/** Brings a condition about, as somebody with the console, or the passing of time, would. */
export function bringAbout(world: SimulatedWorld, condition: Condition): void {
  const { distribution } = world;
  switch (condition) {
    case 'alias-missing':
      distribution.aliases = distribution.aliases.filter((alias) => alias !== world.hostname);
      return;
    case 'authorization-stripped':
      world.originRequestPolicies.push(withoutAuthorization);
      for (const behavior of distribution.behaviors) behavior.originRequestPolicyId = withoutAuthorization.id;
      return;
    case 'function-drift':
      for (const router of world.functions) {
        if (router.live !== null) router.live = staged(drifted(router.live.code));
      }
      return;
    case 'certificate-expiring':
      if (distribution.certificate !== null)
        distribution.certificate = { ...distribution.certificate, daysValid: daysLeft };
      return;
    case 'waf-large-body':
      distribution.webAcl = {
        arn: 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/standby/5b0c2f34',
        maxBodyBytes: commonRuleSetBytes,
      };
      return;
    case 'slack-behind-provider':
      world.slackBehindProvider = true;
      return;
    case 'token-expired':
      world.cloudflareToken = 'expired';
      return;
    case 'token-ends-soon':
      world.cloudflareToken = 'ends-soon';
      return;
    case 'token-without-scope':
      world.cloudflareToken = 'without-load-balancers';
      return;
    case 'token-read-only':
      world.cloudflareToken = 'read-only';
      return;
    case 'token-account-owned':
      world.cloudflareToken = 'account-owned';
      return;
    case 'aws-key-read-only':
      world.awsKey = 'read-only';
      return;
    case 'origin-timeout-short':
      for (const origin of distribution.origins) origin.readTimeout = 5;
      return;
    case 'alerts-resolve-early':
      makeAlertsResolveEarly(world);
  }
}

/** The code as after a hasty edit: the test for the path is looser than it was. */
function drifted(code: string): string {
  return code.replace(
    /(request\.method === 'POST' && )[^;]*;/,
    "$1request.uri.startsWith('/emails'); // so that batches are fast, too",
  );
}
