import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fingerprinted } from '../../../src/actions/acceptance.ts';
import { cloudFrontInspect } from '../../../src/actions/cloudfront/inspect.ts';
import type { Finding } from '../../../src/actions/finding.ts';
import { suiteSchema } from '../../../src/actions/http/suite.ts';
import { OpsError } from '../../../src/errors.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import { runCheck } from '../action-context.ts';
import { type Standby, startStandby } from './standby-world.ts';

type Output = {
  critical: number;
  warnings: number;
  infos: number;
  findings: Finding[];
  certificateDaysLeft: number | null;
};

const none = { include: 'none', names: [] };
const all = { include: 'all', names: [] };
const policyId = '11111111-2222-4333-8444-555555555555';

describe('cloudfront.inspect', () => {
  let standby: Standby;
  beforeAll(async () => {
    standby = await startStandby();
  });
  beforeEach(() => standby.reset());
  afterAll(() => standby.close());

  const inspect = async (more: Parameters<Standby['context']>[0] = {}, input: Record<string, string | number> = {}) => {
    const { output, summary } = await runCheck(
      cloudFrontInspect,
      { suite: 'critical-endpoints', ...input },
      standby.context(more),
    );
    for (const line of [...summary.detail, ...(summary.evidence ?? [])])
      expect(line.length, line).toBeLessThanOrEqual(64);
    const checked = cloudFrontInspect.output.parse(output) as Output;
    return {
      ...checked,
      summary,
      ids: checked.findings.map(({ id, severity, where }) => `${severity} ${id} ${where}`.trim()),
    };
  };

  test('a standby as it should be is silent', async () => {
    expect(await inspect()).toMatchObject({ ids: [], critical: 0, warnings: 0, infos: 0, certificateDaysLeft: 29 });
    expect((await inspect()).summary).toMatchObject({
      detail: [],
      headline: expect.stringMatching(/^nothing critical in E\w+, certificate for 29 days$/),
    });
  });

  const withBehavior = (more: object) => ({ distribution: { behaviors: [{ ...standby.behavior(), ...more }] } });
  const withPolicy = (policy: object) => ({
    policies: [{ id: policyId, name: 'own', headers: all, queries: all, cookies: all, ttl: null, ...policy }],
    ...withBehavior({ originRequestPolicyId: policyId }),
  });

  test.each<[string, () => object, string[]]>([
    ['disabled', () => ({ distribution: { enabled: false } }), ['critical cloudfront/distribution-disabled']],
    [
      'still deploying',
      () => ({ distribution: { status: 'InProgress' } }),
      ['warning cloudfront/distribution-not-deployed'],
    ],
    [
      'without the alias',
      () => ({ distribution: { aliases: ['other.example.com'] } }),
      ['critical cloudfront/alias-missing'],
    ],
    ['with a wildcard alias', () => ({ distribution: { aliases: ['*.example.com'] } }), []],
    [
      'whose name another distribution holds',
      () => ({
        distribution: {
          conflicts: [{ alias: 'api.example.com', distributionId: '*******ABCDEF7', accountId: '******210987' }],
        },
      }),
      ['critical cloudfront/alias-elsewhere'],
    ],
    [
      'beside a wildcard of another',
      () => ({
        distribution: {
          conflicts: [{ alias: '*.example.com', distributionId: '*******ABCDEF7', accountId: '******210987' }],
        },
      }),
      ['info cloudfront/alias-overlap'],
    ],
    [
      'whose certificate has run out',
      () => ({ distribution: { certificate: { names: ['api.example.com'], daysValid: -1 } } }),
      ['critical cloudfront/certificate-invalid'],
    ],
    [
      'whose certificate is for another name',
      () => ({ distribution: { certificate: { names: ['www.example.com'], daysValid: 30 } } }),
      ['critical cloudfront/certificate-invalid'],
    ],
    [
      'whose certificate ends soon',
      () => ({ distribution: { certificate: { names: ['api.example.com'], daysValid: 6 } } }),
      ['warning cloudfront/certificate-expiring'],
    ],
    [
      'whose certificate ends within days',
      () => ({ distribution: { certificate: { names: ['api.example.com'], daysValid: 2 } } }),
      ['critical cloudfront/certificate-expiring'],
    ],
    [
      'without a certificate of its own',
      () => ({ distribution: { certificate: null } }),
      ['critical cloudfront/certificate-invalid', 'warning cloudfront/alias-not-looked-up'],
    ],
    [
      'with AWS WAF',
      () => ({ distribution: { webAcl: { arn: 'arn:aws:wafv2:x', maxBodyBytes: 8192 } } }),
      ['warning cloudfront/waf-attached'],
    ],
    ['with error pages', () => ({ distribution: { errorPages: [403, 404] } }), ['critical cloudfront/error-pages']],
    [
      'for some countries only',
      () => ({ distribution: { geoRestriction: 'whitelist' } }),
      ['critical cloudfront/geo-restricted'],
    ],
    [
      'with a short origin timeout',
      () => ({
        distribution: { origins: standby.world.distribution.origins.map((one) => ({ ...one, readTimeout: 30 })) },
      }),
      ['warning cloudfront/origin-timeout-short email-api', 'warning cloudfront/origin-timeout-short resend-api'],
    ],
    [
      'that allows two methods',
      () => withBehavior({ allowedMethods: ['GET', 'HEAD'] }),
      ['critical cloudfront/methods-refused *', 'warning cloudfront/methods-partial *'],
    ],
    [
      'that allows all methods but one that is not sent',
      () => withBehavior({ allowedMethods: ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'] }),
      ['warning cloudfront/methods-partial *'],
    ],
    [
      'without an origin request policy',
      () => withBehavior({ originRequestPolicyId: null }),
      [
        'critical cloudfront/authorization-stripped *',
        'critical cloudfront/host-replaced *',
        'critical cloudfront/idempotency-key-stripped *',
        'critical cloudfront/query-stripped *',
        'warning cloudfront/user-agent-replaced *',
      ],
    ],
    [
      'that leaves out one header',
      () => withPolicy({ headers: { include: 'all-except', names: ['authorization'] } }),
      ['critical cloudfront/authorization-stripped *'],
    ],
    [
      'that replaces Host',
      () => withBehavior({ originRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac' }),
      ['critical cloudfront/host-replaced *'],
    ],
    ['that leaves out the query', () => withPolicy({ queries: none }), ['critical cloudfront/query-stripped *']],
    [
      'that caches',
      () => withBehavior({ cachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6' }),
      ['critical cloudfront/caching-on *'],
    ],
    [
      'that caches by key',
      () => ({
        policies: [
          {
            id: policyId,
            name: 'keyed',
            headers: { include: 'listed', names: ['authorization'] },
            queries: all,
            cookies: none,
            ttl: { min: 0, default: 0, max: 60 },
          },
        ],
        ...withBehavior({ cachePolicyId: policyId }),
      }),
      ['warning cloudfront/caching-on *'],
    ],
    ['without a function', () => withBehavior({ functions: [] }), ['critical cloudfront/function-not-associated *']],
    [
      'whose function runs on the answer',
      () => withBehavior({ functions: [{ name: 'edge-router', eventType: 'viewer-response' }] }),
      ['critical cloudfront/function-not-associated *'],
    ],
    [
      'where another function runs',
      () => withBehavior({ functions: [{ name: 'redirects', eventType: 'viewer-request' }] }),
      ['critical cloudfront/function-not-associated *'],
    ],
    [
      'whose function was never published',
      () => ({ function: { live: null } }),
      ['critical cloudfront/function-not-live edge-router'],
    ],
    [
      'whose function runs in the old runtime',
      () => ({ function: { runtime: 'cloudfront-js-1.0' } }),
      ['critical cloudfront/function-runtime edge-router'],
    ],
    [
      'whose LIVE code has drifted',
      () => ({ function: { live: 'function handler(event) { return event.request; }' } }),
      ['critical cloudfront/function-drift edge-router', 'warning cloudfront/function-unpublished-changes edge-router'],
    ],
    [
      'with a draft of its function',
      () => ({ function: { development: '// draft' } }),
      ['warning cloudfront/function-unpublished-changes edge-router'],
    ],
  ])('a distribution %s', async (_what, changed, expected) => {
    standby.change(changed());
    const { ids, critical, warnings, findings, summary } = await inspect();
    expect(ids).toEqual(expected);
    expect(critical).toBe(expected.filter((id) => id.startsWith('critical')).length);
    expect(warnings).toBe(expected.filter((id) => id.startsWith('warning')).length);
    for (const { id, breaks, remedy, seen } of findings) {
      expect(seen !== undefined, id).toBe(fingerprinted.has(id));
      expect([breaks, remedy].join(''), id).not.toMatch(/undefined|NaN/);
      expect(summary.detail.join('\n')).toContain(id);
    }
  });

  test.each([
    [
      'AWS WAF',
      'cloudfront/waf-attached',
      () => ({ distribution: { webAcl: { arn: 'arn:aws:wafv2:x', maxBodyBytes: 8192 } } }),
      () => ({ distribution: { webAcl: { arn: 'arn:aws:wafv2:y', maxBodyBytes: 8192 } } }),
    ],
    [
      'a missing alias',
      'cloudfront/alias-missing',
      () => ({ distribution: { aliases: ['www.example.com'] } }),
      () => ({ distribution: { aliases: ['www.example.com', 'smtp.example.com'] } }),
    ],
    [
      'a policy',
      'cloudfront/authorization-stripped',
      () => withPolicy({ headers: { include: 'all-except', names: ['authorization', 'x-a'] } }),
      () => withPolicy({ headers: { include: 'all-except', names: ['authorization', 'x-b'] } }),
    ],
  ])('an acceptance of %s holds for what was seen, and for no other', async (_what, id, first, second) => {
    const found = async (seen?: string) => {
      const accepted = [{ id, reason: 'known', until: '2099-01-01', ...(seen === undefined ? {} : { seen }) }];
      const made = standby.context();
      const ctx = { ...made, env: { ...made.env, 'accepted-findings': accepted } };
      const { output, summary } = await runCheck(cloudFrontInspect, { suite: 'critical-endpoints' }, ctx);
      const { findings } = cloudFrontInspect.output.parse(output) as Output;
      return { finding: findings.find((one) => one.id === id), detail: summary.detail.join('\n') };
    };
    standby.change(first());
    const { finding, detail } = await found();
    const seen = finding?.seen ?? 'none';
    expect(finding).toMatchObject({ seen: expect.stringMatching(/^[0-9a-f]{12}$/), acceptance: { lapsed: 'changed' } });
    expect(detail).toContain(`seen: ${seen}`);
    expect((await found(seen)).finding?.acceptance).toMatchObject({ lapsed: null });
    standby.change(second());
    expect((await found(seen)).finding?.acceptance).toMatchObject({ lapsed: 'changed' });
  });

  test('a behavior that no request of the suite uses is a warning at most', async () => {
    const unused = { ...standby.behavior(), pathPattern: '/legacy/*', functions: [], allowedMethods: ['GET', 'HEAD'] };
    standby.change({ distribution: { behaviors: [unused, standby.behavior()] } });
    expect((await inspect()).ids).toEqual([
      'warning cloudfront/methods-partial /legacy/*',
      'warning cloudfront/function-not-associated /legacy/*',
    ]);
    const used = { ...unused, pathPattern: '/emails*' };
    standby.change({ distribution: { behaviors: [used, standby.behavior()] } });
    expect((await inspect()).ids).toEqual([
      'critical cloudfront/methods-refused /emails*',
      'critical cloudfront/function-not-associated /emails*',
      'warning cloudfront/methods-partial /emails*',
    ]);
  });

  test('a header that the suite sends besides is needed as well', async () => {
    const suite = suiteSchema.parse({
      title: 'Tenants',
      requests: [{ id: 'one', method: 'GET', path: '/domains', headers: { 'x-tenant': 'a' }, expect: { status: 200 } }],
    });
    standby.change(withPolicy({ headers: { include: 'all-except', names: ['x-tenant'] } }));
    expect((await inspect({ suite })).ids).toEqual(['warning cloudfront/header-stripped *']);
  });

  test('without a reviewed hash it says what it cannot tell', async () => {
    expect((await inspect({ sha256: null })).ids).toEqual(['info cloudfront/function-not-pinned edge-router']);
  });

  test('an edge that cannot be reached', async () => {
    setFault(standby.world, 'fallback', { kind: 'refuse' }, 0);
    expect((await inspect()).ids).toEqual([
      expect.stringMatching(/^critical cloudfront\/(edge-unreachable|certificate-invalid)$/),
    ]);
  });

  test('how many days are too few is an input', async () => {
    expect((await inspect({}, { 'certificate-days': 60 })).ids).toEqual(['warning cloudfront/certificate-expiring']);
  });

  test('an API that is down ends it, and an unknown distribution is refused', async () => {
    setFault(standby.world, 'aws-api', { kind: 'status', status: 503 }, 0);
    await expect(inspect()).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('HTTP 503') });
    standby.reset();
    const context = standby.context();
    const other = { ...context, env: { ...context.env, aws: { 'distribution-id': 'EOTHER0000000' } } };
    await expect(runCheck(cloudFrontInspect, { suite: 's' }, other)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('NoSuchDistribution'),
    });
    for (const aws of [undefined, { 'distribution-id': 'PLACEHOLDER-distribution' }]) {
      const { aws: _aws, ...env } = context.env;
      const unfilled = { ...context, env: aws === undefined ? env : { ...env, aws } };
      const failure: unknown = await runCheck(cloudFrontInspect, { suite: 's' }, unfilled).catch(
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(OpsError);
      expect(failure).toMatchObject({ code: 'invalid', message: expect.stringContaining('distribution-id') });
    }
    await expect(runCheck(cloudFrontInspect, { suite: 's', route: 'edge' }, context)).rejects.toMatchObject({
      code: 'invalid',
    });
  });
});
