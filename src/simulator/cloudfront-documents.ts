import type {
  SimulatedBehavior,
  SimulatedDistribution,
  SimulatedFunction,
  SimulatedPolicy,
} from './cloudfront-state.ts';
import { tag } from './xml.ts';

/** When everything at the simulated CloudFront was changed last. */
const longAgo = '2025-01-15T09:00:00.000Z';
const account = '123456789012';

/** The children of `<Distribution>`, in the order of the API reference (GetDistribution). */
export function distributionXml(distribution: SimulatedDistribution): string {
  const { id, status, domain } = distribution;
  return (
    tag('Id', id) +
    tag('ARN', `arn:aws:cloudfront::${account}:distribution/${id}`) +
    tag('Status', status) +
    tag('LastModifiedTime', longAgo) +
    tag('InProgressInvalidationBatches', 0) +
    tag('DomainName', domain) +
    node('ActiveTrustedSigners', tag('Enabled', false), tag('Quantity', 0)) +
    node('ActiveTrustedKeyGroups', tag('Enabled', false), tag('Quantity', 0)) +
    node('DistributionConfig', distributionConfigXml(distribution))
  );
}

/** The children of `<DistributionConfig>`. */
export function distributionConfigXml(distribution: SimulatedDistribution): string {
  const { id, aliases, origins, behaviors, errorPages, enabled, webAcl, certificate, geoRestriction } = distribution;
  const [fallback, ...others] = behaviors.toReversed();
  return (
    tag('CallerReference', `simulated-${id}`) +
    node(
      'Aliases',
      counted('CNAME', aliases, (alias) => tag('CNAME', alias)),
    ) +
    tag('DefaultRootObject', '') +
    node(
      'Origins',
      counted('Origin', origins, (origin) => node('Origin', originXml(origin))),
    ) +
    node('OriginGroups', tag('Quantity', 0)) +
    (fallback === undefined ? '' : node('DefaultCacheBehavior', behaviorXml(fallback))) +
    node(
      'CacheBehaviors',
      counted('CacheBehavior', others.toReversed(), (behavior) =>
        node('CacheBehavior', tag('PathPattern', behavior.pathPattern), behaviorXml(behavior)),
      ),
    ) +
    node(
      'CustomErrorResponses',
      counted('CustomErrorResponse', errorPages, (status) =>
        node(
          'CustomErrorResponse',
          tag('ErrorCode', status),
          tag('ResponsePagePath', '/error.html'),
          tag('ResponseCode', String(status)),
          tag('ErrorCachingMinTTL', 10),
        ),
      ),
    ) +
    tag('Comment', 'standby') +
    node('Logging', tag('Enabled', false), tag('IncludeCookies', false), tag('Bucket', ''), tag('Prefix', '')) +
    tag('PriceClass', 'PriceClass_All') +
    tag('Enabled', enabled) +
    node('ViewerCertificate', certificateXml(certificate)) +
    node('Restrictions', node('GeoRestriction', tag('RestrictionType', geoRestriction), geoXml(geoRestriction))) +
    tag('WebACLId', webAcl?.arn ?? '') +
    tag('HttpVersion', 'http2') +
    tag('IsIPV6Enabled', true) +
    tag('ContinuousDeploymentPolicyId', '') +
    tag('Staging', false)
  );
}

function geoXml(restriction: SimulatedDistribution['geoRestriction']): string {
  const countries = restriction === 'none' ? [] : ['US'];
  return counted('Location', countries, (country) => tag('Location', country));
}

function certificateXml(certificate: SimulatedDistribution['certificate']): string {
  if (certificate === null) {
    return (
      tag('CloudFrontDefaultCertificate', true) +
      tag('MinimumProtocolVersion', 'TLSv1') +
      tag('CertificateSource', 'cloudfront')
    );
  }
  const arn = `arn:aws:acm:us-east-1:${account}:certificate/12345678-1234-1234-1234-123456789012`;
  return (
    tag('CloudFrontDefaultCertificate', false) +
    tag('ACMCertificateArn', arn) +
    tag('SSLSupportMethod', 'sni-only') +
    tag('MinimumProtocolVersion', 'TLSv1.2_2021') +
    tag('Certificate', arn) +
    tag('CertificateSource', 'acm')
  );
}

function originXml({ id, domain, readTimeout }: SimulatedDistribution['origins'][number]): string {
  return (
    tag('Id', id) +
    tag('DomainName', domain) +
    tag('OriginPath', '') +
    node('CustomHeaders', tag('Quantity', 0)) +
    node(
      'CustomOriginConfig',
      tag('HTTPPort', 80),
      tag('HTTPSPort', 443),
      tag('OriginProtocolPolicy', 'https-only'),
      node(
        'OriginSslProtocols',
        counted('SslProtocol', ['TLSv1.2'], (protocol) => tag('SslProtocol', protocol)),
      ),
      tag('OriginReadTimeout', readTimeout),
      tag('OriginKeepaliveTimeout', 5),
    ) +
    tag('ConnectionAttempts', 3) +
    tag('ConnectionTimeout', 10) +
    node('OriginShield', tag('Enabled', false)) +
    tag('OriginAccessControlId', '')
  );
}

