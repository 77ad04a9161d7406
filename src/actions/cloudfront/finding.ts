import type { Found } from '../finding.ts';

/** Every finding that `cloudfront.inspect` can give. */
export const inspectFindingIds = [
  'cloudfront/alias-elsewhere',
  'cloudfront/alias-missing',
  'cloudfront/alias-not-looked-up',
  'cloudfront/alias-overlap',
  'cloudfront/authorization-stripped',
  'cloudfront/caching-on',
  'cloudfront/certificate-expiring',
  'cloudfront/certificate-invalid',
  'cloudfront/client-certificate-required',
  'cloudfront/distribution-disabled',
  'cloudfront/distribution-not-deployed',
  'cloudfront/distribution-staging',
  'cloudfront/edge-unreachable',
  'cloudfront/error-pages',
  'cloudfront/function-drift',
  'cloudfront/function-not-associated',
  'cloudfront/function-not-live',
  'cloudfront/function-not-pinned',
  'cloudfront/function-runtime',
  'cloudfront/function-unpublished-changes',
  'cloudfront/geo-restricted',
  'cloudfront/header-stripped',
  'cloudfront/host-replaced',
  'cloudfront/idempotency-key-stripped',
  'cloudfront/lambda-associated',
  'cloudfront/methods-partial',
  'cloudfront/methods-refused',
  'cloudfront/origin-timeout-short',
  'cloudfront/query-stripped',
  'cloudfront/signed-urls-required',
  'cloudfront/user-agent-replaced',
  'cloudfront/waf-attached',
] as const;

/** Something about the standby that customers would feel. */
export type InspectFinding = Found<(typeof inspectFindingIds)[number]>;
