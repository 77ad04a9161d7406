import { type DependencyKind, dependencyKinds } from '../../world/dependency-kinds.ts';
import type { Environment } from '../../world/environment.ts';

/** The systems for which the environment file has places of their own, as the table of independence names them. */
export const systemNames = [
  'cloudflare-api',
  'route53-api',
  'cloudfront-api',
  'sts-api',
  'slack',
  'status-page',
  'paging',
  'pagerduty-rest',
  'datadog',
] as const;

/** One of {@link systemNames}. */
export type SystemName = (typeof systemNames)[number];

/** The ids that do not depend on what an environment names. */
const fixedIds = [
  'node-version',
  'installation',
  'state-directory',
  'runbooks-local',
  'runbooks',
  'environment',
  'clock',
  'cloudflare-token',
  'cloudflare-zone',
  'cloudflare-load-balancers',
  'cloudflare-records',
  'aws-identity',
  'route53-record-sets',
  'cloudfront-distribution',
  'slack-identity',
  'slack-scopes',
  'status-page-key',
  'datadog-api-key',
  'datadog-monitors',
  'pagerduty-key',
  'pagerduty-services',
] as const;

/**
 * The id of a finding of `doctor`: stable, for scripts and acceptances. Without the slash that the ids of runbooks' checks
 * have, so that none of one is ever one of the other.
 */
export type FindingId =
  | (typeof fixedIds)[number]
  | `secret-${string}`
  | `independence-${string}`
  | `unnamed-${DependencyKind}`;

/** Every id that `doctor` may give a finding in this environment. */
export function findingIdsOf({ secrets, dependencies }: Pick<Environment, 'secrets' | 'dependencies'>): FindingId[] {
  return [
    ...fixedIds,
    ...Object.keys(secrets).map((name): FindingId => `secret-${name}`),
    ...[...systemNames, ...Object.keys(dependencies)].map((name): FindingId => `independence-${name}`),
    ...dependencyKinds.map((kind): FindingId => `unnamed-${kind}`),
  ];
}