function behaviorXml(behavior: SimulatedBehavior): string {
  const method = (name: string) => tag('Method', name);
  return (
    tag('TargetOriginId', behavior.targetOriginId) +
    node('TrustedSigners', tag('Enabled', false), tag('Quantity', 0)) +
    node('TrustedKeyGroups', tag('Enabled', false), tag('Quantity', 0)) +
    tag('ViewerProtocolPolicy', 'https-only') +
    node(
      'AllowedMethods',
      counted('Method', behavior.allowedMethods, method),
      node('CachedMethods', counted('Method', ['HEAD', 'GET'], method)),
    ) +
    tag('SmoothStreaming', false) +
    tag('Compress', false) +
    node('LambdaFunctionAssociations', tag('Quantity', 0)) +
    node(
      'FunctionAssociations',
      counted('FunctionAssociation', behavior.functions, ({ name, eventType }) =>
        node('FunctionAssociation', tag('FunctionARN', functionArn(name)), tag('EventType', eventType)),
      ),
    ) +
    tag('FieldLevelEncryptionId', '') +
    tag('CachePolicyId', behavior.cachePolicyId) +
    (behavior.originRequestPolicyId === null ? '' : tag('OriginRequestPolicyId', behavior.originRequestPolicyId))
  );
}

/** The children of `<CachePolicy>`. */
export function cachePolicyXml(policy: SimulatedPolicy): string {
  const { ttl } = policy;
  return (
    tag('Id', policy.id) +
    tag('LastModifiedTime', longAgo) +
    node(
      'CachePolicyConfig',
      tag('Comment', ''),
      tag('Name', policy.name),
      tag('DefaultTTL', ttl?.default),
      tag('MaxTTL', ttl?.max),
      tag('MinTTL', ttl?.min ?? 0),
      node(
        'ParametersInCacheKeyAndForwardedToOrigin',
        tag('EnableAcceptEncodingGzip', false),
        tag('EnableAcceptEncodingBrotli', false),
        includedXml(policy),
      ),
    )
  );
}

/** The children of `<OriginRequestPolicy>`. */
export function originRequestPolicyXml(policy: SimulatedPolicy): string {
  return (
    tag('Id', policy.id) +
    tag('LastModifiedTime', longAgo) +
    node('OriginRequestPolicyConfig', tag('Comment', ''), tag('Name', policy.name), includedXml(policy))
  );
}

function includedXml({ headers, cookies, queries }: SimulatedPolicy): string {
  return (
    includedNames({ of: 'Header', set: headers, all: 'allViewer' }) +
    includedNames({ of: 'Cookie', set: cookies, all: 'all' }) +
    includedNames({ of: 'QueryString', set: queries, all: 'all' })
  );
}

function includedNames(given: { of: string; set: SimulatedPolicy['headers']; all: string }): string {
  const { of, set, all } = given;
  const behavior = { none: 'none', listed: 'whitelist', 'all-except': 'allExcept', all }[set.include];
  const names =
    set.names.length === 0
      ? ''
      : node(
          `${of}s`,
          counted('Name', set.names, (name) => tag('Name', name)),
        );
  return node(`${of}sConfig`, tag(`${of}Behavior`, behavior), names);
}

/** The children of `<FunctionSummary>`, of one stage. */
export function functionSummaryXml({ name, runtime, live }: SimulatedFunction, stage: 'LIVE' | 'DEVELOPMENT'): string {
  return (
    tag('Name', name) +
    tag('Status', live === null ? 'UNPUBLISHED' : 'UNASSOCIATED') +
    node('FunctionConfig', tag('Comment', ''), tag('Runtime', runtime)) +
    node(
      'FunctionMetadata',
      tag('FunctionARN', functionArn(name)),
      tag('Stage', stage),
      tag('CreatedTime', longAgo),
      tag('LastModifiedTime', longAgo),
    )
  );
}

function functionArn(name: string): string {
  return `arn:aws:cloudfront::${account}:function/${name}`;
}

/** `Quantity`, and `Items` where there are any. */
export function counted<Item>(name: string, items: readonly Item[], write: (item: Item) => string): string {
  const written = items.map(write);
  if (written.some((text) => !text.startsWith(`<${name}>`))) throw new TypeError(`an item is no <${name}>`);
  return tag('Quantity', items.length) + (items.length === 0 ? '' : node('Items', ...written));
}

/** An element around others. */
export function node(name: string, ...children: string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}
