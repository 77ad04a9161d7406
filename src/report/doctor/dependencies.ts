import { awsSecrets } from '../../world/aws.ts';
import { cloudflareApi } from '../../world/cloudflare.ts';
import { cloudFrontApi } from '../../world/cloudfront.ts';
import { datadogApi } from '../../world/datadog.ts';
import type { Environment } from '../../world/environment.ts';
import { pagerDutyApis } from '../../world/pagerduty.ts';
import { pagerDutyRestApis, pagerDutyRestSecret } from '../../world/pagerduty-rest.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import { route53Api } from '../../world/route53.ts';
import { slackApi } from '../../world/slack.ts';
import { statusPageApis } from '../../world/statuspage.ts';
import { stsApi } from '../../world/sts.ts';
import type { SystemName } from './finding-ids.ts';

/** Without it: there is no switch, or nobody is told, or a check is missing, or no machine can be set up. In this order of weight. */
export const needs = ['switch', 'telling', 'checks', 'setup'] as const;

/** One of {@link needs}. */
export type Need = (typeof needs)[number];

/** Something outside this machine that an incident needs. */
export type Dependency = {
  name: string;
  /** The name whose addresses count: the system's own, also where the environment file leads elsewhere. */
  host: string;
  /** What is asked. */
  url: URL;
  need: Need;
  /** It is the provider's own: there is no having it elsewhere. */
  isTheProviders: boolean;
};

/**
 * Everything that the environment says an incident needs: the systems it names, then its own `dependencies`, without
 * those that are not filled in.
 */
export function listDependencies(env: Environment): Dependency[] {
  const { aws, cloudflare, datadog, endpoints, secrets, slack, statuspage, pagerduty } = env;
  const switchesAtRoute53 = aws?.['hosted-zone-id'] !== undefined;
  const found: Dependency[] = [];
  const add = (name: SystemName, api: string, endpoint: string | undefined, need: Need) => {
    const url = new URL('/', endpoint ?? api);
    found.push({ name, host: new URL(api).hostname, url, need, isTheProviders: name === 'cloudflare-api' });
  };
  if (cloudflare !== undefined)
    add('cloudflare-api', cloudflareApi, endpoints.cloudflare, switchesAtRoute53 ? 'checks' : 'switch');
  if (switchesAtRoute53) add('route53-api', route53Api, endpoints.aws, 'switch');
  if (aws?.['distribution-id'] !== undefined) add('cloudfront-api', cloudFrontApi, endpoints.aws, 'checks');
  if (secrets[awsSecrets.accessKeyId] !== undefined) add('sts-api', stsApi, endpoints.aws, 'checks');
  if (slack !== undefined || secrets.slack !== undefined) add('slack', slackApi, endpoints.slack, 'telling');
  if (statuspage !== undefined)
    add('status-page', statusPageApis[statuspage.provider], endpoints.statuspage, 'telling');
  if (pagerduty !== undefined)
    add('paging', pagerDutyApis[pagerduty['service-region']], endpoints.pagerduty, 'telling');
  if (pagerduty !== undefined && secrets[pagerDutyRestSecret] !== undefined)
    add('pagerduty-rest', pagerDutyRestApis[pagerduty['service-region']], endpoints['pagerduty-rest'], 'checks');
  if (datadog !== undefined) add('datadog', datadogApi(datadog.site), endpoints.datadog, 'checks');
  for (const [name, { url, endpoint, 'needed-for': need }] of Object.entries(env.dependencies)) {
    if (isPlaceholder(url)) continue;
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    found.push({ name, host, url: new URL(endpoint ?? url), need, isTheProviders: false });
  }
  return found;
}
